// SPDX-License-Identifier: Apache-2.0
// futex(2) on words that enclaves and other processes share, by address.
#pragma once

#include <cstdint>
#include <ctime>

namespace adyton {

// Sleeps while the word is `expected`, until woken or `until` (CLOCK_MONOTONIC; nullptr: no end). 0 or an errno.
int sleep_on_word(std::uint64_t word, std::uint32_t expected, const timespec* until);
// How many were woken.
std::uint64_t wake_sleepers(std::uint64_t word, std::uint64_t most);

}  // namespace adyton
