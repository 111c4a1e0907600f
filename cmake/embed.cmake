# Turns files into a header with their bytes: cmake -DOUT=… -DFILES=a;b -DPREFIX=recipe [-DTABLE=ON] -P embed.cmake
# Each becomes the array PREFIX_NAME, with a NUL behind it; TABLE adds embedded_names and embedded_texts.
cmake_minimum_required(VERSION 3.25)
set(arrays "")
set(names "")
set(texts "")
foreach(path IN LISTS FILES)
  get_filename_component(name ${path} NAME_WE)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
  string(APPEND arrays "static const unsigned char ${PREFIX}_${name}[] = {\n${bytes}0};\n")
  string(APPEND names "    \"${name}\",\n")
  string(APPEND texts "    {(const char *)${PREFIX}_${name}, sizeof(${PREFIX}_${name}) - 1},\n")
endforeach()
set(table "")
if(TABLE)
  set(table "static const char *const embedded_names[] = {
${names}};
static const tml_str embedded_texts[] = {
${texts}};
")
endif()
file(WRITE ${OUT} "/* Made by cmake/embed.cmake from files of data; not edited. */
${arrays}${table}")
