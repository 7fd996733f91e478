// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include <unistd.h>

#include <adyton/enclave.h>

#include "calls_enclave_calls.h"

int main() {
  return adyton::serve(
      add, [](std::int64_t a, std::int64_t b) { return a + b; }, echo,
      [](std::span<const std::byte> bytes) { return adyton::to_bytes(bytes); }, crash, [] { std::abort(); }, leave,
      [](std::int32_t status) { std::_Exit(status); }, sleep_for_ever,
      [] {
        for (;;) ::usleep(1000);
      },
      throw_it, [](std::string_view what) { throw std::runtime_error(std::string(what)); }, down,
      [](std::uint32_t n) -> adyton::Result<std::uint32_t> {
        if (n == 0) return 0;
        return adyton::call(host_down, n - 1);
      },
      seal_key,
      [](std::string_view label) -> adyton::Result<adyton::Bytes> {
        auto key = adyton::self().sealing_key(adyton::SealPolicy::kSigner, label);
        if (!key) return key.error();
        return adyton::to_bytes(key->expose());
      },
      print, [](std::string_view line) { std::cout << line << std::endl; });
}
