// SPDX-License-Identifier: Apache-2.0
// What stands in for the secrets burnt into a processor with SGX: kept in a file of this machine's user, beside the
// development root. Who can read the file can derive every key of every emulated enclave.
#pragma once

#include <array>
#include <filesystem>

#include <adyton/result.h>
#include <adyton/secret.h>
#include "platform/sgx_emulator/structures.h"

namespace adyton {

struct SgxFuses {
  Secret device;                    // 16 bytes: what every key is derived with
  Secret seal;                      // 16 bytes: CR_SEAL_FUSES, which the provisioning key does not depend on
  sgx::Id128 owner_epoch{};         // SGXOWNEREPOCH
  sgx::Id128 report_key_id_high{};  // half of CR_REPORT_KEYID; the other half is anew with each device

  // Security versions of the emulated processor, component by component: what its reports say, and the highest that
  // EGETKEY takes.
  static constexpr sgx::Id128 kCpuSvn = {std::byte{1}, std::byte{1}};

  // The fuses kept in `folder` (DevelopmentRoot::default_folder()), made with it on first use. Errors: denied, when
  // somebody else could have read or written the file; invalid, when it is damaged; io.
  static Result<SgxFuses> open(const std::filesystem::path& folder);

  // New ones that are kept nowhere, for tests.
  static Result<SgxFuses> make();

  // As the file has them. decode()'s error: invalid.
  [[nodiscard]] Secret encode() const;
  static Result<SgxFuses> decode(BytesView encoded);
};

}  // namespace adyton
