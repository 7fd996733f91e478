// SPDX-License-Identifier: Apache-2.0
// What an image is as an SGX enclave, for people and programs to read.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <adyton/result.h>
#include "image/image.h"
#include "image/sgx/sigstruct.h"

namespace adyton {

struct SgxFacts {
  SgxPlan plan;
  SgxMeasurement measurement{};  // MRENCLAVE
  std::optional<Sigstruct> sigstruct;
  std::uint32_t malloc_arenas = 1;

  [[nodiscard]] nlohmann::ordered_json to_json() const;
  [[nodiscard]] std::string to_text() const;  // lines
};

// Nothing, without a keep kernel: `keep`, or else the image's own, with its SIGSTRUCT if there is one. Errors:
// untrusted, if that is not of this enclave; invalid.
Result<std::optional<SgxFacts>> sgx_facts(const Image& image, BytesView keep = {});

}  // namespace adyton
