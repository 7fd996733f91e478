// SPDX-License-Identifier: Apache-2.0
// The tiny enclave of test_enclave.S as a plan made by hand, signed by the test key, and the emulator for it.
#pragma once

#include <cstring>
#include <memory>

#include "base/cursor.h"
#include "crypto/keys.h"
#include "crypto/rsa3072.h"
#include "crypto/test_sgx_key.h"
#include "image/sgx/sigstruct.h"
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
  kWildFlags,
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

}  // namespace adyton::sgx
