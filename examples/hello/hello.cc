// SPDX-License-Identifier: Apache-2.0
// The host program: launches the enclave and calls it.
#include <filesystem>
#include <iostream>

#include <adyton/host.h>

#include "hello_calls.h"

static int fail(const adyton::Error& error) {
  std::cerr << "hello: " << error.message << '\n';
  return adyton::exit_status_of(error.code);
}

int main() {
  auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  auto enclave = adyton::Enclave::launch(here / "hello.enclave");
  if (!enclave) return fail(enclave.error());
  auto greeting = enclave->call(greet, "world");
  if (!greeting) return fail(greeting.error());
  std::cout << *greeting << '\n';
}
