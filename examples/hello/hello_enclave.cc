// SPDX-License-Identifier: Apache-2.0
// The enclave. What main() serves is all that the outside can ask of it.
#include <adyton/enclave.h>

#include "hello_calls.h"

int main() {
  return adyton::serve(greet, [](std::string_view name) {
    return "Hello " + std::string(name) + ", this is " + adyton::self().identity().name + ", in an enclave.";
  });
}
