# SPDX-License-Identifier: Apache-2.0
# adyton_room(NAME LEVEL n [BOTH_SIDES] [THREADS] [LINK rooms...] [LIBRARIES system libraries...]): a static library
# adyton_NAME of src/NAME/**/*.cc and *.S, a test program adyton_NAME_test of src/NAME/**/*_test.cc, and for rooms that
# are compiled into enclaves as well a target adyton_NAME_inside: the same library, or, in an instrumented build, that of
# the release build. THREADS: it starts threads; of the others only tests that start some run under ThreadSanitizer.
# System libraries are named bare (-lcrypto), so that a dynamic link takes the .so and a static-PIE the .a.
set(ADYTON_ROOMS "")
function(adyton_room name)
  cmake_parse_arguments(ROOM "BOTH_SIDES;THREADS" "LEVEL" "LINK;LIBRARIES" ${ARGN})
  set(dir ${PROJECT_SOURCE_DIR}/src/${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${dir}/*.cc ${dir}/*.S)
  list(FILTER sources EXCLUDE REGEX "/(templates|bare)/")
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|main)\\.cc$")
  if(NOT sources)
    return()
  endif()
  if(ADYTON_SANITIZE STREQUAL "thread" AND NOT ROOM_THREADS)
    foreach(test IN LISTS tests)
      file(STRINGS ${test} threads REGEX "std::j?thread" LIMIT_COUNT 1)
      if(NOT threads)
        list(REMOVE_ITEM tests ${test})
      endif()
    endforeach()
  endif()

  set(target adyton_${name})
  add_library(${target} STATIC ${sources})
  set_target_properties(${target} PROPERTIES EXPORT_NAME room_${name})
  target_compile_features(${target} PUBLIC cxx_std_23)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:adyton_flags> $<BUILD_INTERFACE:adyton_sanitizers>)
  list(TRANSFORM ROOM_LINK PREPEND adyton_ OUTPUT_VARIABLE links)
  target_link_libraries(${target} PUBLIC ${links} ${ROOM_LIBRARIES} Threads::Threads)
  adyton_precompile(${target})

  if(ROOM_BOTH_SIDES AND ADYTON_INSTRUMENTED)
    list(TRANSFORM links APPEND _inside)
    add_library(${target}_inside STATIC IMPORTED GLOBAL)
    set_target_properties(${target}_inside PROPERTIES IMPORTED_LOCATION ${ADYTON_PLAIN_BUILD}/libadyton_${name}.a
      INTERFACE_COMPILE_FEATURES cxx_std_23 INTERFACE_INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(${target}_inside INTERFACE ${links} ${ROOM_LIBRARIES} Threads::Threads)
  elseif(ROOM_BOTH_SIDES)
    add_library(${target}_inside ALIAS ${target})
  endif()
  if(ADYTON_TESTS AND tests)
    adyton_test(adyton_${name}_test SOURCES ${tests} LINK adyton_${name})
  endif()
  set(ADYTON_ROOMS ${ADYTON_ROOMS} ${name} PARENT_SCOPE)
endfunction()

# adyton_precompile(TARGET [headers...]): instrumented builds parse what nearly every source includes once. The release
# build does not, so that a source that forgets an include is found.
function(adyton_precompile target)
  if(ADYTON_INSTRUMENTED)
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <atomic> <chrono> <functional> <map> <memory> <mutex>
      <optional> <set> <span> <string> <thread> <variant> <vector> <fmt/format.h> <adyton/bytes.h> <adyton/result.h>
      ${ARGN})
  endif()
endfunction()

# adyton_program(NAME SOURCES ... [LINK ...] [OUTPUT name]): a program of this project that runs on the host.
function(adyton_program name)
  cmake_parse_arguments(PROGRAM "" "OUTPUT" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE ${PROGRAM_LINK} adyton_flags adyton_sanitizers)
  if(PROGRAM_OUTPUT)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${PROGRAM_OUTPUT})
  endif()
endfunction()

# adyton_test(NAME SOURCES ... [LINK ...] [ON back-ends...]): a GoogleTest program, each of its tests a ctest test; and
# once more on each of these back-ends.
function(adyton_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK;ON" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  adyton_program(${name} SOURCES ${TEST_SOURCES} LINK ${TEST_LINK} adyton_testing GTest::gtest GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/..)  # testing/...
  adyton_precompile(${name} <gtest/gtest.h>)
  if(ADYTON_INSTRUMENTED)
    target_compile_options(${name} PRIVATE -O0)  # of the tests themselves; what they test is optimised
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
  foreach(backend IN LISTS TEST_ON)
    gtest_discover_tests(${name} TEST_PREFIX ${backend}. TEST_LIST ${name}_${backend} DISCOVERY_MODE PRE_TEST
      DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 ENVIRONMENT ADYTON_BACKEND=${backend})
  endforeach()
endfunction()

# adyton_enclaves_here(): each *_enclave.cc of this folder an image NAME.enclave, with the manifest NAME.toml beside it,
# else adyton.toml.
function(adyton_enclaves_here)
  file(GLOB sources CONFIGURE_DEPENDS *_enclave.cc)
  foreach(source IN LISTS sources)
    string(REGEX REPLACE "^.*/(.*)_enclave\\.cc$" "\\1" name ${source})
    set(manifest adyton.toml)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${name}.toml)
      set(manifest ${name}.toml)
    endif()
    adyton_add_enclave(${name} SOURCES ${source} MANIFEST ${manifest})
  endforeach()
endfunction()

# adyton_embed(SOURCE PROGRAM FILE): the .S file SOURCE, part of the platform, takes in what the target PROGRAM makes:
# FILE, as the macro EMBEDDED.
function(adyton_embed source program file)
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/platform/${source} TARGET_DIRECTORY adyton_platform PROPERTIES
    OBJECT_DEPENDS ${file} COMPILE_DEFINITIONS "EMBEDDED=\"${file}\"")
  if(TARGET ${program})
    add_dependencies(adyton_platform ${program})
  endif()
endfunction()

# adyton_interface(NAME [rooms...]): what programs link, as adyton::NAME, in the tree and installed.
function(adyton_interface name)
  add_library(adyton_interface_${name} INTERFACE)
  target_link_libraries(adyton_interface_${name} INTERFACE ${ARGN})
  add_library(adyton::${name} ALIAS adyton_interface_${name})
  set_target_properties(adyton_interface_${name} PROPERTIES EXPORT_NAME ${name})
endfunction()
