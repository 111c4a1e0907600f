# Turns data/recipes/*.yaml into a header with their names and bytes: cmake -DOUT=… -DFILES=a;b -P embed.cmake
cmake_minimum_required(VERSION 3.25)
set(arrays "")
set(names "")
set(texts "")
foreach(path IN LISTS FILES)
  get_filename_component(name ${path} NAME_WE)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
  string(APPEND arrays "static const unsigned char recipe_${name}[] = {\n${bytes}0};\n")
  string(APPEND names "    \"${name}\",\n")
  string(APPEND texts "    {(const char *)recipe_${name}, sizeof(recipe_${name}) - 1},\n")
endforeach()
file(WRITE ${OUT} "/* Made by cmake/embed.cmake from data/recipes; not edited. */
${arrays}static const char *const embedded_names[] = {
${names}};
static const tml_str embedded_texts[] = {
${texts}};
")
