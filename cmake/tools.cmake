# What people and tests/run.sh run by name: format, format-check, lint, soak, fuzz-smoke (bench: tests/bench/CMakeLists.txt).
# Only for textml itself, not where it is a part of another project.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
set(tests ${PROJECT_SOURCE_DIR}/tests)

add_custom_target(format COMMAND ${tests}/lint/check_format.sh --fix VERBATIM)
add_custom_target(format-check COMMAND ${tests}/lint/check_format.sh VERBATIM)
add_custom_target(lint COMMAND ${tests}/lint/lint.sh ${CMAKE_BINARY_DIR} USES_TERMINAL VERBATIM)
add_dependencies(lint tml_recipes tml_report_style tml_record) # headers that the sources include
if(TARGET tml_serve_data)
  add_dependencies(lint tml_serve_data)
endif()

# A minute of everything at once, in any tree (best: asan and tsan); every run of the tests has a short form of it.
if(TML_BUILD_PROGRAMS AND NOT TML_BUILD_FUZZ)
  add_custom_target(soak
    COMMAND ${CMAKE_COMMAND} -E env SOAK_SECONDS=60 ${CMAKE_CTEST_COMMAND} -R contract.test_serve_soak --verbose
    USES_TERMINAL VERBATIM)
endif()

# A minute each, in a tree that has the fuzzers; the same cases take seconds each in `ctest --preset fuzz`.
if(TML_BUILD_FUZZ)
  add_custom_target(fuzz-smoke
    COMMAND ${CMAKE_COMMAND} -E env FUZZ_SECONDS=60 ${CMAKE_CTEST_COMMAND} -L fuzzing -j 2 --output-on-failure
    USES_TERMINAL VERBATIM)
  get_property(fuzzers GLOBAL PROPERTY TML_FUZZERS)
  add_dependencies(fuzz-smoke ${fuzzers})
else()
  add_custom_target(fuzz-smoke
    COMMAND ${CMAKE_COMMAND} -E echo "This tree has no fuzzers: cmake --preset fuzz && cmake --build build/fuzz -t fuzz-smoke"
    COMMAND ${CMAKE_COMMAND} -E false VERBATIM)
endif()
