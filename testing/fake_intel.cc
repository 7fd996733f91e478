// SPDX-License-Identifier: Apache-2.0
#include "testing/fake_intel.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "attest/evidence/intel_quote.h"
#include "attest/verify/intel_collateral.h"
#include "base/cursor.h"
#include "crypto/crypto.h"

namespace adyton::testing {
namespace {

constexpr std::uint16_t kQeSvn = 8;
constexpr std::string_view kSgxOid = "1.2.840.113741.1.13.1";

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
  Bytes bound = to_bytes(attestation_key);
  append(bound, authentication_data);
  put(out, 320, sha256(bound));
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

Bytes make_header(const FakeQuoteOptions& options) {
  Bytes out(QuoteHeader::kSize);
  store_le<std::uint16_t>(out, 0, static_cast<std::uint16_t>(options.version));
  store_le<std::uint16_t>(out, 2, 2);
  store_le<std::uint32_t>(out, 4, options.tdx ? kTeeTdx : kTeeSgx);
  put(out, 12, *parse_hex("939a7233f79c4ca9940a0db3957f0607"));
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

std::string statuses(TcbStatus status, const std::vector<std::string>& advisories, std::int64_t date) {
  std::string out = fmt::format("\"tcbDate\":\"{}\",\"tcbStatus\":\"{}\"", intel_date(date), name_of(status));
  if (advisories.empty()) return out;
  return out + fmt::format(",\"advisoryIDs\":[\"{}\"]", fmt::join(advisories, "\",\""));
}

std::string components(const Svns& svns) {
  std::string out;
  for (const std::uint8_t svn : svns) out += fmt::format("{}{{\"svn\":{}}}", out.empty() ? "" : ",", svn);
  return "[" + out + "]";
}

std::string isv_levels(const std::vector<IsvLevel>& levels) {
  std::string out;
  for (const IsvLevel& level : levels) {
    out += fmt::format("{}{{\"tcb\":{{\"isvsvn\":{}}},{}}}", out.empty() ? "" : ",", level.isv_svn,
                       statuses(level.status, level.advisories, level.date));
  }
  return "[" + out + "]";
}

std::string module_fields(const TdxModule& module) {
  return fmt::format("\"mrsigner\":\"{}\",\"attributes\":\"{}\",\"attributesMask\":\"{}\"", to_hex(module.mr_signer),
                     to_hex(module.attributes), to_hex(module.attributes_mask));
}

std::string head(const IntelSigned& document) {
  return fmt::format("\"version\":{},\"issueDate\":\"{}\",\"nextUpdate\":\"{}\",\"tcbEvaluationDataNumber\":{}",
                     document.version, intel_date(document.issue_date), intel_date(document.next_update),
                     document.evaluation_number);
}

std::string tcb_of(const TcbLevel& level, const TcbInfo& info) {
  if (info.version == 3) {
    std::string out = fmt::format("\"sgxtcbcomponents\":{},\"pcesvn\":{}", components(level.sgx), level.pce_svn);
    if (info.tdx) out += ",\"tdxtcbcomponents\":" + components(level.tdx);
    return out;
  }
  std::string out = fmt::format("\"pcesvn\":{}", level.pce_svn);
  for (std::size_t i = 0; i < 16; ++i) out += fmt::format(",\"sgxtcbcomp{:02}svn\":{}", i + 1, level.sgx[i]);
  return out;
}

std::string inner(const TcbInfo& info) {
  std::string out = "{" + head(info);
  if (info.version == 3) out += fmt::format(",\"id\":\"{}\"", info.tdx ? "TDX" : "SGX");
  out += fmt::format(",\"fmspc\":\"{}\",\"pceId\":\"{}\",\"tcbType\":0", to_hex(info.fmspc), to_hex(info.pce_id));
  if (info.module) out += ",\"tdxModule\":{" + module_fields(*info.module) + "}";
  if (info.tdx) {
    std::string versions;
    for (const TdxModule& module : info.module_versions) {
      versions += fmt::format("{}{{\"id\":\"TDX_{:02X}\",{},\"tcbLevels\":{}}}", versions.empty() ? "" : ",",
                              *module.version, module_fields(module), isv_levels(module.levels));
    }
    out += ",\"tdxModuleIdentities\":[" + versions + "]";
  }
  std::string levels;
  for (const TcbLevel& level : info.levels) {
    levels += fmt::format("{}{{\"tcb\":{{{}}},{}}}", levels.empty() ? "" : ",", tcb_of(level, info),
                          statuses(level.status, level.advisories, level.date));
  }
  return out + ",\"tcbLevels\":[" + levels + "]}";
}

std::string inner(const EnclaveIdentity& identity) {
  return fmt::format(
      "{{\"id\":\"{}\",{},\"miscselect\":\"{}\",\"miscselectMask\":\"{}\",\"attributes\":\"{}\",\"attributesMask\":\"{}"
      "\","
      "\"mrsigner\":\"{}\",\"isvprodid\":{},\"tcbLevels\":{}}}",
      name_of(identity.id), head(identity), to_hex(identity.misc_select), to_hex(identity.misc_select_mask),
      to_hex(identity.attributes), to_hex(identity.attributes_mask), to_hex(identity.mr_signer),
      identity.isv_product_id, isv_levels(identity.levels));
}

std::string signed_answer(std::string_view key, const std::string& text, const SigningKey& signer) {
  return fmt::format("{{\"{}\":{},\"signature\":\"{}\"}}", key, text, to_hex(must_sign(signer, as_bytes(text))));
}

void date(IntelSigned& document) {
  document.issue_date = kFakeNow - 5 * kFakeDay;
  document.next_update = kFakeNow + 25 * kFakeDay;
  document.evaluation_number = 17;
}

FakeOptions authority(unsigned slot) { return {.key_slot = slot}; }

}  // namespace

Bytes encode_pck_extensions(const PckExtensions& extensions) {
  der::Writer out;
  const auto pair = [&](std::string_view suffix, const auto& value) {
    out.nested(der::kSequence, [&] {
      out.element(der::kObjectIdentifier, oid(fmt::format("{}{}", kSgxOid, suffix)));
      value();
    });
  };
  const auto octets = [&](std::string_view suffix, BytesView value) {
    pair(suffix, [&] { out.element(der::kOctetString, value); });
  };
  out.nested(der::kSequence, [&] {
    octets(".1", extensions.ppid);
    pair(".2", [&] {
      out.nested(der::kSequence, [&] {
        for (unsigned i = 0; i < 16; ++i) {
          pair(fmt::format(".2.{}", i + 1), [&] { out.integer(extensions.components[i]); });
        }
        pair(".2.17", [&] { out.integer(extensions.pce_svn); });
        octets(".2.18", extensions.cpu_svn);
      });
    });
    octets(".3", extensions.pce_id);
    octets(".4", extensions.fmspc);
    const std::byte type[] = {static_cast<std::byte>(extensions.sgx_type)};
    pair(".5", [&] { out.element(der::kEnumerated, type); });
    if (extensions.platform_instance_id) octets(".6", *extensions.platform_instance_id);
    if (!extensions.dynamic_platform) return;
    pair(".7", [&] {
      out.nested(der::kSequence, [&] {
        pair(".7.1", [&] { out.boolean(*extensions.dynamic_platform); });
        pair(".7.2", [&] { out.boolean(extensions.cached_keys.value_or(false)); });
        pair(".7.3", [&] { out.boolean(extensions.smt_enabled.value_or(false)); });
      });
    });
  });
  return out.take();
}

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
  options.extensions.push_back({oid(kSgxOid), encode_pck_extensions(platform)});
  if (options.key_slot == 0) options.key_slot = first_key_ + 5;
  return pck_ca.issue("CN=Intel SGX PCK Certificate,O=Intel Corporation", options);
}

const FakeIdentity& FakeIntel::pck() {
  if (!pck_) pck_ = issue_pck();
  return *pck_;
}

Bytes FakeIntel::quote(const FakeQuoteOptions& options) {
  const FakeIdentity& signer = options.pck ? *options.pck : pck();
  Bytes out = make_header(options);
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
  Bytes qe_part = qe_report;
  append(qe_part, must_sign(signer.key, qe_report));
  append_le<std::uint16_t>(qe_part, static_cast<std::uint16_t>(authentication_data.size()));
  append(qe_part, authentication_data);
  append_le<std::uint16_t>(qe_part, static_cast<std::uint16_t>(options.certification));
  append_le<std::uint32_t>(qe_part, static_cast<std::uint32_t>(certification.size()));
  append(qe_part, certification);

  Bytes signature = must_sign(options.attestation_key.value_or(attestation_key_), out);
  append(signature, point_of(attestation_key_));
  if (options.version >= 4) {
    append_le<std::uint16_t>(signature, 6);
    append_le<std::uint32_t>(signature, static_cast<std::uint32_t>(qe_part.size()));
  }
  append(signature, qe_part);
  if (options.signature) options.signature(signature);
  append_le<std::uint32_t>(out, static_cast<std::uint32_t>(signature.size()));
  append(out, signature);
  return out;
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
  return signed_answer("tcbInfo", inner(info), signer != nullptr ? *signer : tcb_signer.key);
}

std::string FakeIntel::answer(const EnclaveIdentity& identity, const SigningKey* signer) const {
  return signed_answer("enclaveIdentity", inner(identity), signer != nullptr ? *signer : tcb_signer.key);
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
