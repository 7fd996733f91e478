# SPDX-License-Identifier: Apache-2.0
# cpack: adyton_VERSION_amd64.deb and a .tar.gz of the same tree.
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME adyton)
set(CPACK_PACKAGE_VENDOR "The Adyton authors")
set(CPACK_PACKAGE_CONTACT "The Adyton authors <adyton@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_FILE_NAME adyton_${PROJECT_VERSION}_${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
# The tool alone needs the libraries it is linked with; making enclaves needs a compiler and static OpenSSL as well.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)  # of libadyton-attest.so
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
  "g++ (>= 4:12), cmake (>= 3.25), make | ninja-build, libssl-dev (>= 3.0), libseccomp-dev, pkg-config")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "gdb")
include(CPack)
