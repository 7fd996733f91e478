# SPDX-License-Identifier: Apache-2.0
# adyton_add_enclave(NAME SOURCES files... [MANIFEST adyton.toml] [KEY key.pem] [LINK libraries...])
# Makes the enclave image NAME.enclave beside the programs of this folder: the static-PIE NAME.elf (target NAME_elf),
# given its manifest and signed (target NAME_enclave). KEY is the signer's private key; without it `adyton sign` uses
# the development key of the user, which it makes on first use. LINK takes static, position-independent libraries.
function(adyton_add_enclave name)
  cmake_parse_arguments(ENCLAVE "" "MANIFEST;KEY" "SOURCES;LINK" ${ARGN})
  if(NOT ENCLAVE_SOURCES OR ENCLAVE_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "adyton_add_enclave(${name}): give SOURCES, and nothing but MANIFEST, KEY and LINK besides")
  endif()
  if(NOT ENCLAVE_MANIFEST)
    set(ENCLAVE_MANIFEST adyton.toml)
  endif()
  cmake_path(ABSOLUTE_PATH ENCLAVE_MANIFEST)
  set(folder ${CMAKE_CURRENT_BINARY_DIR})
  if(CMAKE_RUNTIME_OUTPUT_DIRECTORY)
    set(folder ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
  endif()
  set(key "")
  if(ENCLAVE_KEY)
    cmake_path(ABSOLUTE_PATH ENCLAVE_KEY)
    set(key --key ${ENCLAVE_KEY})
  endif()

  # What would link and die before main() in a static-PIE is kept away: -rdynamic (exports) and -rpath.
  add_executable(${name}_elf ${ENCLAVE_SOURCES})
  set_target_properties(${name}_elf PROPERTIES
    OUTPUT_NAME ${name} SUFFIX .elf RUNTIME_OUTPUT_DIRECTORY ${folder}
    POSITION_INDEPENDENT_CODE ON ENABLE_EXPORTS OFF SKIP_BUILD_RPATH ON)
  target_link_libraries(${name}_elf PRIVATE adyton::enclave ${ENCLAVE_LINK})

  set(image ${folder}/${name}.enclave)
  add_custom_command(OUTPUT ${image}
    COMMAND adyton::tool sign $<TARGET_FILE:${name}_elf> --manifest ${ENCLAVE_MANIFEST} ${key} --output ${image}
    DEPENDS ${name}_elf adyton::tool ${ENCLAVE_MANIFEST} ${ENCLAVE_KEY}
    COMMENT "Signing ${name}.enclave" VERBATIM)
  add_custom_target(${name}_enclave ALL DEPENDS ${image})
endfunction()
