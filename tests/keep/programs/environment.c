// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
int main(int argc, char** argv, char** environment) {
  for (; *environment; ++environment) puts(*environment);
  return argc == 1 && argv[0] ? 0 : 1;
}
