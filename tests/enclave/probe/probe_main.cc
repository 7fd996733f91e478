// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "probe.h"

int main(int argc, char** argv) {
  const Arguments arguments(argv + (argc > 1 ? 2 : 1), argv + argc);
  for (const auto* cases : {&kAllocationCases, &kMappingCases, &kThreadCases, &kLibraryCases, &kInspectionCases}) {
    for (const Case& one : *cases) {
      if (argc > 1 && std::strcmp(one.name, argv[1]) == 0) {
        one.run(arguments);
        return 0;
      }
    }
  }
  std::fprintf(stderr, "no such case\n");
  return 2;
}
