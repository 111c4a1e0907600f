# What `cmake --install` lays down: headers, library, CMake package, textml.pc, programs, recipes.
include(CMakePackageConfigHelpers)

# The headers name the version; a release that changes one place only stops here.
file(STRINGS ${TML_LIB_DIR}/include/textml/version.h version_line REGEX "define TML_VERSION ")
if(NOT version_line STREQUAL "#define TML_VERSION \"${PROJECT_VERSION}\"")
  message(FATAL_ERROR "textml/version.h and project(VERSION ${PROJECT_VERSION}) disagree: ${version_line}")
endif()

install(TARGETS textml EXPORT textml-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${TML_LIB_DIR}/include/textml DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/data/recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/textml)
if(TML_BUILD_PROGRAMS)
  install(TARGETS train serve RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# The modules that a static library drags along, as they stand in deps.cmake: PkgConfig::<name> for <module>.
get_property(uses GLOBAL PROPERTY TML_USES)
# What has no pkg-config file stands among them by its library's name.
set(libraries ${uses})
list(FILTER libraries EXCLUDE REGEX "^PkgConfig::")
list(TRANSFORM libraries PREPEND "-l")
list(JOIN libraries " " libraries)
list(FILTER uses INCLUDE REGEX "^PkgConfig::")
list(TRANSFORM uses REPLACE "PkgConfig::" "")
set(TML_CONFIG_MODULES "")
set(modules "")
foreach(name IN LISTS uses)
  list(APPEND modules ${${name}_MODULE_NAME})
  if(NOT BUILD_SHARED_LIBS)
    list(APPEND TML_CONFIG_MODULES ${name}=${${name}_MODULE_NAME})
  endif()
endforeach()
list(JOIN modules " " modules)
# A static library's users link what it needs, but not what that needs in turn, which --static would add.
set(TML_PC_DEPENDENCIES "Requires: ${modules}\nLibs: -L\${libdir} -ltextml ${libraries} -lm -pthread")
if(BUILD_SHARED_LIBS)
  set(TML_PC_DEPENDENCIES "Libs: -L\${libdir} -ltextml\nLibs.private: ${libraries} -lm -pthread\nRequires.private: ${modules}")
endif()

set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/textml)
install(EXPORT textml-targets NAMESPACE textml:: DESTINATION ${cmake_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/textml-config.cmake.in textml-config.cmake
                              INSTALL_DESTINATION ${cmake_dir})
# Before 1.0 a minor version may break callers.
write_basic_package_version_file(textml-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/textml-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/textml-config-version.cmake
        DESTINATION ${cmake_dir})

# Relative to where textml.pc lies, so that the installed tree may be moved.
file(RELATIVE_PATH TML_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" TML_PC_TO_PREFIX "${TML_PC_TO_PREFIX}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/textml.pc.in textml.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/textml.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
