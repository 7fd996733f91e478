# SPDX-License-Identifier: Apache-2.0
# cmake --install: the tool, the public headers, the rooms as static libraries, the CMake package and pkg-config files.
include(CMakePackageConfigHelpers)

set(targets adyton_interface_host adyton_interface_enclave adyton_interface_attest adyton_interface_sgx_emulator adyton_attest_shared)
foreach(room IN LISTS ADYTON_ROOMS)
  if(NOT room MATCHES "^(cli|keep)$")
    list(APPEND targets adyton_${room})
  endif()
endforeach()
install(TARGETS ${targets} adyton_tool EXPORT adytonTargets)
install(DIRECTORY include/adyton DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/adyton)
install(EXPORT adytonTargets NAMESPACE adyton:: DESTINATION ${package})
configure_package_config_file(cmake/adytonConfig.cmake.in adytonConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(adytonConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/adytonConfig.cmake ${PROJECT_BINARY_DIR}/adytonConfigVersion.cmake
              cmake/AdytonEnclave.cmake DESTINATION ${package})

# pkg-config, for those who build without CMake: the same, out of the targets' own properties.
foreach(room IN LISTS ADYTON_ROOMS)
  if(room STREQUAL "platform")
    string(PREPEND host_libraries "-ladyton_${room} ")
  elseif(room STREQUAL "enclave")
    string(PREPEND enclave_libraries "-ladyton_${room} ")
  elseif(NOT room MATCHES "^(cli|keep)$")
    string(PREPEND host_libraries "-ladyton_${room} ")
    string(PREPEND enclave_libraries "-ladyton_${room} ")
  endif()
endforeach()
get_target_property(enclave_options adyton_interface_enclave INTERFACE_LINK_OPTIONS)
list(JOIN enclave_options " " enclave_options)
file(RELATIVE_PATH to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
# adyton_pkg_config(NAME FLAGS BEFORE LIBRARIES DESCRIPTION): adyton-NAME.pc.
function(adyton_pkg_config name flags before libraries what)
  configure_file(cmake/adyton.pc.in adyton-${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/adyton-${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
adyton_pkg_config(host "-std=c++23 -pthread" "" "${host_libraries}-lcrypto -lseccomp -pthread" "what a host program links")
adyton_pkg_config(enclave "-std=c++23 -fPIE -pthread" "${enclave_options}" "${enclave_libraries}-lcrypto -pthread"
  "what an enclave links; sign the program with `adyton sign`")
adyton_pkg_config(attest "" "" -ladyton-attest "checking their evidence, from C")
