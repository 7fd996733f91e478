// SPDX-License-Identifier: Apache-2.0
#include "enclave/sgx/instructions.h"

#include <algorithm>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::uint64_t kEreport = 0, kEgetkey = 1;

// The leaf's operands as it wants them aligned.
struct alignas(512) Operand512 {
  std::byte bytes[512];
};
struct alignas(128) Operand128 {
  std::byte bytes[128];
};
struct alignas(16) Operand16 {
  std::byte bytes[16];
};

// Returns RAX.
std::uint64_t enclu(std::uint64_t leaf, const void* rbx, void* rcx, void* rdx) {
  // SAFETY: ENCLU as the SDM's pages of EREPORT and EGETKEY say: leaf in RAX, addresses of aligned operands of this
  // enclave in RBX, RCX and RDX; it writes to memory, RAX and the flags, and to nothing else.
  __asm__ volatile("enclu" : "+a"(leaf) : "b"(rbx), "c"(rcx), "d"(rdx) : "memory", "cc");
  return leaf;
}

class Processor : public SgxInstructions {
 public:
  Result<Bytes> report(const sgx::TargetInfo& target, BytesView data) const override {
    static_assert(sgx::TargetInfo::kBytes == sizeof(Operand512) && sgx::kReportBytes <= sizeof(Operand512));
    if (data.size() != sgx::kReportDataBytes) {
      return invalid("report data of {} bytes, not {}", data.size(), sgx::kReportDataBytes);
    }
    Operand512 for_whom, out{};
    Operand128 what{};
    std::ranges::copy(sgx::encode(target), for_whom.bytes);
    std::ranges::copy(data, what.bytes);
    enclu(kEreport, &for_whom, &what, &out);
    return to_bytes(BytesView(out.bytes).first(sgx::kReportBytes));
  }

  Result<Secret> key(const sgx::KeyRequest& request) const override {
    static_assert(sgx::KeyRequest::kBytes == sizeof(Operand512));
    Operand512 which;
    Operand16 out{};
    std::ranges::copy(sgx::encode(request), which.bytes);
    const auto code = static_cast<sgx::Code>(enclu(kEgetkey, &which, &out, nullptr));
    if (code != sgx::Code::kOk) return key_refusal(code);
    Secret key = Secret::copy_of(out.bytes);
    wipe(out.bytes);
    return key;
  }
};

}  // namespace

const SgxInstructions& sgx_processor() {
  static const Processor processor;
  return processor;
}

Error key_refusal(sgx::Code code) {
  switch (code) {
    case sgx::Code::kInvalidAttribute:
      return denied("the processor refuses the key (SGX_INVALID_ATTRIBUTE): the enclave has not the attribute for it");
    case sgx::Code::kInvalidCpuSvn:
      return denied(
          "the processor refuses the key (SGX_INVALID_CPUSVN): it is for newer microcode; update this machine");
    case sgx::Code::kInvalidIsvSvn:
      return denied("the processor refuses the key (SGX_INVALID_ISVSVN): it is for a newer svn; use the newer image");
    default:
      return internal("the processor refuses the key ({}, {})", sgx::name_of(code), static_cast<std::uint64_t>(code));
  }
}

}  // namespace adyton
