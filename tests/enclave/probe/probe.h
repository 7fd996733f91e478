// SPDX-License-Identifier: Apache-2.0
// The cases of a program that looks at its own memory, as an enclave has it: `probe CASE [ARGUMENT...]`.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// Ends the program with status 1 and the place and text of the condition, unless it holds.
#define REQUIRE(...)                                                         \
  do {                                                                       \
    if (!(__VA_ARGS__)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #__VA_ARGS__); \
      std::exit(1);                                                          \
    }                                                                        \
  } while (false)

using Arguments = std::vector<std::string>;

struct Case {
  const char* name;
  void (*run)(const Arguments& arguments);
};

// One list a file.
extern const std::vector<Case> kAllocationCases, kMappingCases, kThreadCases, kLibraryCases, kInspectionCases;
