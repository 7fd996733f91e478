// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <sys/auxv.h>

#include "base/error.h"
#include "enclave/sgx/measured.h"
#include "image/sgx/keep_config.h"

namespace adyton {
namespace {

Result<std::optional<MeasuredEnclave>> look_up() {
  const std::uint64_t address = ::getauxval(kAuxiliaryKeepConfig);
  if (address == 0) return std::optional<MeasuredEnclave>();
  // SAFETY: the keep kernel, which is part of this enclave, wrote that address: of its own KeepConfig, in measured
  // pages that nobody writes to. On Linux the kernel writes the auxiliary vector, and has no such entry.
  KeepConfig config;
  std::memcpy(&config, reinterpret_cast<const void*>(address), sizeof(config));
  if (config.magic != KeepConfig::kMagic) return internal("the keep kernel's configuration is of another version");
  // It stands in the page that follows the keep kernel's.
  const std::uint64_t base = address - config.keep_bytes;
  // SAFETY: measured pages of this enclave, as the configuration has them.
  const BytesView manifest(reinterpret_cast<const std::byte*>(base + config.manifest_offset), config.manifest_bytes);
  Digest384 image;
  static_assert(sizeof(config.image_digest) == sizeof(image));
  std::memcpy(image.data(), config.image_digest, sizeof(image));
  const Bytes report = TRY(sgx_processor().report({}, Bytes(sgx::kReportDataBytes)));
  return TRY(make_measured_enclave(image, manifest, report));
}

}  // namespace

const Result<std::optional<MeasuredEnclave>>& measured_enclave() {
  // Never destroyed: threads and static destructors may use it to the last.
  static const auto& shared = *new Result<std::optional<MeasuredEnclave>>(look_up());
  return shared;
}

}  // namespace adyton
