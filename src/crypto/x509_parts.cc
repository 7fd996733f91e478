// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509_parts.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace adyton::x509 {
namespace {

constexpr std::size_t kMaxExtensions = 64;
constexpr std::size_t kMaxSerialBytes = 20;
constexpr std::size_t kMaxUrls = 32;

struct KnownAlgorithm {
  std::string_view arcs;  // in hex
  SignatureAlgorithm algorithm;
  bool null_parameters;  // RFC 4055, 5: NULL for RSA PKCS #1; absent for the others (RFC 5758, 3.2; RFC 8410, 3)
};
constexpr std::array<KnownAlgorithm, 7> kAlgorithms{{
    {"2a8648ce3d040302", SignatureAlgorithm::kEcdsaSha256, false},
    {"2a8648ce3d040303", SignatureAlgorithm::kEcdsaSha384, false},
    {"2a8648ce3d040304", SignatureAlgorithm::kEcdsaSha512, false},
    {"2a864886f70d01010b", SignatureAlgorithm::kRsaPkcs1Sha256, true},
    {"2a864886f70d01010c", SignatureAlgorithm::kRsaPkcs1Sha384, true},
    {"2a864886f70d01010d", SignatureAlgorithm::kRsaPkcs1Sha512, true},
    {"2b6570", SignatureAlgorithm::kEd25519, false},
}};
constexpr std::string_view kRsaPss = "2a864886f70d01010a";  // RFC 4055, 3.1
constexpr std::string_view kMgf1 = "2a864886f70d010108";    // RFC 4055, 2.2

struct PssDigest {
  std::string_view arcs;
  SignatureAlgorithm algorithm;
  std::uint64_t salt_bytes;
};
constexpr std::array<PssDigest, 3> kPssDigests{{
    // RFC 4055, 2.1
    {"608648016503040201", SignatureAlgorithm::kRsaPssSha256, 32},
    {"608648016503040202", SignatureAlgorithm::kRsaPssSha384, 48},
    {"608648016503040203", SignatureAlgorithm::kRsaPssSha512, 64},
}};

// The AlgorithmIdentifier of a digest: parameters absent or NULL, both of which are to be accepted (RFC 4055, 2.1).
Result<const PssDigest*> read_digest(der::Reader& reader) {
  der::Reader identifier = TRY(reader.enter(der::kSequence, "PSS digest"));
  const std::string arcs = to_hex(TRY(identifier.object_identifier("PSS digest")));
  if (!identifier.at_end()) TRY(identifier.null("PSS digest parameters"));
  TRY(identifier.end("PSS digest"));
  const auto* found = std::ranges::find(kPssDigests, arcs, &PssDigest::arcs);
  if (found == kPssDigests.end()) return invalid("RSA-PSS with a digest other than SHA-256, SHA-384 and SHA-512");
  return found;
}

// RSASSA-PSS-params (RFC 4055, 3.1). The defaults are SHA-1's, so none of the first three fields can be absent.
Result<SignatureAlgorithm> read_pss_parameters(der::Reader& reader) {
  der::Reader parameters = TRY(reader.enter(der::kSequence, "PSS parameters"));
  der::Reader hash = TRY(parameters.enter(der::context_constructed(0), "PSS digest"));
  const PssDigest* digest = TRY(read_digest(hash));
  TRY(hash.end("PSS digest"));
  der::Reader mask = TRY(parameters.enter(der::context_constructed(1), "PSS mask"));
  der::Reader generator = TRY(mask.enter(der::kSequence, "PSS mask"));
  TRY(mask.end("PSS mask"));
  if (to_hex(TRY(generator.object_identifier("PSS mask"))) != kMgf1) return invalid("RSA-PSS with a mask but MGF1");
  if (TRY(read_digest(generator)) != digest) return invalid("RSA-PSS with two digests");
  TRY(generator.end("PSS mask"));
  der::Reader salt = TRY(parameters.enter(der::context_constructed(2), "PSS salt length"));
  if (TRY(salt.small_integer("PSS salt length")) != digest->salt_bytes) {
    return invalid("RSA-PSS with a salt that is not as long as the digest");
  }
  TRY(salt.end("PSS salt length"));
  if (!parameters.at_end()) {  // trailerField, whose only value is its default: some write it nevertheless
    der::Reader trailer = TRY(parameters.enter(der::context_constructed(3), "PSS trailer"));
    if (TRY(trailer.small_integer("PSS trailer")) != 1) return invalid("RSA-PSS with an unknown trailer");
    TRY(trailer.end("PSS trailer"));
  }
  TRY(parameters.end("PSS parameters"));
  return digest->algorithm;
}

Result<SignatureAlgorithm> parse_algorithm(BytesView der) {
  der::Reader outer(der);
  der::Reader identifier = TRY(outer.enter(der::kSequence, "signature algorithm"));
  const BytesView oid = TRY(identifier.object_identifier("signature algorithm"));
  const std::string arcs = to_hex(oid);
  if (arcs == kRsaPss) {
    const SignatureAlgorithm algorithm = TRY(read_pss_parameters(identifier));
    TRY(identifier.end("signature algorithm"));
    return algorithm;
  }
  const auto* found = std::ranges::find(kAlgorithms, arcs, &KnownAlgorithm::arcs);
  if (found == kAlgorithms.end()) return invalid("the signature algorithm {}", der::object_identifier_text(oid));
  if (found->null_parameters) TRY(identifier.null("signature algorithm parameters"));
  TRY(identifier.end("signature algorithm"));
  return found->algorithm;
}

}  // namespace

bool Extension::is(ExtensionId id) const {
  return oid.size() == 3 && oid[0] == std::byte{0x55} && oid[1] == std::byte{0x1d} && oid[2] == std::byte(id);
}

Result<Signed> read_signed(BytesView der, std::string_view what) {
  der::Reader outer(der);
  der::Reader reader = TRY(outer.enter(der::kSequence, what));
  TRY(outer.end(what));
  Signed out{};
  out.tbs = TRY(reader.element(der::kSequence, "signed part")).whole;
  out.algorithm_der = TRY(reader.element(der::kSequence, "signature algorithm")).whole;
  out.algorithm = TRY(parse_algorithm(out.algorithm_der));
  out.signature = TRY(reader.octet_aligned_bits("signature"));
  TRY(reader.end(what));
  return out;
}

Result<void> read_same_algorithm(der::Reader& reader, const Signed& outer) {
  const der::Element inner = TRY(reader.element(der::kSequence, "signature algorithm"));
  if (!std::ranges::equal(inner.whole, outer.algorithm_der)) return invalid("it names two signature algorithms");
  return {};
}

Result<BytesView> read_serial(der::Reader& reader) {
  const BytesView serial = TRY(reader.unsigned_integer("serial number"));
  if (serial.size() > kMaxSerialBytes) return invalid("a serial number of {} bytes", serial.size());
  return serial;
}

Result<std::vector<Extension>> read_extensions(der::Reader& reader) {
  der::Reader list = TRY(reader.enter(der::kSequence, "extensions"));
  if (list.at_end()) return invalid("an empty list of extensions");
  std::vector<Extension> out;
  while (!list.at_end()) {
    if (out.size() == kMaxExtensions) return invalid("more than {} extensions", kMaxExtensions);
    der::Reader one = TRY(list.enter(der::kSequence, "extension"));
    Extension extension;
    extension.oid = TRY(one.object_identifier("extension"));
    // DER leaves out what is the default; writing "critical: false" is a common slip that changes nothing.
    if (one.next_is(der::kBoolean)) extension.critical = TRY(one.boolean("extension's criticality"));
    extension.value = TRY(one.contents(der::kOctetString, "extension's value"));
    TRY(one.end("extension"));
    const auto same = [&](const Extension& other) { return std::ranges::equal(other.oid, extension.oid); };
    if (std::ranges::any_of(out, same)) {
      return invalid("the extension {} twice", der::object_identifier_text(extension.oid));
    }
    out.push_back(extension);
  }
  return out;
}

Result<BytesView> parse_key_id(BytesView value) {
  der::Reader reader(value);
  const BytesView id = TRY(reader.contents(der::kOctetString, "subject key identifier"));
  TRY(reader.end("subject key identifier"));
  return id;
}

Result<std::optional<BytesView>> parse_authority_key_id(BytesView value) {
  der::Reader outer(value);
  der::Reader reader = TRY(outer.enter(der::kSequence, "authority key identifier"));
  TRY(outer.end("authority key identifier"));
  std::optional<BytesView> id;
  if (reader.next_is(der::context(0))) id = TRY(reader.contents(der::context(0), "authority key identifier"));
  // authorityCertIssuer and authorityCertSerialNumber, which we have no use for.
  if (reader.next_is(der::context_constructed(1))) TRY(reader.any("authority key identifier"));
  if (reader.next_is(der::context(2))) TRY(reader.any("authority key identifier"));
  TRY(reader.end("authority key identifier"));
  return id;
}

Result<std::vector<std::string>> parse_distribution_points(BytesView value) {
  der::Reader outer(value);
  der::Reader points = TRY(outer.enter(der::kSequence, "distribution points"));
  TRY(outer.end("distribution points"));
  std::vector<std::string> out;
  while (!points.at_end()) {
    der::Reader point = TRY(points.enter(der::kSequence, "distribution point"));
    if (!point.next_is(der::context_constructed(0))) continue;
    TRY(read_distribution_name(TRY(point.enter(der::context_constructed(0), "distribution point's name")), out));
  }
  return out;
}

Result<void> read_distribution_name(der::Reader name, std::vector<std::string>& urls) {
  if (!name.next_is(der::context_constructed(0))) return {};  // relative to the issuer
  der::Reader full = TRY(name.enter(der::context_constructed(0), "distribution point's name"));
  while (!full.at_end()) {
    const der::Element general = TRY(full.any("distribution point's name"));
    if (general.tag != der::context(6)) continue;  // uniformResourceIdentifier
    if (urls.size() == kMaxUrls) return invalid("more than {} distribution points", kMaxUrls);
    urls.emplace_back(as_text(general.contents));
  }
  return {};
}

}  // namespace adyton::x509
