# SPDX-License-Identifier: Apache-2.0
# The CA and its host, tested as plain C++; only in Adyton's own tree, which has the fakes.
add_library(device_ca_tested STATIC ${core} ${host} testing.cc)
target_include_directories(device_ca_tested PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(device_ca_tested PUBLIC adyton::host crypto PRIVATE adyton_flags adyton_sanitizers)

file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
adyton_test(device_ca_test SOURCES ${tests} LINK device_ca_tested)

# The programs themselves, with the enclave in its process.
if(TARGET device_ca_enclave)
  adyton_test(device_ca_system_test SOURCES system/device_ca_system_test.cc LINK device_ca_tested
    ON sgx-emulated)
  target_compile_definitions(device_ca_system_test PRIVATE DEVICE_CA_PROGRAMS="$<TARGET_FILE_DIR:device_ca>"
    DEVICE_CA_MANIFEST="${CMAKE_CURRENT_SOURCE_DIR}/adyton.toml")
  add_dependencies(device_ca_system_test device_ca device_ca_enclave)
  # The demonstration, with fewer devices.
  if(NOT ADYTON_INSTRUMENTED)
    foreach(backend process sgx-emulated)
      add_test(NAME device_ca_demo.${backend} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/demo.sh 20)
      set_tests_properties(device_ca_demo.${backend} PROPERTIES TIMEOUT 300 ENVIRONMENT
        "ADYTON_BIN=$<TARGET_FILE_DIR:device_ca>;XDG_DATA_HOME=${CMAKE_CURRENT_BINARY_DIR}/machine;ADYTON_BACKEND=${backend}")
    endforeach()
  endif()
endif()
