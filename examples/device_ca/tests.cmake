# SPDX-License-Identifier: Apache-2.0
# The CA and its host, tested as plain C++; only in Adyton's own tree, which has the fakes.
list(TRANSFORM core PREPEND ${CMAKE_CURRENT_LIST_DIR}/ OUTPUT_VARIABLE tested)
list(TRANSFORM host PREPEND ${CMAKE_CURRENT_LIST_DIR}/ OUTPUT_VARIABLE tested_host)
file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
adyton_test(device_ca_test SOURCES ${tests} ${tested} ${tested_host} testing.cc LINK adyton::host crypto)
adyton_program(device_ca_bench SOURCES device_ca_bench.cc ${tested} testing.cc LINK adyton::host crypto)
target_include_directories(device_ca_bench PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/../..)
