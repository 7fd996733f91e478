// SPDX-License-Identifier: Apache-2.0
// EGETKEY and EREPORT as functions of an enclave's SECS and the machine's fuses (Intel SDM volume 3D, the leaves'
// pages): which facts each key depends on is the SDM's, how they are mixed is not published and Adyton's own.
#pragma once

#include <expected>

#include <adyton/result.h>
#include "crypto/cmac.h"
#include "platform/sgx_emulator/fuses.h"
#include "platform/sgx_emulator/structures.h"

namespace adyton::sgx {

// What the emulated processor is to all its enclaves.
struct Processor {
  SgxFuses fuses;
  std::array<std::byte, 32> report_key_id{};  // CR_REPORT_KEYID
};

// The key that `request` names for the enclave of `secs`. kInvalidAttribute, kInvalidCpuSvn, kInvalidIsvSvn,
// kInvalidKeyName instead of a key as EGETKEY says them; errors: invalid, where it raises #GP; internal.
struct KeyOrCode {
  Code code = Code::kOk;
  Cmac key{};
};
Result<KeyOrCode> get_key(const Processor& processor, const Secs& secs, const KeyRequest& request);

// The 432 bytes that EREPORT writes. `data` has 64.
Result<Bytes> make_report(const Processor& processor, const Secs& secs, const TargetInfo& target, BytesView data);

}  // namespace adyton::sgx
