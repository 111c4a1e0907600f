# The one list of language, warning and sanitizer flags, as an interface target that every target of ours links.
add_library(tml_flags INTERFACE)
target_compile_features(tml_flags INTERFACE c_std_17)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
target_compile_definitions(tml_flags INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(tml_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef
  -Wcast-qual
  $<$<BOOL:${TML_WERROR}>:-Werror>)
if(TML_SANITIZE)
  string(REPLACE ";" "," TML_SANITIZE_LIST "${TML_SANITIZE}")
  target_compile_options(tml_flags INTERFACE -fsanitize=${TML_SANITIZE_LIST} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  string(REPLACE "fuzzer-no-link" "" TML_SANITIZE_LINK "${TML_SANITIZE_LIST}")
  string(REGEX REPLACE ",+$" "" TML_SANITIZE_LINK "${TML_SANITIZE_LINK}")
  target_link_options(tml_flags INTERFACE -fsanitize=${TML_SANITIZE_LINK})
endif()
if(TML_COVERAGE)
  target_compile_options(tml_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(tml_flags INTERFACE --coverage)
endif()
# Sections of what a program does not call are dropped: serve carries no training code.
target_compile_options(tml_flags INTERFACE -ffunction-sections -fdata-sections)
target_link_options(tml_flags INTERFACE -Wl,--gc-sections -Wl,--as-needed)
