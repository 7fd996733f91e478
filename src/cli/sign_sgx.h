// SPDX-License-Identifier: Apache-2.0
// What `adyton sign` does for SGX: its options, and the image with keep kernel and SIGSTRUCT.
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include <adyton/result.h>
#include "crypto/keys.h"
#include "image/image.h"

namespace adyton {

struct SgxSignOptions {
  bool none = false;
  std::string keep, key, date;
  std::string to_be_signed, signature, public_key;
  [[nodiscard]] bool signs() const { return !key.empty() || !signature.empty(); }
};
void declare_sgx_options(CLI::App& app, SgxSignOptions& options);

// The image with the keep kernel that the options name, or else its own, or else the one that this tool has.
Result<Image> with_keep(Image image, const SgxSignOptions& options);

// Writes what a key that lives elsewhere signs.
Result<void> save_sgx_to_be_signed(const Image& image, const SgxSignOptions& options);

// The image with a SIGSTRUCT: as the options say; or else by `image_key`, if that is a key that SGX takes and the image
// fits an SGX enclave; or else as it was.
Result<Image> signed_for_sgx(Image image, const SgxSignOptions& options, const std::optional<PrivateKey>& image_key);

}  // namespace adyton
