// SPDX-License-Identifier: Apache-2.0
// CPUID inside: the keep kernel's answer, whether or not the processor can refuse the instruction.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstdio>
#include <cstring>

#include "keep_loader.h"
#include "platform/sgx/host_requests.h"
#include "platform/sgx/keep_program.h"

namespace adyton {
namespace {

Loaded load_cpuid(Manifest manifest = {}) {
  manifest.memory.heap_bytes = 128 << 20;
  return load(signed_image("cpuid", std::move(manifest), keep_program()), {});
}

std::string features_inside(std::vector<std::string> features) {
  const Loaded sgx = load_cpuid({.sgx = {.features = std::move(features)}});
  const int output = memfd_create("output", MFD_CLOEXEC);
  const auto end =
      run_keep(*sgx.enclave, sgx.tcs_offsets, {.arguments = {"cpuid", "features"}, .streams = {.output = output}});
  EXPECT_TRUE(end && end->status == 0);
  std::array<char, 256> printed{};
  EXPECT_GT(pread(output, printed.data(), printed.size() - 1, 0), 0);
  close(output);
  return printed.data();
}

// What the manifest does not list the application does not see, though this processor may have it.
TEST(KeepCpuidTest, SaysWhatTheEnclaveHas) {
  EXPECT_EQ(features_inside({}), "avx 0 fma 0 f16c 0 avx2 0 avx512f 0 state 3 libgcc 0\n");
  FILE* const pipe = popen((program("cpuid") + " features").c_str(), "r");
  std::array<char, 256> native{};
  EXPECT_NE(std::fgets(native.data(), native.size(), pipe), nullptr);
  pclose(pipe);
  if (!std::string_view(native.data()).starts_with("avx 1 fma 1 f16c 1 avx2 1")) GTEST_SKIP() << "no AVX2 here";
  EXPECT_EQ(features_inside({"avx"}), "avx 1 fma 1 f16c 1 avx2 1 avx512f 0 state 7 libgcc 1\n");
}

// The host is asked once for what the application executes a thousand times, and without an exception.
TEST(KeepCpuidTest, IsAskedForOnce) {
  const Loaded sgx = load_cpuid();
  const auto page = std::make_unique<HostPage>();
  constexpr std::string_view kArguments("cpuid\0ask\0001000\0", 15);
  std::ranges::copy(kArguments, page->data);
  SgxRegisters registers{
      .rdi = 1, .rsi = std::bit_cast<std::uint64_t>(page.get()), .rdx = kArguments.size(), .r8 = 3, .r9 = 0};
  int asked = 0, exceptions = 0;
  std::string printed;
  for (SgxLeaf leaf = SgxLeaf::kEenter;;) {
    const auto end = sgx.enclave->enter(sgx.tcs_offsets[0], leaf, registers);
    leaf = SgxLeaf::kEenter;
    registers = {};
    if (end->function != SgxLeaf::kEexit) {  // then the keep kernel looks at it
      ++exceptions;
      ASSERT_EQ(sgx.enclave->enter(sgx.tcs_offsets[0], leaf, registers)->registers.rdi,
                static_cast<std::uint64_t>(KeepExit::kResume));
      leaf = SgxLeaf::kEresume;
      continue;
    }
    const SgxRegisters& left = end->registers;
    if (left.rdi != static_cast<std::uint64_t>(KeepExit::kRequest)) break;
    registers = {.rdi = 2};
    if (KeepRequest{left.rsi} == KeepRequest::kWrite) {
      printed.assign(page->data, page->data + left.r8);
      registers.rsi = left.r8;
    }
    if (KeepRequest{left.rsi} == KeepRequest::kCpuid && left.rdx == 0x4adc0000 && left.r8 == 5) {
      ++asked;
      registers = {.rdi = 2, .rsi = 0x1'0000'0001, .rdx = ~2ull, .r8 = 0xff'1000'0003, .r9 = 1ull << 63 | 4};
    }
  }
  EXPECT_EQ(asked, 1);
  EXPECT_LT(exceptions, 50);
  EXPECT_EQ(printed, "1 fffffffd 10000003 4\n");
}

}  // namespace
}  // namespace adyton
