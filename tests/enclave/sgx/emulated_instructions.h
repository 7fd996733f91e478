// SPDX-License-Identifier: Apache-2.0
// EREPORT and EGETKEY for an enclave that is nothing but its SECS, outside of any: what SgxSelf is tested with.
#pragma once

#include <optional>

#include "enclave/sgx/instructions.h"
#include "enclave/sgx/measured.h"
#include "image/manifest.h"
#include "platform/sgx_emulator/keys.h"

namespace adyton::testing {

inline SgxFuses copy_of(const SgxFuses& fuses) {
  return {.device = fuses.device.copy(),
          .seal = fuses.seal.copy(),
          .owner_epoch = fuses.owner_epoch,
          .report_key_id_high = fuses.report_key_id_high};
}

class EmulatedInstructions : public SgxInstructions {
 public:
  EmulatedInstructions(const SgxFuses& fuses, sgx::Secs secs) : processor_{.fuses = copy_of(fuses)}, secs_(secs) {}

  Result<Bytes> report(const sgx::TargetInfo& target, BytesView data) const override {
    return sgx::make_report(processor_, secs_, target, data);
  }
  Result<Secret> key(const sgx::KeyRequest& request) const override {
    last_request = request;
    auto found = sgx::get_key(processor_, secs_, request);
    if (!found) return std::move(found).error();
    if (found->code != sgx::Code::kOk) return key_refusal(found->code);
    return Secret::copy_of(found->key);
  }

  mutable std::optional<sgx::KeyRequest> last_request;

 private:
  const sgx::Processor processor_;
  const sgx::Secs secs_;
};

// What an enclave is that was signed as its manifest says.
struct Example {
  sgx::Secs secs;
  Manifest manifest;
  Digest384 image{};

  Example() {
    secs.attributes.flags |= SgxAttributes::kInit;
    secs.mr_enclave.fill(std::byte{0xe1});
    secs.mr_signer.fill(std::byte{0x51});
    secs.product = manifest.product = 7;
    secs.svn = manifest.svn = 3;
    manifest.name = "vault";
    image.fill(std::byte{0x1a});
  }
  Example& set_svn(std::uint16_t svn) {
    secs.svn = manifest.svn = svn;
    return *this;
  }
  Example& set_product(std::uint16_t product) {
    secs.product = manifest.product = product;
    return *this;
  }
  Example& set_debug() {
    manifest.debug = true;
    secs.attributes.flags |= SgxAttributes::kDebug;
    return *this;
  }
  Example& set_enclave(std::uint8_t byte) {
    secs.mr_enclave.fill(std::byte{byte});
    return *this;
  }
  Example& set_signer(std::uint8_t byte) {
    secs.mr_signer.fill(std::byte{byte});
    return *this;
  }

  [[nodiscard]] Result<MeasuredEnclave> measured(const SgxInstructions& processor) const {
    const auto report = processor.report({}, Bytes(sgx::kReportDataBytes));
    return make_measured_enclave(image, encode_manifest(manifest), *report);
  }
};

}  // namespace adyton::testing
