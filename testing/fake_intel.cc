// SPDX-License-Identifier: Apache-2.0
#include "testing/fake_intel.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "attest/collateral/intel_tcb_writer.h"
#include "attest/evidence/intel_quote.h"
#include "attest/evidence/quote_writer.h"
#include "attest/verify/intel_collateral.h"
#include "base/cursor.h"
#include "base/utc.h"
#include "crypto/crypto.h"

namespace adyton::testing {
namespace {

constexpr std::uint16_t kQeSvn = 8;

template <std::size_t kSize>
std::array<std::byte, kSize> filled(unsigned byte) {
  std::array<std::byte, kSize> out;
  out.fill(static_cast<std::byte>(byte));
  return out;
}

PckExtensions usual_platform() {
  PckExtensions out;
  out.ppid = filled<16>(0x50);
  out.components = {11, 11, 3, 3, 255, 1, 0, 5};
  out.pce_svn = 13;
  out.cpu_svn = filled<16>(0x0b);
  out.fmspc = filled<6>(0xf0);
  out.sgx_type = SgxType::kScalable;
  out.platform_instance_id = filled<16>(0x77);
  out.dynamic_platform = true;
  out.cached_keys = false;
  out.smt_enabled = true;
  return out;
}

Bytes must_sign(const SigningKey& key, BytesView message) {
  auto signature = key.sign(SignatureAlgorithm::kEcdsaSha256, message, EcdsaForm::kRaw);
  if (!signature) std::abort();
  return std::move(*signature);
}

// x || y: the end of an uncompressed point, which is the end of a SubjectPublicKeyInfo.
BytesView point_of(const SigningKey& key) { return key.verifying_key().spki().last(64); }

void put(std::span<std::byte> out, std::size_t offset, BytesView bytes) {
  std::ranges::copy(bytes, out.subspan(offset).begin());
}

std::array<std::byte, 16> qe_attributes() {
  std::array<std::byte, 16> out{};
  out[0] = std::byte{0x15};  // INIT, MODE64BIT, PROVISIONKEY
  out[8] = std::byte{0xe7};
  return out;
}

Bytes make_qe_report(BytesView attestation_key, BytesView authentication_data, bool tdx) {
  Bytes out(SgxReport::kSize);
  put(out, 48, qe_attributes());
  put(out, 128, filled<32>(0x8c));
  store_le<std::uint16_t>(out, 256, tdx ? 2 : 1);
  store_le<std::uint16_t>(out, 258, kQeSvn);
  put(out, 320, qe_report_data(attestation_key, authentication_data));
  return out;
}

Bytes make_sgx_report() {
  Bytes out(SgxReport::kSize);
  out[48] = std::byte{0x05};
  put(out, 64, filled<32>(0xe1));
  put(out, 128, filled<32>(0x51));
  store_le<std::uint16_t>(out, 256, 7);
  store_le<std::uint16_t>(out, 258, 3);
  put(out, 320, filled<64>(0xda));
  return out;
}

Bytes make_td_report(const Svns& svns, bool is_15) {
  Bytes out(is_15 ? 648 : 584);
  put(out, 0, std::as_bytes(std::span(svns)));
  put(out, 16, filled<48>(0x5e));
  out[123] = std::byte{0x10};  // SEPT_VE_DISABLE
  out[128] = std::byte{0xe7};
  put(out, 136, filled<48>(0x7d));
  for (unsigned i = 0; i < 4; ++i) put(out, 328 + 48 * i, filled<48>(0x40 + i));
  put(out, 520, filled<64>(0xda));
  if (is_15) put(out, 584, std::as_bytes(std::span(svns)));
  return out;
}

// Of type 1 to 3: a PPID of the right length, CPUSVN, PCESVN, PCEID.
Bytes pck_request(const PckExtensions& platform, std::size_t ppid_size) {
  Bytes out(ppid_size, std::byte{0x50});
  append(out, platform.cpu_svn);
  append_le(out, platform.pce_svn);
  append(out, platform.pce_id);
  return out;
}

void date(IntelSigned& document) {
  document.issue_date = kFakeNow - 5 * kFakeDay;
  document.next_update = kFakeNow + 25 * kFakeDay;
  document.evaluation_number = 17;
}

FakeOptions authority(unsigned slot) { return {.key_slot = slot}; }

}  // namespace

FakeIntel::FakeIntel(unsigned first_key)
    : platform(usual_platform()),
      tee_tcb_svn{5, 1, 3},
      root(FakeCa::root("CN=Intel SGX Root CA,O=Intel Corporation", authority(first_key))),
      pck_ca(root.issue_ca("CN=Intel SGX PCK Platform CA,O=Intel Corporation", authority(first_key + 1))),
      processor_ca(root.issue_ca("CN=Intel SGX PCK Processor CA,O=Intel Corporation", authority(first_key + 2))),
      tcb_signer(root.issue("CN=Intel SGX TCB Signing,O=Intel Corporation", authority(first_key + 3))),
      first_key_(first_key),
      attestation_key_(fake_key(KeyType::kP256, first_key + 4)) {}

TrustAnchors FakeIntel::anchors() const {
  return {.certificates = {{AnchorUse::kIntelSgx, root.certificate()}}, .keys = {}};
}

FakeIdentity FakeIntel::issue_pck(FakeOptions options) {
  options.extensions.push_back({to_bytes(pck_extensions_oid()), encode_pck_extensions(platform)});
  if (options.key_slot == 0) options.key_slot = first_key_ + 5;
  return pck_ca.issue("CN=Intel SGX PCK Certificate,O=Intel Corporation", options);
}

const FakeIdentity& FakeIntel::pck() {
  if (!pck_) pck_ = issue_pck();
  return *pck_;
}

Bytes FakeIntel::quote(const FakeQuoteOptions& options) {
  const FakeIdentity& signer = options.pck ? *options.pck : pck();
  Bytes out = encode_quote_header(
      {.version = static_cast<std::uint16_t>(options.version), .tee_type = options.tdx ? kTeeTdx : kTeeSgx});
  if (options.header) options.header(out);
  Bytes report = options.tdx ? make_td_report(tee_tcb_svn, options.td_report_15) : make_sgx_report();
  if (options.report) options.report(report);
  if (options.version >= 5) {
    append_le<std::uint16_t>(out, options.tdx ? (options.td_report_15 ? 3 : 2) : 1);
    append_le<std::uint32_t>(out, static_cast<std::uint32_t>(report.size()));
  }
  append(out, report);

  const Bytes authentication_data(32, std::byte{0xaa});
  Bytes qe_report = make_qe_report(point_of(attestation_key_), authentication_data, options.tdx);
  if (options.qe_report) options.qe_report(qe_report);
  Bytes certification;
  switch (options.certification) {
    case CertificationType::kPpidPlain: certification = pck_request(platform, 16); break;
    case CertificationType::kPpidRsa2048: certification = pck_request(platform, 256); break;
    case CertificationType::kPpidRsa3072: certification = pck_request(platform, 384); break;
    case CertificationType::kPckChain:
      certification =
          to_bytes(to_pem("CERTIFICATE", signer.certificate.der()) + to_pem("CERTIFICATE", pck_ca.certificate().der()) +
                   to_pem("CERTIFICATE", root.certificate().der()));
      break;
    default: certification = to_bytes(to_pem("CERTIFICATE", signer.certificate.der()));
  }
  Bytes signature =
      encode_quote_signature({.quote_signature = must_sign(options.attestation_key.value_or(attestation_key_), out),
                              .attestation_key = to_bytes(point_of(attestation_key_)),
                              .qe_report = qe_report,
                              .qe_report_signature = must_sign(signer.key, qe_report),
                              .qe_authentication_data = authentication_data,
                              .certification_type = options.certification,
                              .certification_data = certification},
                             options.version);
  if (options.signature) options.signature(signature);
  return encode_quote(out, signature);
}

TcbInfo FakeIntel::tcb_info(bool tdx) const {
  TcbInfo out;
  date(out);
  out.version = 3;
  out.tdx = tdx;
  out.fmspc = platform.fmspc;
  out.pce_id = platform.pce_id;
  TcbLevel level;
  level.sgx = platform.components;
  level.tdx = tee_tcb_svn;
  level.pce_svn = platform.pce_svn;
  level.date = kFakeNow - 100 * kFakeDay;
  level.status = TcbStatus::kUpToDate;
  out.levels.push_back(level);
  if (!tdx) return out;
  out.module.emplace().attributes_mask = filled<8>(0xff);
  if (tee_tcb_svn[1] == 0) return out;
  TdxModule& module = out.module_versions.emplace_back(*out.module);
  module.version = tee_tcb_svn[1];
  module.levels.push_back({tee_tcb_svn[0], level.date, TcbStatus::kUpToDate, {}});
  return out;
}

EnclaveIdentity FakeIntel::identity(bool tdx) const {
  EnclaveIdentity out;
  date(out);
  out.version = 2;
  out.id = tdx ? EnclaveId::kTdQe : EnclaveId::kQe;
  out.misc_select_mask = filled<4>(0xff);
  out.attributes[0] = std::byte{0x11};
  out.attributes_mask[0] = std::byte{0xfb};
  std::fill_n(out.attributes_mask.begin() + 1, 7, std::byte{0xff});
  out.mr_signer = filled<32>(0x8c);
  out.isv_product_id = tdx ? 2 : 1;
  out.levels.push_back({kQeSvn, kFakeNow - 100 * kFakeDay, TcbStatus::kUpToDate, {}});
  return out;
}

std::string FakeIntel::answer(const TcbInfo& info, const SigningKey* signer) const {
  const std::string text = encode_unsigned(info);
  return tcb_info_answer(text, must_sign(signer != nullptr ? *signer : tcb_signer.key, as_bytes(text)));
}

std::string FakeIntel::answer(const EnclaveIdentity& identity, const SigningKey* signer) const {
  const std::string text = encode_unsigned(identity);
  return enclave_identity_answer(text, must_sign(signer != nullptr ? *signer : tcb_signer.key, as_bytes(text)));
}

Collateral FakeIntel::collateral(const FakeCollateralOptions& options) const {
  Collateral out;
  if (options.signer) out.add(tcb_signer.certificate);
  if (options.lists) {
    out.add(root.revoke(options.revoked_by_root, options.list_options));
    out.add(pck_ca.revoke(options.revoked_pcks, options.list_options));
  }
  const auto must_add = [&](std::string_view name, const std::string& text) {
    if (!out.add(name, as_bytes(text))) std::abort();
  };
  if (options.tcb_info) {
    TcbInfo info = tcb_info(options.tdx);
    if (options.info) options.info(info);
    must_add("tcb-info.json", answer(info));
  }
  if (options.identity) {
    EnclaveIdentity qe = identity(options.tdx);
    if (options.qe) options.qe(qe);
    must_add("qe-identity.json", answer(qe));
  }
  return out;
}

}  // namespace adyton::testing
