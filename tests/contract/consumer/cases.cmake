# The installed tree from outside: a consumer finds it through CMake and through pkg-config.
set(here ${CMAKE_CURRENT_LIST_DIR})
set(prefix ${CMAKE_BINARY_DIR}/installed)
add_test(NAME contract.install COMMAND ${CMAKE_COMMAND} --install ${CMAKE_BINARY_DIR} --prefix ${prefix})
set_tests_properties(contract.install PROPERTIES FIXTURES_SETUP installed TIMEOUT 60)
foreach(how find_package pkg-config)
  add_test(NAME contract.consumer.${how}
           COMMAND ${here}/build_and_run.sh ${how} ${prefix} ${CMAKE_CURRENT_BINARY_DIR}/consumer-${how})
  set_tests_properties(contract.consumer.${how} PROPERTIES FIXTURES_REQUIRED installed TIMEOUT 60)
endforeach()
