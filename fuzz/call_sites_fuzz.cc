// SPDX-License-Identifier: Apache-2.0
// Any bytes as an instruction, as the code of a program, as the tables that say where its functions are, and as the
// program: what is rewritten are its `syscall` and `cpuid` instructions,
// and nothing else changes.
#include <algorithm>
#include <cstdlib>

#include "image/sgx/instructions.h"
#include "image/sgx/test_code.h"

namespace adyton {
namespace {

void check(const Bytes& file) {
  const auto plan = make_launch_plan(file, {.memory_bytes = 64 << 20});
  if (plan && !problem_of(*plan, find_call_sites(*plan)).empty()) std::abort();
}

void overwrite(Bytes file, std::uint64_t at, BytesView input) {
  std::ranges::copy(input.first(std::min(input.size(), file.size() - at)),
                    file.begin() + static_cast<std::ptrdiff_t>(at));
  check(file);
}

}  // namespace
}  // namespace adyton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  constexpr std::size_t kFunctions = 8;
  static const Bytes kFile =
      TestCode{
          .functions = std::vector<TestFunction>(
              kFunctions, {.hex = "b8 27000000 0f05 31c9 b8 07000000 0fa2 c3", .bytes = TestCode::kEach, .gap = "cc"}),
          .table = {}}
          .elf()
          .encode();
  const BytesView input = std::as_bytes(std::span(data, size));
  for (std::size_t at = 0; at < std::min<std::size_t>(size, 64); ++at) {
    const auto instruction = decode_instruction(input.subspan(at));
    if (instruction && (instruction->length == 0 || instruction->length > size - at)) std::abort();
  }
  overwrite(kFile, TestElf::kCode, input.first(std::min(size, kFunctions * TestCode::kEach)));
  overwrite(kFile, TestCode::kTable, input);
  check(to_bytes(input));
  return 0;
}
