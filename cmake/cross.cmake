# Compiles for another processor, with Debian's cross compiler and the libraries of its foreign architecture:
#   dpkg --add-architecture arm64, then gcc-aarch64-linux-gnu and libopenblas-dev:arm64, libcjson-dev:arm64, … (local_test/packages.sh)
#   cmake --preset release --toolchain cmake/cross.cmake -DTML_PROCESSOR=aarch64
# ctest runs the tests through QEMU (qemu-user-static) where it is installed.
if(NOT TML_PROCESSOR)
  message(FATAL_ERROR "cmake/cross.cmake does not know for which processor: add -DTML_PROCESSOR=aarch64 (or x86_64)")
endif()
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${TML_PROCESSOR})
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TML_PROCESSOR)
set(CMAKE_C_COMPILER ${TML_PROCESSOR}-linux-gnu-gcc)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${TML_PROCESSOR}-linux-gnu/pkgconfig:/usr/share/pkgconfig)
find_program(TML_EMULATOR qemu-${TML_PROCESSOR}-static)
if(TML_EMULATOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${TML_EMULATOR})
endif()
