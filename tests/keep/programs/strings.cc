// SPDX-License-Identifier: Apache-2.0
// A million strings, sorted and put into a table; and allocations that are big, odd, aligned, or too much.
#include <bit>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

int main() {
  std::vector<std::string> strings;
  strings.reserve(1'000'000);
  std::uint64_t next = 1;
  for (int i = 0; i < 1'000'000; ++i) {
    next = next * 6364136223846793005 + 1442695040888963407;
    strings.push_back(std::to_string(next >> 20));
  }
  std::sort(strings.begin(), strings.end());
  std::cout << strings.front() << " " << strings[500'000] << " " << strings.back() << " "
            << std::is_sorted(strings.begin(), strings.end()) << "\n";
  strings.resize(100'000);
  strings.shrink_to_fit();
  std::unordered_map<std::string, int> places;
  for (int i = 0; i < 100'000; ++i) places[strings[static_cast<std::size_t>(i)]] = i;
  std::cout << places.size() << " " << places[strings[77'777]] << "\n";

  // One that takes most of the memory there is, more than once.
  for (int round = 0; round < 3; ++round) {
    constexpr std::size_t kBig = 64 << 20;
    const std::unique_ptr<char[]> big(new char[kBig]);
    std::memset(big.get(), round + 1, kBig);
    std::cout << int(big[0]) << int(big[kBig - 1]) << " ";
  }
  void* grown = nullptr;
  for (std::size_t bytes = 1; bytes <= 32 << 20; bytes *= 2) {
    grown = std::realloc(grown, bytes);
    static_cast<char*>(grown)[bytes - 1] = static_cast<char>(bytes >> 16);
  }
  std::cout << int(static_cast<char*>(grown)[(1 << 20) - 1]) << "\n";
  std::free(grown);
  for (std::size_t alignment = 16; alignment <= 1 << 21; alignment *= 4) {
    void* const aligned = std::aligned_alloc(alignment, alignment * 2);
    std::cout << (aligned != nullptr && std::bit_cast<std::uintptr_t>(aligned) % alignment == 0);
    std::free(aligned);
  }
  volatile std::size_t too_much = ~std::size_t{0} - 64;
  std::cout << " " << (std::malloc(std::size_t{1} << 46) == nullptr) << (std::malloc(too_much) == nullptr);
  std::vector<std::unique_ptr<char[]>> many;
  for (std::size_t i = 0; i < 20'000; ++i) many.emplace_back(new char[i % 3000 + 1]());
  for (std::size_t i = 0; i < many.size(); i += 2) many[i].reset();
  for (std::size_t i = 0; i < many.size(); i += 2) many[i].reset(new char[3000 - i % 3000]());
  std::cout << " " << many.size() << std::endl;
  return 0;
}
