// SPDX-License-Identifier: Apache-2.0
// The tiny enclave of test_enclave.S, running, for tests.
#pragma once

#include <bit>

#include <gtest/gtest.h>

#include "test_plan.h"

namespace adyton::sgx {

// The test enclave, running somewhere, and what it does on command.
struct CommandedEnclave {
  [[nodiscard]] std::uint64_t at(std::uint64_t offset) const { return enclave->base() + offset; }

  SgxEntryEnd call(Command command, std::uint64_t rsi = 0, std::uint64_t rdx = 0, std::uint64_t r8 = 0,
                   std::uint64_t r9 = 0, std::uint64_t thread = 0, SgxLeaf leaf = SgxLeaf::kEenter) {
    auto end = enclave->enter(TestPlan::tcs(thread), leaf, {command, rsi, rdx, r8, r9});
    EXPECT_TRUE(end) << (end ? "" : end.error().message);
    return end ? *end : SgxEntryEnd{};
  }
  SgxEntryEnd resume(std::uint64_t thread = 0) { return call(kEcho, 0, 0, 0, 0, thread, SgxLeaf::kEresume); }

  // By the enclave's own loads and stores.
  void put(std::uint64_t offset, BytesView bytes) {
    call(kCopy, at(offset), std::bit_cast<std::uint64_t>(bytes.data()), bytes.size());
  }
  Bytes get(std::uint64_t offset, std::size_t size) {
    Bytes out(size);
    call(kCopy, std::bit_cast<std::uint64_t>(out.data()), at(offset), size);
    return out;
  }

  std::unique_ptr<SgxEnclave> enclave;
};

// One in the emulator. Parameter: whether every ENCLU traps.
class SgxEmulatorRun : public testing::TestWithParam<bool>, public CommandedEnclave {
 protected:
  void load(const SgxPlan& plan, SgxEmulatorOptions options = {}) {
    options.strict = GetParam();
    device = test_device(std::move(options));
    auto loaded = load_sgx_enclave(*device, plan, TestPlan::sign(plan));
    ASSERT_TRUE(loaded) << loaded.error().message;
    enclave = *std::move(loaded);
  }
  void SetUp() override { load(TestPlan::make()); }

  EmulatedSgxEnclave& emulated() { return dynamic_cast<EmulatedSgxEnclave&>(*enclave); }

  std::unique_ptr<SgxDevice> device;
};

}  // namespace adyton::sgx
