// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_evidence.h"

#include <algorithm>

#include <adyton/der.h>
#include "attest/collateral/certificate_table.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxBytes = 256 * 1024;
constexpr std::size_t kResponseHeader = 32;  // MSG_REPORT_RSP: status, report size, 24 reserved bytes
constexpr std::size_t kMaxCertificates = 16;

Result<void> add_certificate(BytesView der, SnpEvidence& out) {
  if (out.certificates.size() == kMaxCertificates) return invalid("more than {} certificates", kMaxCertificates);
  out.certificates.push_back(TRY(Certificate::parse(der)));
  return {};
}

Result<void> add_list(BytesView der, SnpEvidence& out) {
  if (out.lists.size() == kMaxCertificates) return invalid("more than {} revocation lists", kMaxCertificates);
  out.lists.push_back(TRY(RevocationList::parse(der)));
  return {};
}

Result<void> add_pem(BytesView text, SnpEvidence& out) {
  for (const PemBlock& block : TRY(parse_pem_blocks(as_text(text), kMaxCertificates))) {
    if (block.label == "CERTIFICATE") TRY(add_certificate(block.der, out));
    if (block.label == "X509 CRL") TRY(add_list(block.der, out));
  }
  return {};
}

bool is_pem(BytesView bytes) { return as_text(bytes).starts_with("-----BEGIN "); }

// The revocation list's entry; all others that a host may add under identifiers of its own are not AMD's.
constexpr std::string_view kListGuid = "92f81bc3-5811-4d3d-97ff-d19f88dc67ea";
constexpr std::string_view kCertificateGuids[] = {
    "63da758d-e664-4564-adc5-f4b93be8accd",  // VCEK
    "a8074bc2-a25a-483e-aae6-39c045a0b8a1",  // VLEK
    "4ab7b379-bbac-4fe4-a02f-05aef327c782",  // ASK, ASVK
    "c0b406a4-a803-4952-9743-3fb6014cd0ae",  // ARK
};

Result<void> add_table(BytesView table, SnpEvidence& out) {
  for (const CertificateTableEntry& entry : TRY(parse_certificate_table(table))) {
    const auto add = [&]() -> Result<void> {
      if (entry.bytes.empty()) return {};
      if (is_pem(entry.bytes)) return add_pem(entry.bytes, out);
      if (entry.guid == kListGuid) return add_list(entry.bytes, out);
      if (std::ranges::find(kCertificateGuids, entry.guid) == std::end(kCertificateGuids)) return {};
      return add_certificate(entry.bytes, out);
    };
    TRY(add().within("entry " + entry.guid + " of the certificate table"));
  }
  return {};
}

// One DER certificate after another.
Result<void> add_certificates(BytesView bytes, SnpEvidence& out) {
  der::Reader reader(bytes);
  while (!reader.at_end() && !all_zero(reader.rest())) {
    const der::Element element = TRY(reader.element(der::kSequence, "certificate"));
    TRY(add_certificate(element.whole, out));
  }
  return {};
}

Result<SnpEvidence> parse_report_and_rest(BytesView bytes, std::string_view form) {
  const BytesView report = bytes.first(std::min(bytes.size(), SnpReport::kBytes));
  const BytesView rest = bytes.subspan(report.size());
  SnpReport parsed = TRY(parse_snp_report(report));
  SnpEvidence out{.report = std::move(parsed), .form = form, .certificates = {}, .lists = {}, .request = {}};
  if (all_zero(rest)) return out;
  const auto add = [&]() -> Result<void> {
    if (looks_like_certificate_table(rest)) return add_table(rest, out);
    if (is_pem(rest)) return add_pem(rest, out);
    if (rest[0] == std::byte{der::kSequence}) return add_certificates(rest, out);
    return invalid("{} bytes that are neither a certificate table nor certificates", rest.size());
  };
  TRY(add().within("what follows the report"));
  return out;
}

bool looks_like_response(BytesView bytes) {
  return bytes.size() > kResponseHeader && load_le<std::uint32_t>(bytes, 0) == 0 &&
         load_le<std::uint32_t>(bytes, 4) == SnpReport::kBytes && all_zero(bytes.subspan(8, kResponseHeader - 8)) &&
         looks_like_snp_report(bytes.subspan(kResponseHeader));
}

// PKCS #10 (RFC 2986, 4.1) with the attribute extensionRequest (RFC 2985, 5.4.2).
constexpr std::uint8_t kExtensionRequest[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e};
// 1.3.6.1.4.1.58270.1.3: of Enarx's keeps on SEV-SNP.
constexpr std::uint8_t kEnarxSnp[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xc7, 0x1e, 0x01, 0x03};
constexpr std::uint8_t kEcdsaSha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
constexpr std::uint8_t kEcdsaSha384[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};

template <std::size_t N>
bool is(BytesView oid, const std::uint8_t (&arcs)[N]) {
  return std::ranges::equal(oid, std::as_bytes(std::span(arcs)));
}

bool contains(BytesView bytes, BytesView part) { return !std::ranges::search(bytes, part).empty(); }

// The contents of the Enarx extension: SEQUENCE { SEQUENCE { vcek Certificate, SEQUENCE { SEQUENCE OF SEQUENCE { url,
// list } } OPTIONAL }, report OCTET STRING }.
Result<SnpEvidence> parse_enarx(BytesView contents) {
  der::Reader outer(contents);
  der::Reader fields = TRY(outer.enter(der::kSequence, "Enarx evidence"));
  TRY(outer.end("Enarx evidence"));
  der::Reader vouchers = TRY(fields.enter(der::kSequence, "Enarx certificates"));
  const BytesView report = TRY(fields.contents(der::kOctetString, "SNP report"));
  SnpReport parsed = TRY(parse_snp_report(report));
  SnpEvidence out{
      .report = std::move(parsed), .form = "certificate request", .certificates = {}, .lists = {}, .request = {}};
  TRY(add_certificate(TRY(vouchers.element(der::kSequence, "VCEK")).whole, out));
  if (vouchers.at_end()) return out;
  der::Reader wrapped = TRY(vouchers.enter(der::kSequence, "revocation lists"));
  der::Reader lists = TRY(wrapped.enter(der::kSequence, "revocation lists"));
  while (!lists.at_end()) {
    der::Reader entry = TRY(lists.enter(der::kSequence, "revocation list"));
    TRY(entry.any("URL of a revocation list"));
    TRY(add_list(TRY(entry.element(der::kSequence, "revocation list")).whole, out));
  }
  return out;
}

// The extension's contents in the attributes of a request.
Result<BytesView> find_extension(der::Reader attributes) {
  while (!attributes.at_end()) {
    der::Reader attribute = TRY(attributes.enter(der::kSequence, "attribute"));
    const BytesView type = TRY(attribute.object_identifier("attribute"));
    der::Reader values = TRY(attribute.enter(der::kSet, "attribute values"));
    if (!is(type, kExtensionRequest)) continue;
    der::Reader extensions = TRY(values.enter(der::kSequence, "requested extensions"));
    while (!extensions.at_end()) {
      der::Reader extension = TRY(extensions.enter(der::kSequence, "extension"));
      const BytesView oid = TRY(extension.object_identifier("extension"));
      if (extension.next_is(der::kBoolean)) TRY(extension.boolean("critical"));
      const BytesView contents = TRY(extension.contents(der::kOctetString, "extension"));
      if (is(oid, kEnarxSnp)) return contents;
    }
  }
  return not_found("the request has no extension with a SEV-SNP report");
}

Result<SignatureAlgorithm> read_algorithm(der::Reader& fields) {
  der::Reader algorithm = TRY(fields.enter(der::kSequence, "signature algorithm"));
  const BytesView oid = TRY(algorithm.object_identifier("signature algorithm"));
  if (is(oid, kEcdsaSha256)) return SignatureAlgorithm::kEcdsaSha256;
  if (is(oid, kEcdsaSha384)) return SignatureAlgorithm::kEcdsaSha384;
  return invalid("the request is signed with {}", der::object_identifier_text(oid));
}

Result<SnpEvidence> parse_request(BytesView der) {
  der::Reader outer(der);
  der::Reader request = TRY(outer.enter(der::kSequence, "certificate request"));
  TRY(outer.end("certificate request"));
  const der::Element info = TRY(request.element(der::kSequence, "request info"));
  const SignatureAlgorithm algorithm = TRY(read_algorithm(request));
  const BytesView signature = TRY(request.octet_aligned_bits("signature"));
  TRY(request.end("certificate request"));

  der::Reader fields(info.contents);
  TRY(fields.small_integer("version"));
  TRY(fields.element(der::kSequence, "subject"));
  const BytesView spki = TRY(fields.element(der::kSequence, "public key")).whole;
  const BytesView extension = TRY(find_extension(TRY(fields.enter(der::context_constructed(0), "attributes"))));
  SnpEvidence out = TRY(parse_enarx(extension));
  VerifyingKey key = TRY(VerifyingKey::parse_spki(spki));
  out.request = SnpEvidence::Request{.key = std::move(key),
                                     .signed_part = to_bytes(info.whole),
                                     .signature = to_bytes(signature),
                                     .algorithm = algorithm};
  return out;
}

bool looks_like_request(BytesView bytes) {
  if (as_text(bytes).starts_with("-----BEGIN CERTIFICATE REQUEST-----")) return true;
  return !bytes.empty() && bytes[0] == std::byte{der::kSequence} &&
         contains(bytes, std::as_bytes(std::span(kEnarxSnp)));
}

Result<SnpEvidence> parse_binary(BytesView bytes) {
  if (looks_like_response(bytes)) {
    return parse_report_and_rest(bytes.subspan(kResponseHeader), "MSG_REPORT_RSP");
  }
  if (looks_like_request(bytes)) {
    if (!is_pem(bytes)) return parse_request(bytes);
    for (const PemBlock& block : TRY(parse_pem_blocks(as_text(bytes), 4))) {
      if (block.label == "CERTIFICATE REQUEST") return parse_request(block.der);
    }
    return invalid("no certificate request in the PEM text");
  }
  return parse_report_and_rest(bytes, "report");
}

}  // namespace

Result<SnpEvidence> parse_snp_evidence(BytesView bytes) {
  if (bytes.size() > kMaxBytes) return invalid("not SEV-SNP evidence: {} bytes are too many", bytes.size());
  return parse_binary(bytes).within("not SEV-SNP evidence");
}

bool looks_like_snp_evidence(BytesView bytes) {
  if (bytes.size() > kMaxBytes) return false;
  return looks_like_snp_report(bytes) || looks_like_response(bytes) || looks_like_request(bytes);
}

}  // namespace adyton
