// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nvidia_rim.h"

#include <algorithm>
#include <charconv>

#include "attest/xml.h"
#include "base/base64.h"
#include "base/error.h"

namespace adyton {
namespace {

using xml::Element;

constexpr std::string_view kSwid = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";
constexpr std::string_view kHash = "http://www.w3.org/2001/04/xmlenc#sha384";  // namespace of Hash0, Hash1, ...
constexpr std::string_view kSignature = "http://www.w3.org/2000/09/xmldsig#";
constexpr std::string_view kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
constexpr std::string_view kCanonical10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
constexpr std::string_view kCanonical11 = "http://www.w3.org/2006/12/xml-c14n11";
constexpr std::string_view kEcdsaSha384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
constexpr std::string_view kSha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384";
constexpr std::size_t kDigestBytes = 48, kSignatureBytes = 96, kMaxCertificates = 8, kMaxAlternatives = 64;

Result<std::string> attribute(const Element& element, std::string_view name) {
  const std::string* value = element.attribute({}, name);
  if (!value) return invalid("{} has no {}", element.local, name);
  return *value;
}

Result<unsigned> number(const Element& element, std::string_view name, unsigned most) {
  const std::string text = TRY(attribute(element, name));
  unsigned out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out > most)
    return invalid("{} \"{}\"", name, text.substr(0, 32));
  return out;
}

Result<void> expect_algorithm(const Element& element, std::initializer_list<std::string_view> allowed) {
  const std::string found = TRY(attribute(element, "Algorithm"));
  if (std::ranges::find(allowed, found) != allowed.end()) return {};
  return invalid("the {} {} is not accepted here", element.local, found.substr(0, 128));
}

Result<Bytes> base64_of(const Element& element) {
  std::string text = element.text();
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
  return parse_base64(text).within(element.local);
}

Result<NvidiaRim::Reference> read_reference(const Element& resource) {
  NvidiaRim::Reference out;
  out.index = TRY(number(resource, "index", 254));
  const std::string active = TRY(attribute(resource, "active"));
  if (active != "True" && active != "False") return invalid("active \"{}\"", active.substr(0, 32));
  out.active = active == "True";
  const unsigned alternatives = TRY(number(resource, "alternatives", kMaxAlternatives));
  if (TRY(number(resource, "size", kDigestBytes)) != kDigestBytes)
    return invalid("a measurement that is not of {} bytes", kDigestBytes);
  for (unsigned i = 0; i < alternatives; ++i) {
    const std::string* hash = resource.attribute(kHash, fmt::format("Hash{}", i));
    if (!hash) return invalid("Hash{} is missing", i);
    out.alternatives.push_back(TRY(parse_hex(*hash)));
    if (out.alternatives.back().size() != kDigestBytes)
      return invalid("a measurement that is not of {} bytes", kDigestBytes);
  }
  return out;
}

Result<void> read_references(const Element& payload, NvidiaRim& out) {
  for (const Element* resource : payload.elements()) {
    if (!resource->is(kSwid, "Resource")) return invalid("the payload has a {}", resource->local);
    NvidiaRim::Reference reference = TRY(read_reference(*resource).within("a reference value"));
    if (std::ranges::find(out.references, reference.index, &NvidiaRim::Reference::index) != out.references.end()) {
      return invalid("measurement {} is there twice", reference.index);
    }
    out.references.push_back(std::move(reference));
  }
  return {};
}

// XML Signature 1.1, 4.4.3: one reference, to the whole document without the signature.
Result<void> read_signed_reference(const Element& reference, NvidiaRim& out) {
  if (TRY(attribute(reference, "URI")) != "") return invalid("the signature is not over the whole document");
  const auto transforms = TRY(reference.only(kSignature, "Transforms"))->elements();
  if (transforms.size() != 2) return invalid("{} transforms", transforms.size());
  TRY(expect_algorithm(*transforms[0], {kEnveloped}));
  TRY(expect_algorithm(*transforms[1], {kCanonical10, kCanonical11}));
  TRY(expect_algorithm(*TRY(reference.only(kSignature, "DigestMethod")), {kSha384}));
  out.digest = TRY(base64_of(*TRY(reference.only(kSignature, "DigestValue"))));
  if (out.digest.size() != kDigestBytes) return invalid("a digest of {} bytes", out.digest.size());
  return {};
}

Result<void> read_certificates(const Element& signature, NvidiaRim& out) {
  const Element* data = TRY(TRY(signature.only(kSignature, "KeyInfo"))->only(kSignature, "X509Data"));
  for (const Element* each : data->elements()) {
    if (!each->is(kSignature, "X509Certificate")) continue;
    if (out.certificates.size() == kMaxCertificates) return invalid("more than {} certificates", kMaxCertificates);
    out.certificates.push_back(TRY(Certificate::parse(TRY(base64_of(*each)))));
  }
  if (out.certificates.empty()) return invalid("the signer's certificate is missing");
  return {};
}

Result<void> read_signature(const Element& root, NvidiaRim& out) {
  const Element* signature = TRY(root.only(kSignature, "Signature"));
  const Element* info = TRY(signature->only(kSignature, "SignedInfo"));
  TRY(expect_algorithm(*TRY(info->only(kSignature, "CanonicalizationMethod")), {kCanonical10, kCanonical11}));
  TRY(expect_algorithm(*TRY(info->only(kSignature, "SignatureMethod")), {kEcdsaSha384}));
  TRY(read_signed_reference(*TRY(info->only(kSignature, "Reference")), out));
  out.signature = TRY(base64_of(*TRY(signature->only(kSignature, "SignatureValue"))));
  if (out.signature.size() != kSignatureBytes) return invalid("a signature of {} bytes", out.signature.size());
  TRY(read_certificates(*signature, out));
  out.signed_content = xml::canonical(root, signature);
  out.signed_info = xml::canonical_within({&root, signature, info});
  return {};
}

Result<NvidiaRim> parse(BytesView bytes) {
  const Element root = TRY(xml::parse(as_text(bytes)));
  if (!root.is(kSwid, "SoftwareIdentity")) return invalid("it is a {}", root.local.substr(0, 64));
  NvidiaRim out;
  out.name = TRY(attribute(root, "name"));
  out.version = TRY(attribute(*TRY(root.only(kSwid, "Meta")), "colloquialVersion"));
  TRY(read_references(*TRY(root.only(kSwid, "Payload")), out));
  TRY(read_signature(root, out).within("its signature"));
  return out;
}

}  // namespace

Result<NvidiaRim> parse_nvidia_rim(BytesView bytes) {
  return parse(bytes).within("not a reference manifest of NVIDIA's");
}

bool looks_like_nvidia_rim(BytesView bytes) {
  const std::string_view front = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 1024)));
  return front.contains("<SoftwareIdentity ") && front.contains(kSwid);
}

}  // namespace adyton
