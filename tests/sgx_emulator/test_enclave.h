// SPDX-License-Identifier: Apache-2.0
// The tiny enclave of test_enclave.S as a plan made by hand, signed by the test key, on an emulator.
#pragma once

#include <cstring>
#include <memory>

#include <gtest/gtest.h>

#include "base/cursor.h"
#include "crypto/keys.h"
#include "crypto/rsa3072.h"
#include "image/sgx/sigstruct.h"
#include "image/sgx/test_key.h"
#include "platform/sgx/device.h"
#include "platform/sgx_emulator/emulator.h"
#include "platform/sgx_emulator/structures.h"

extern "C" const std::byte test_enclave_begin[], test_enclave_end[];

namespace adyton::sgx {

enum Command : std::uint64_t {
  kEcho = 1,
  kLoad,
  kInvalid,
  kSystemCall,
  kInterrupt,
  kInt3,
  kCpuId,
  kTimeStamp,
  kDivide,
  kPort,
  kSpin,
  kCopy,
  kLeaf,
  kOldSystemCall,
  kPortString,
  kOutside,
  kHandle = 100
};

struct TestPlan {
  static constexpr std::uint64_t kSize = 1 << 18, kData = 0x1000, kDataPages = 4, kReadOnly = 0x5000, kGap = 0x6000,
                                 kThreads = 0x10000, kStride = 5 * 4096, kThreadCount = 8;
  static constexpr std::uint64_t tcs(std::uint64_t i) { return kThreads + i * kStride; }
  static constexpr std::uint64_t ssa(std::uint64_t i) { return tcs(i) + 0x1000; }
  static constexpr std::uint64_t thread_page(std::uint64_t i) { return tcs(i) + 0x3000; }

  static SgxPages run(SgxPlan& plan, std::uint64_t offset, std::uint64_t count, std::string_view permissions,
                      BytesView content) {
    SgxPages out{.offset = offset, .count = count, .extended = true};
    out.readable = permissions.contains('r');
    out.writable = permissions.contains('w');
    out.executable = permissions.contains('x');
    out.content = plan.storage.emplace_back(to_bytes(content));
    return out;
  }

  static SgxPlan make() {
    SgxPlan plan;
    plan.size = kSize;
    plan.ssa_frame_pages = 1;
    plan.misc_select = kMiscExinfo;
    plan.product = 7;
    plan.svn = 3;
    plan.storage.reserve(64);
    plan.pages.push_back(run(plan, 0, 1, "rx", {test_enclave_begin, test_enclave_end}));
    plan.pages.push_back(run(plan, kData, kDataPages, "rw", Bytes(kDataPages * 4096)));
    plan.pages.push_back(run(plan, kReadOnly, 1, "r", Bytes(4096, std::byte{0x5a})));
    for (std::uint64_t i = 0; i < kThreadCount; ++i) {
      Bytes page(4096);
      store_le<std::uint64_t>(page, 16, ssa(i));
      store_le<std::uint32_t>(page, 28, 2);  // NSSA
      store_le<std::uint64_t>(page, 48, thread_page(i));
      store_le<std::uint64_t>(page, 56, thread_page(i));
      SgxPages tcs_page = run(plan, tcs(i), 1, "", page);
      tcs_page.type = SgxPageType::kTcs;
      plan.pages.push_back(tcs_page);
      plan.pages.push_back(run(plan, ssa(i), 4, "rw", Bytes(4 * 4096)));
      plan.pages.back().extended = false;
      plan.tcs_offsets.push_back(tcs(i));
    }
    return plan;
  }

  static Sigstruct sign(const SgxPlan& plan) { return sign(signed_fields(plan, 0x20261122)); }
  static Sigstruct sign(const SgxSignedFields& fields) {
    const auto key = *PrivateKey::parse_pem(kTestSgxKey);
    return *make_sigstruct(fields, *rsa3072_modulus(key.public_key()),
                           *key.sign_pkcs1_sha256(sigstruct_to_be_signed(fields)));
  }
};

inline std::unique_ptr<SgxDevice> test_device(SgxEmulatorOptions options = {}) {
  return *make_sgx_emulator(*SgxFuses::make(), std::move(options));
}

// An enclave that runs. Parameter: whether every ENCLU traps.
class SgxEmulatorRun : public testing::TestWithParam<bool> {
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

  std::unique_ptr<SgxDevice> device;
  std::unique_ptr<SgxEnclave> enclave;
};

}  // namespace adyton::sgx
