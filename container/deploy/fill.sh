# shellcheck shell=bash
# Templates: JSON with markers, filled from an associative array; sourced, not run. Needs die, and the array setting.
#   ${NAME}        in a string: the value, escaped as JSON asks
#   "#{NAME}"      a whole value: a number, true or false, without the quotes
#   "@{NAME}"      a whole value: the JSON file whose path is the value; its own ${…} are filled as well
# Values are never read as markers or as commands.

# A value inside a JSON string.
escaped() {
  local text=$1
  if [[ $text == *[$'\001'-$'\037']* ]]; then
    die "a value holds a control character: $(printf %q "$text")"
  fi
  text=${text//\\/\\\\}
  printf '%s' "${text//\"/\\\"}"
}

marked() {
  local mark=$1 name=$2 file=$3 value
  [ -n "${setting[$name]:-}" ] || die "$file: nothing is known of $name"
  value=${setting[$name]}
  case $mark in
    '$') escaped "$value" ;;
    '#')
      [[ $value =~ ^(true|false|0|[1-9][0-9]*)$ ]] || die "$name: \"$value\" is neither a whole number nor true or false"
      printf '%s' "$value"
      ;;
    '@')
      [ -f "$value" ] || die "$file: $name: there is no file $value"
      fill "$value" inner
      ;;
  esac
}

# The filled template on stdout. fill FILE [inner], inner: included by another, and includes no further.
fill() {
  local file=$1 inner=${2:-} rest filled='' whole mark name value indent
  local markers='"([#@])\{([A-Z_]+)\}"|(\$)\{([A-Z_]+)\}'
  rest=$(<"$file")
  while [[ $rest =~ $markers ]]; do
    whole=${BASH_REMATCH[0]}
    mark=${BASH_REMATCH[1]}${BASH_REMATCH[3]}
    name=${BASH_REMATCH[2]}${BASH_REMATCH[4]}
    if [ "$mark" = @ ] && [ -n "$inner" ]; then
      die "$file: $whole: an included file includes no other"
    fi
    value=$(marked "$mark" "$name" "$file") || exit 1
    filled+=${rest%%"$whole"*}
    indent=${filled##*$'\n'}
    indent=${indent%%[^ ]*}
    filled+=${value//$'\n'/$'\n'"$indent"}
    rest=${rest#*"$whole"}
  done
  printf '%s\n' "$filled$rest"
}
