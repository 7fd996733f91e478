// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/quoting_enclave.h"

#include <algorithm>

#include "attest/evidence/quote_writer.h"
#include "base/cursor.h"
#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

using namespace sgx;

constexpr std::uint16_t kProduct = 1, kSvn = 1, kPceSvn = 1;
constexpr std::size_t kAuthenticationDataBytes = 32, kPointBytes = 64;

// It has no pages that could be measured, so its measurements are of names.
const Secs& quoting_secs() {
  static const Secs secs = [] {
    Secs out;
    out.attributes = {.flags = SgxAttributes::kInit | SgxAttributes::kMode64 | SgxAttributes::kProvisionKey};
    out.mr_enclave = sha256(as_bytes("adyton emulated quoting enclave 1"));
    out.mr_signer = sha256(as_bytes("adyton emulated quoting enclave's signer"));
    out.product = kProduct;
    out.svn = kSvn;
    return out;
  }();
  return secs;
}

TargetInfo quoting_target() {
  const Secs& secs = quoting_secs();
  return {.measurement = secs.mr_enclave, .attributes = secs.attributes, .misc_select = secs.misc_select};
}

Result<Secret> key_of(const Processor& processor, const KeyRequest& request) {
  const KeyOrCode found = TRY(get_key(processor, quoting_secs(), request));
  if (found.code != Code::kOk) return internal("the quoting enclave's key: {}", sgx::name_of(found.code));
  return Secret::copy_of(found.key);
}

// 16 bytes for one use, that only this processor's quoting enclave has.
Result<Id128> derived_id(const Processor& processor, KeyName name, std::string_view use) {
  const Secret key = TRY(key_of(processor, {.name = static_cast<std::uint16_t>(name), .cpu_svn = SgxFuses::kCpuSvn}));
  return aes128_cmac(key.expose(), as_bytes(use));
}

// x || y: the end of an uncompressed point, which is the end of a SubjectPublicKeyInfo.
Bytes point_of(const PrivateKey& key) {
  const Bytes spki = key.public_key().der();
  return to_bytes(BytesView(spki).last(kPointBytes));
}

// That an enclave of this processor made it for this quoting enclave.
Result<void> check_report(const Processor& processor, BytesView report) {
  KeyRequest request{.name = static_cast<std::uint16_t>(KeyName::kReport)};
  std::ranges::copy(report.subspan(kReportKeyId, request.key_id.size()), request.key_id.begin());
  const Secret key = TRY(key_of(processor, request));
  const Secret code = Secret::copy_of(TRY(aes128_cmac(key.expose(), report.first(kReportBodyBytes))));
  if (code.equals(report.subspan(kReportMac))) return {};
  return untrusted("the report is not by an enclave of this machine for its quoting enclave");
}

// The identity that the QE's own report has to fit.
EnclaveIdentity quoting_identity() {
  const Secs& secs = quoting_secs();
  EnclaveIdentity out;
  out.id = EnclaveId::kQe;
  out.misc_select_mask.fill(std::byte{0xff});
  store_le(out.attributes, 0, secs.attributes.flags);
  std::fill_n(out.attributes_mask.begin(), sizeof(secs.attributes.flags), std::byte{0xff});
  out.mr_signer = secs.mr_signer;
  out.isv_product_id = secs.product;
  out.levels.push_back({.isv_svn = secs.svn, .date = 0, .status = TcbStatus::kUpToDate, .advisories = {}});
  return out;
}

}  // namespace

Result<std::unique_ptr<EmulatedQuotingEnclave>> EmulatedQuotingEnclave::make(SgxFuses fuses, QuotingAuthority authority,
                                                                             std::int64_t now) {
  std::unique_ptr<EmulatedQuotingEnclave> out(new EmulatedQuotingEnclave(std::move(fuses), std::move(authority)));
  TRY(out->start(now).within("the emulated quoting enclave"));
  return out;
}

Result<void> EmulatedQuotingEnclave::start(std::int64_t now) {
  platform_.ppid = TRY(derived_id(processor_, KeyName::kProvision, "PPID"));
  id_ = TRY(derived_id(processor_, KeyName::kSeal, "QE ID"));
  std::ranges::transform(SgxFuses::kCpuSvn, platform_.components.begin(), std::to_integer<std::uint8_t>);
  platform_.cpu_svn = SgxFuses::kCpuSvn;
  platform_.pce_svn = kPceSvn;
  platform_.fmspc = kEmulatedFmspc;
  pck_chain_ = TRY(authority_.pck_chain(platform_, now));
  return {};
}

Result<Bytes> EmulatedQuotingEnclave::target_info() { return encode(quoting_target()); }

Result<Bytes> EmulatedQuotingEnclave::quote(BytesView report) {
  if (report.size() != kReportBytes) return invalid("a report of {} bytes, not {}", report.size(), kReportBytes);
  const BytesView body = report.first(kReportBodyBytes);
  TRY(check_report(processor_, report));
  TRY(parse_sgx_report(body));

  QuoteHeaderFields header{.qe_svn = kSvn, .pce_svn = kPceSvn};
  std::ranges::copy(id_, header.user_data.begin());
  Bytes signed_part = encode_quote_header(header);
  append(signed_part, body);

  QuoteSignatureFields out;
  out.attestation_key = point_of(authority_.attestation_key());
  out.quote_signature = TRY(authority_.attestation_key().sign(signed_part));
  out.qe_authentication_data.resize(kAuthenticationDataBytes);
  TRY(random_bytes(out.qe_authentication_data));
  // Of the quoting enclave, for the one that Intel calls PCE and that has the PCK: nobody checks its code.
  const Bytes bound = qe_report_data(out.attestation_key, out.qe_authentication_data);
  const Bytes qe_report = TRY(make_report(processor_, quoting_secs(), {}, bound));
  out.qe_report = to_bytes(BytesView(qe_report).first(kReportBodyBytes));
  out.qe_report_signature = TRY(authority_.pck_key().sign(out.qe_report));
  out.certification_data = to_bytes(pck_chain_);
  return encode_quote(signed_part, encode_quote_signature(out, header.version));
}

Result<Bundle> EmulatedQuotingEnclave::collateral(std::int64_t now) const {
  return authority_.collateral(platform_, quoting_identity(), now);
}

}  // namespace adyton
