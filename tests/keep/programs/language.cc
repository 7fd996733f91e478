// SPDX-License-Identifier: Apache-2.0
// What the language and its library do without asking much of the system: exceptions, streams, containers, big memory.
#include <algorithm>
#include <charconv>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Loud {
  ~Loud() { std::cout << "unwound\n"; }
};

[[gnu::noinline]] void thrower(int depth) {
  const Loud loud;
  if (depth == 0) throw std::out_of_range("from below");
  thrower(depth - 1);
}

}  // namespace

int main(int argc, char** argv) {
  std::cout << argc << " arguments, the last is " << argv[argc - 1] << "\n";
  try {
    thrower(3);
  } catch (const std::logic_error& error) {
    std::cout << "caught " << error.what() << "\n";
  }
  std::vector<unsigned> numbers(1'000'000);
  unsigned next = 1;
  for (auto& number : numbers) number = next = next * 1664525 + 1013904223;
  std::sort(numbers.begin(), numbers.end());
  std::cout << numbers.front() << " " << numbers[500'000] << " " << numbers.back() << "\n";
  std::map<std::string, int> counts;
  std::istringstream words("one two three two three three");
  for (std::string word; words >> word;) ++counts[word];
  for (const auto& [word, count] : counts) std::cout << word << "=" << count << "\n";
  std::cout << std::regex_replace(std::string("an enclave"), std::regex("e(n)c"), "E$1C") << "\n";
  for (int round = 0; round < 20; ++round) {  // bigger than the heap if nothing were given back
    const auto block = std::make_unique<char[]>(40 << 20);
    block[0] = block[(40 << 20) - 1] = 1;
  }
  try {
    const auto too_big = std::make_unique<char[]>(std::size_t{1} << 40);
    std::cout << "a terabyte?\n";
  } catch (const std::bad_alloc&) {
    std::cout << "no terabyte\n";
  }
  volatile double one = 1, three = 3;  // inexact: a fault, were exceptions not masked
  volatile long double long_one = 1, long_three = 3;
  std::cout << one / three << " " << long_one / long_three << " " << 1e300 * 10 << std::endl;
  return 3;
}
