// SPDX-License-Identifier: Apache-2.0
#include "attest/development.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/cbor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kFormat = "adyton-development-evidence-1";
constexpr std::size_t kEvidenceBytes = 2048;
constexpr std::size_t kBackendBytes = 32, kNameBytes = 64, kReportDataBytes = 64;

bool is_word(std::string_view text, std::size_t most, std::string_view other_characters) {
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || other_characters.contains(c);
  };
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, allowed);
}

Result<void> check_ranges(const DevelopmentClaims& claims) {
  if (!is_word(claims.backend, kBackendBytes, "-")) return invalid("not the name of a back-end");
  if (!is_word(claims.identity.name, kNameBytes, "_-")) return invalid("not the name of an enclave");
  if (claims.report_data.size() > kReportDataBytes)
    return invalid("{} bytes of report data", claims.report_data.size());
  return {};
}

Bytes encode_claims(const DevelopmentClaims& claims) {
  cbor::MapWriter map;
  map.key("format").text(kFormat);
  map.key("backend").text(claims.backend);
  map.key("image").bytes(claims.identity.image);
  map.key("signer").bytes(claims.identity.signer);
  map.key("name").text(claims.identity.name);
  map.key("product").unsigned_integer(claims.identity.product);
  map.key("svn").unsigned_integer(claims.identity.svn);
  map.key("debug").boolean(claims.identity.debug);
  map.key("report_data").bytes(claims.report_data);
  return cbor::Writer().map(map).encoded();
}

Result<Digest384> to_digest(BytesView bytes) {
  Digest384 out;
  if (bytes.size() != out.size()) return invalid("a digest of {} bytes", bytes.size());
  std::ranges::copy(bytes, out.begin());
  return out;
}

Result<std::uint16_t> read_u16(cbor::Reader& reader) {
  const std::uint64_t value = TRY(reader.read_unsigned());
  if (value > std::numeric_limits<std::uint16_t>::max()) return invalid("{} is more than 16 bits", value);
  return static_cast<std::uint16_t>(value);
}

Result<void> read_claim(cbor::Reader& reader, const cbor::Key& key, DevelopmentClaims& claims) {
  Identity& identity = claims.identity;
  if (key == "format") {
    const std::string_view format = TRY(reader.read_text());
    if (format != kFormat) return invalid("unknown format");
  } else if (key == "backend") {
    claims.backend = TRY(reader.read_text());
  } else if (key == "image") {
    identity.image = TRY(to_digest(TRY(reader.read_bytes())));
  } else if (key == "signer") {
    identity.signer = TRY(to_digest(TRY(reader.read_bytes())));
  } else if (key == "name") {
    identity.name = TRY(reader.read_text());
  } else if (key == "product") {
    identity.product = TRY(read_u16(reader));
  } else if (key == "svn") {
    identity.svn = TRY(read_u16(reader));
  } else if (key == "debug") {
    identity.debug = TRY(reader.read_boolean());
  } else if (key == "report_data") {
    claims.report_data = to_bytes(TRY(reader.read_bytes()));
  } else {
    return invalid("unknown claim {}", key.to_string());
  }
  return {};
}

Result<DevelopmentClaims> parse_claims(BytesView payload) {
  constexpr int kClaims = 9;
  DevelopmentClaims claims;
  int found = 0;  // no key comes twice: the reader sees to that
  cbor::Reader reader(payload);
  TRY(reader.read_map([&](const cbor::Key& key) {
    ++found;
    return read_claim(reader, key, claims);
  }));
  TRY(reader.finish());
  if (found != kClaims) return invalid("{} of {} claims", found, kClaims);
  TRY(check_ranges(claims));
  return claims;
}

// ES384 and the fingerprint of the root's key: nothing else, and all of it signed.
Bytes encode_headers(const Digest384& root_fingerprint) {
  cbor::MapWriter map;
  map.key(kCoseAlgorithm).integer(cose_algorithm_of(KeyKind::kP384));
  map.key(kCoseKeyId).bytes(root_fingerprint);
  return cbor::Writer().map(map).encoded();
}

Result<Digest384> parse_headers(const CoseSign1& message) {
  const auto key_id = TRY(find_cose_header(message.protected_headers, kCoseKeyId));
  if (!key_id) return invalid("it does not name its root");
  const Digest384 fingerprint = TRY(to_digest(TRY(cbor::Reader(*key_id).read_bytes())));
  if (message.protected_headers != encode_headers(fingerprint) ||
      message.unprotected_headers != cbor::Writer().map({}).encoded()) {
    return invalid("its headers are not those of development evidence");
  }
  return fingerprint;
}

}  // namespace

Result<DevelopmentEvidence> parse_development_evidence(BytesView encoded) {
  const auto parse = [&]() -> Result<DevelopmentEvidence> {
    if (encoded.size() > kEvidenceBytes) return invalid("{} bytes are too many", encoded.size());
    DevelopmentEvidence out;
    out.message_ = TRY(parse_cose_sign1(encoded));
    if (to_bytes(encoded) != encode_cose_sign1(out.message_)) return invalid("the COSE_Sign1 is untagged");
    out.root_fingerprint_ = TRY(parse_headers(out.message_));
    if (!out.message_.payload) return invalid("the claims are missing");
    out.claims_ = TRY(parse_claims(*out.message_.payload));
    return out;
  };
  return parse().within("not development evidence");
}

Result<VerifiedDevelopmentEvidence> verify_development_evidence(const DevelopmentEvidence& evidence,
                                                                const PublicKey& trusted_root) {
  if (evidence.root_fingerprint_ != trusted_root.fingerprint()) {
    return untrusted("the evidence is signed by the development root {}, not by the trusted one, {}",
                     to_hex(evidence.root_fingerprint_), to_hex(trusted_root.fingerprint()));
  }
  TRY(verify_cose_sign1(evidence.message_, trusted_root).within("the signature of the development evidence"));
  return VerifiedDevelopmentEvidence(evidence.claims_);
}

Result<Bytes> make_development_evidence(const DevelopmentClaims& claims, const PrivateKey& root) {
  TRY(check_ranges(claims));
  CoseSign1 message;
  message.protected_headers = encode_headers(root.public_key().fingerprint());
  message.unprotected_headers = cbor::Writer().map({}).encoded();
  message.payload = encode_claims(claims);
  message.signature = TRY(root.sign(cose_to_be_signed(message.protected_headers, *message.payload)));
  return encode_cose_sign1(message);
}

}  // namespace adyton
