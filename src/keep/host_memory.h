// SPDX-License-Identifier: Apache-2.0
// Memory of the host that the application may map, as descriptor 3: the channel over which it and its host call one
// another. Untrusted, and not wanted to be anything else: the keep kernel neither reads nor writes it, it makes sure
// that what the host gives is no memory of the enclave, and lets threads sleep on its words.
#pragma once

#include <cstdint>

#include "keep/clock.h"

namespace adyton::keep {

class HostMemory {
 public:
  static constexpr std::uint64_t kDescriptor = 3;

  // Asks the host, once. What lies partly in the enclave [base, base + size), is not whole pages, or not in the
  // application's half of the address space, counts as none.
  void ask(std::uint64_t base, std::uint64_t size);

  [[nodiscard]] std::uint64_t address() const { return address_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // 0: there is none
  [[nodiscard]] bool contains(std::uint64_t address, std::uint64_t bytes) const {
    return address >= address_ && bytes <= bytes_ && address - address_ <= bytes_ - bytes;
  }

  // futex(2) on a word of it, which contains() holds: the host does the work, and may do it wrong. `deadline`, of
  // `kind`: nullptr for none.
  static std::int64_t wait(std::uint64_t word, std::uint32_t expected, const Time* deadline, Clock::Kind kind,
                           Clock& clock);
  static std::int64_t wake(std::uint64_t word, std::uint32_t most);

 private:
  std::uint64_t address_ = 0, bytes_ = 0;
};

}  // namespace adyton::keep
