// SPDX-License-Identifier: Apache-2.0
// The development root: what stands in for a TEE's hardware key where there is no hardware. A signing key for
// development evidence and a machine secret that sealing keys come from, in one file of the machine's user
// (docs/formats/development-evidence.md). Who can read the file can forge the one and derive the other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include <adyton/identity.h>
#include <adyton/result.h>
#include <adyton/self.h>
#include "crypto/keys.h"

namespace adyton {

// Nothing is read, or made, before it is first asked for something. Thread-safe.
class DevelopmentRoot {
 public:
  // $XDG_DATA_HOME/adyton, else ~/.local/share/adyton. Errors: unavailable, when the environment names neither.
  static Result<std::filesystem::path> default_folder();

  // The root kept in `folder`, made with it on first use. If that was an error, every use is that error.
  explicit DevelopmentRoot(Result<std::filesystem::path> folder) : folder_(std::move(folder)) {}

  // Errors (of all): denied, when the file could have been read or written by somebody else, or belongs to somebody
  // else; invalid, when it is damaged; io.
  Result<PublicKey> public_key();
  Result<std::filesystem::path> public_path();  // of the file that has it, for verifiers

  // Development evidence that `identity`, launched by `backend`, said `report_data`. Errors: also invalid (ranges).
  Result<Bytes> evidence(std::string_view backend, const Identity& identity, BytesView report_data);

  // As KeySource::sealing_key() says, for an enclave of this identity. Errors: also invalid (policy, label), denied
  // (svn).
  Result<Secret> sealing_key(std::string_view backend, const Identity& identity, SealPolicy policy,
                             std::string_view label, std::optional<std::uint16_t> svn);

 private:
  struct Keys {
    PrivateKey signing;
    Secret machine;
  };
  Result<const Keys*> keys();
  static Result<Keys> open_keys(const std::filesystem::path& folder);

  const Result<std::filesystem::path> folder_;
  std::mutex mutex_;
  std::optional<Keys> keys_;
};

}  // namespace adyton
