# SPDX-License-Identifier: Apache-2.0
# What holds for everything compiled here: language, warnings, include paths, sanitizers.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(ADYTON_CCACHE ccache)
  if(ADYTON_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${ADYTON_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${ADYTON_CCACHE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
    endif()
  endif()
endif()

if(PROJECT_IS_TOP_LEVEL)
  enable_testing()
endif()

add_library(adyton_flags INTERFACE)
target_compile_options(adyton_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wno-missing-field-initializers -fno-plt>
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-undefined-var-template>)
target_compile_definitions(adyton_flags INTERFACE ADYTON_VERSION="${PROJECT_VERSION}")
target_include_directories(adyton_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)

# Instruments what runs on the host. An enclave is a static-PIE and cannot carry a sanitizer: its rooms,
# adyton_ROOM_inside, are those of the release build.
set(ADYTON_PLAIN_BUILD ${PROJECT_SOURCE_DIR}/build/release CACHE PATH
  "For instrumented builds: a build that is not, for what runs inside enclaves")
add_library(adyton_sanitizers INTERFACE)
set(ADYTON_INSTRUMENTED OFF)
if(ADYTON_SANITIZE OR ADYTON_COVERAGE OR ADYTON_FUZZ)
  set(ADYTON_INSTRUMENTED ON)
endif()
if(ADYTON_SANITIZE)
  set(sanitize -fsanitize=${ADYTON_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_compile_options(adyton_sanitizers INTERFACE ${sanitize})
  target_link_options(adyton_sanitizers INTERFACE ${sanitize})
endif()
if(ADYTON_COVERAGE)
  target_compile_options(adyton_sanitizers INTERFACE --coverage)
  target_link_options(adyton_sanitizers INTERFACE --coverage)
endif()
if(ADYTON_FUZZ)
  target_compile_options(adyton_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()
