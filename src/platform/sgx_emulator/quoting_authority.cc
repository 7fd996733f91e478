// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/quoting_authority.h"

#include <algorithm>

#include "attest/collateral/intel_tcb_writer.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/utc.h"
#include "crypto/crypto.h"
#include "crypto/x509_writer.h"
#include "platform/private_file.h"

namespace adyton::sgx {
namespace {

constexpr std::string_view kFileName = "sgx-emulated-authority";
constexpr std::string_view kFormat = "adyton-sgx-emulated-authority-1";
constexpr std::size_t kKeys = 5;

// Verifiers look at the common names; who it is stands beside them.
constexpr std::string_view kOrganisation = "O=Adyton SGX emulator (not Intel)";
constexpr std::string_view kRootName = "Emulated SGX Root CA", kPckCaName = "Intel SGX PCK Platform CA",
                           kTcbSignerName = "Intel SGX TCB Signing", kPckName = "Intel SGX PCK Certificate";

constexpr std::int64_t kDay = 86'400, kYear = 365 * kDay;
// From a day ago on: clocks differ.
constexpr std::int64_t kEarlier = kDay, kRootYears = 30, kCaYears = 15, kLeafYears = 7, kCollateralDays = 30;

Result<Bytes> name_of(std::string_view common) { return encode_name(fmt::format("CN={},{}", common, kOrganisation)); }

struct Validity {
  std::int64_t not_before, not_after;
};

Result<Bytes> make_certificate(std::string_view subject, const PublicKey& key, std::string_view issuer,
                               const PrivateKey& issuer_key, Validity validity, std::vector<X509Extension> extensions) {
  constexpr std::size_t kSerialBytes = 16;
  CertificateFields fields{.serial = Bytes(kSerialBytes),
                           .not_before = validity.not_before,
                           .not_after = validity.not_after,
                           .spki = key.der(),
                           .extensions = std::move(extensions)};
  TRY(random_bytes(fields.serial));
  fields.issuer = TRY(name_of(issuer));
  fields.subject = TRY(name_of(subject));
  fields.extensions.push_back(subject_key_id(fields.spki));
  fields.extensions.push_back(authority_key_id(issuer_key.public_key().der()));
  return sign_x509(encode_unsigned(fields), issuer_key);
}

std::vector<X509Extension> of_authority(std::uint64_t path_length) {
  return {basic_constraints(path_length), key_usage({5, 6})};
}
std::vector<X509Extension> of_signer() { return {key_usage({0})}; }

Result<Bytes> make_list(std::string_view issuer, const PrivateKey& issuer_key, std::int64_t now) {
  RevocationListFields fields{.this_update = now - kEarlier, .next_update = now + kCollateralDays * kDay};
  fields.issuer = TRY(name_of(issuer));
  fields.extensions = {authority_key_id(issuer_key.public_key().der()), crl_number(1)};
  return sign_x509(encode_unsigned(fields), issuer_key);
}

void set_dates(IntelSigned& document, std::int64_t now) {
  document.issue_date = now - kEarlier;
  document.next_update = now + kCollateralDays * kDay;
  document.evaluation_number = 1;
}

TcbInfo tcb_info_of(const PckExtensions& platform, std::int64_t now) {
  TcbInfo out;
  set_dates(out, now);
  out.version = 3;
  out.fmspc = platform.fmspc;
  out.pce_id = platform.pce_id;
  TcbLevel level;
  level.sgx = platform.components;
  level.pce_svn = platform.pce_svn;
  level.date = out.issue_date;
  level.status = TcbStatus::kUpToDate;
  out.levels.push_back(std::move(level));
  return out;
}

}  // namespace

// The file: a deterministic CBOR array of format, five P-256 keys (PKCS#8 in PEM: root, PCK CA, TCB signing, PCK,
// attestation) and the root's certificate.
Secret QuotingAuthority::encode() const {
  cbor::Writer out;
  out.array(2 + kKeys).text(kFormat);
  for (const PrivateKey* key : {&root_key_, &pck_ca_, &tcb_signer_, &pck_, &attestation_}) {
    std::string pem = key->pem();
    out.text(pem);
    wipe(std::as_writable_bytes(std::span(pem)));
  }
  Bytes encoded = out.bytes(root_.der()).encoded();
  Secret secret = Secret::copy_of(encoded);
  wipe(encoded);
  return secret;
}

Result<QuotingAuthority> QuotingAuthority::parse(BytesView bytes) {
  cbor::Reader reader(bytes);
  TRY(reader.read_array_head(2 + kKeys));
  if (TRY(reader.read_text()) != kFormat) return invalid("unknown format");
  std::vector<PrivateKey> keys;
  for (std::size_t i = 0; i < kKeys; ++i) {
    keys.push_back(TRY(PrivateKey::parse_pem(TRY(reader.read_text()))));
    if (keys.back().public_key().kind() != KeyKind::kP256) return invalid("a key that is not of P-256");
  }
  Certificate root = TRY(Certificate::parse(TRY(reader.read_bytes())));
  TRY(reader.finish());
  if (!std::ranges::equal(root.key().spki(), keys[0].public_key().der())) return invalid("a root of another key");
  return QuotingAuthority(keys[0], keys[1], keys[2], keys[3], keys[4], std::move(root));
}

Result<QuotingAuthority> QuotingAuthority::make(std::int64_t now) {
  std::vector<PrivateKey> keys;
  for (std::size_t i = 0; i < kKeys; ++i) keys.push_back(TRY(PrivateKey::generate(KeyKind::kP256)));
  const Bytes root = TRY(make_certificate(kRootName, keys[0].public_key(), kRootName, keys[0],
                                          {now - kEarlier, now + kRootYears * kYear}, of_authority(1)));
  return QuotingAuthority(keys[0], keys[1], keys[2], keys[3], keys[4], TRY(Certificate::parse(root)));
}

Result<QuotingAuthority> QuotingAuthority::open(const std::filesystem::path& folder, std::int64_t now) {
  const std::string path = (folder / kFileName).string();
  const PrivateFolder files = TRY(PrivateFolder::open(folder).within("who vouches for emulated SGX"));
  auto contents = TRY(files.read(kFileName));
  if (!contents) {
    // Two at once: one of them wins, and both go on with what the winner made.
    const QuotingAuthority made = TRY(make(now));
    TRY(files.add(kFileName, made.encode().expose()));
    contents = TRY(files.read(kFileName));
    if (!contents) return io_error("{} disappeared", path);
  }
  auto out = TRY(
      parse(contents->expose()).within(path + " is damaged (remove it; verifiers then have to be given the new root)"));
  if (now >= out.root_.not_after()) {
    return expired("the root in {} ended on {}: remove the file, and give verifiers the new root", path,
                   utc_text(out.root_.not_after()));
  }
  // For verifiers; it can always be made again.
  TRY(files.publish(kRootFileName, as_bytes(to_pem("CERTIFICATE", out.root_.der()))));
  return out;
}

Result<std::string> QuotingAuthority::pck_chain(const PckExtensions& platform, std::int64_t now) const {
  const auto until = [&](std::int64_t years) { return std::min(now + years * kYear, root_.not_after()); };
  const Bytes authority = TRY(make_certificate(kPckCaName, pck_ca_.public_key(), kRootName, root_key_,
                                               {now - kEarlier, until(kCaYears)}, of_authority(0)));
  std::vector<X509Extension> extensions = of_signer();
  extensions.push_back({to_bytes(pck_extensions_oid()), encode_pck_extensions(platform)});
  const Bytes leaf = TRY(make_certificate(kPckName, pck_.public_key(), kPckCaName, pck_ca_,
                                          {now - kEarlier, until(kLeafYears)}, std::move(extensions)));
  return to_pem("CERTIFICATE", leaf) + to_pem("CERTIFICATE", authority) + to_pem("CERTIFICATE", root_.der());
}

Result<Bundle> QuotingAuthority::collateral(const PckExtensions& platform, EnclaveIdentity qe, std::int64_t now) const {
  Bundle out;
  const std::string info = encode_unsigned(tcb_info_of(platform, now));
  set_dates(qe, now);
  qe.version = 2;
  for (IsvLevel& level : qe.levels) level.date = qe.issue_date;
  const std::string identity = encode_unsigned(qe);
  const Bytes info_signature = TRY(tcb_signer_.sign(as_bytes(info)));
  const Bytes identity_signature = TRY(tcb_signer_.sign(as_bytes(identity)));
  out["tcb-info.json"] = to_bytes(tcb_info_answer(info, info_signature));
  out["qe-identity.json"] = to_bytes(enclave_identity_answer(identity, identity_signature));
  const Validity validity{now - kEarlier, std::min(now + kLeafYears * kYear, root_.not_after())};
  const Bytes signer =
      TRY(make_certificate(kTcbSignerName, tcb_signer_.public_key(), kRootName, root_key_, validity, of_signer()));
  out["tcb-signing.pem"] = to_bytes(to_pem("CERTIFICATE", signer));
  out["root.crl"] = TRY(make_list(kRootName, root_key_, now));
  out["pck-platform-ca.crl"] = TRY(make_list(kPckCaName, pck_ca_, now));
  return out;
}

}  // namespace adyton::sgx
