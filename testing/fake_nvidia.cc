// SPDX-License-Identifier: Apache-2.0
#include "testing/fake_nvidia.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <adyton/der.h>
#include "base/base64.h"
#include "base/cursor.h"
#include "crypto/crypto.h"

namespace adyton::testing {
namespace {

template <std::size_t N>
BytesView view(const std::array<std::uint8_t, N>& bytes) {
  return std::as_bytes(std::span(bytes));
}

Bytes text_field(std::string_view text) {
  Bytes out = to_bytes(text);
  out.push_back(std::byte{0});
  return out;
}

void write_firmware_id(der::Writer& out, const Bytes& firmware_id) {
  out.nested(der::kSequence, [&] {
    out.element(der::kObjectIdentifier, oid("2.16.840.1.101.3.4.2.2"));
    out.element(der::kOctetString, firmware_id);
  });
}

FakeExtension composite_device_id(const Bytes& firmware_id, BytesView device_spki) {
  der::Writer out;
  out.nested(der::kSequence, [&] {
    out.integer(1);
    out.raw(device_spki);
    write_firmware_id(out, firmware_id);
  });
  return {oid("2.23.133.5.4.1"), out.take()};
}

FakeExtension tcb_info(const Bytes& firmware_id) {
  der::Writer out;
  out.nested(der::kSequence, [&] {
    out.text(der::context(0), "NVIDIA");
    out.nested(der::context_constructed(6), [&] {
      write_firmware_id(out, firmware_id);
      write_firmware_id(out, Bytes(48, std::byte{0}));
    });
  });
  return {oid("2.23.133.5.4.1.1"), out.take()};
}

}  // namespace

FakeNvidiaReport fake_gpu_report(const Bytes& firmware_id) {
  FakeNvidiaReport out;
  for (std::size_t i = 0; i < out.measurements.size(); ++i) {
    std::ranges::fill(out.measurements[i], static_cast<std::byte>(i + 1));
  }
  out.fields = {{6, parse_hex("009f009601000000").value()},
                {15, text_field("882")},
                {17, text_field("1010")},
                {18, text_field("0200")},
                {3, text_field("550.1")},
                {11, Bytes{std::byte{0x55}}},
                {20, firmware_id}};
  return out;
}

Bytes fake_nvidia_report(const FakeNvidiaReport& report, const SigningKey& key) {
  Bytes out = parse_hex("11e001ff").value();
  append(out, report.nonce);
  append(out, parse_hex("0011600000").value());
  out.push_back(static_cast<std::byte>(report.measurements.size()));
  Bytes record;
  for (std::size_t i = 0; i < report.measurements.size(); ++i) {
    const Bytes& value = report.measurements[i];
    append_le<std::uint8_t>(record, static_cast<std::uint8_t>(i + 1));
    append_le<std::uint8_t>(record, 1);
    append_le<std::uint16_t>(record, static_cast<std::uint16_t>(value.size() + 3));
    append_le<std::uint8_t>(record, 1);
    append_le<std::uint16_t>(record, static_cast<std::uint16_t>(value.size()));
    append(record, value);
  }
  append_le<std::uint16_t>(out, static_cast<std::uint16_t>(record.size()));
  append_le<std::uint8_t>(out, 0);
  append(out, record);
  append(out, Bytes(32, std::byte{0x22}));
  Bytes opaque;
  for (const auto& [field, value] : report.fields) {
    append_le<std::uint16_t>(opaque, field);
    append_le<std::uint16_t>(opaque, static_cast<std::uint16_t>(value.size()));
    append(opaque, value);
  }
  append_le<std::uint16_t>(out, static_cast<std::uint16_t>(opaque.size()));
  append(out, opaque);
  append(out, key.sign(SignatureAlgorithm::kEcdsaSha384, out, EcdsaForm::kRaw).value());
  return out;
}

std::string FakeNvidiaDevice::pem() const {
  std::string out;
  for (const Certificate* certificate : {&attestation.certificate, &device.certificate(), &root.certificate()}) {
    out += to_pem("CERTIFICATE", certificate->der());
  }
  return out;
}

FakeNvidiaDevice fake_nvidia_device(const Bytes& firmware_id, const FakeNvidiaOptions& options) {
  FakeCa root = FakeCa::root("Fake NVIDIA Device Identity CA", {.key = KeyType::kP384});
  FakeCa device = root.issue_ca("Fake GPU BROM", {.key = KeyType::kP384, .key_slot = 1});
  FakeOptions leaf = options.leaf;
  leaf.key = leaf.key == KeyType::kP256 ? KeyType::kP384 : leaf.key;
  if (leaf.key_slot == 0) leaf.key_slot = 2;
  const BytesView spki = options.device_spki ? BytesView(*options.device_spki) : device.certificate().key().spki();
  leaf.extensions.push_back(options.newer ? tcb_info(firmware_id) : composite_device_id(firmware_id, spki));
  FakeIdentity attestation = device.issue("Fake GPU FMC", leaf);
  return {std::move(root), std::move(device), std::move(attestation)};
}

std::string fake_nvidia_entry(BytesView report, const FakeNvidiaDevice& device, const Bytes& nonce) {
  return fmt::format(R"({{"arch":"HOPPER","certificate":"{}","evidence":"{}","nonce":"{}"}})",
                     to_base64(as_bytes(device.pem())), to_base64(report), to_hex(nonce));
}

// Written in canonical form, so that no canonicalization is needed to sign it.
std::string fake_nvidia_rim(const FakeRim& rim, FakeCa& root) {
  const FakeIdentity signer = root.issue("Fake RIM signer", {.key = KeyType::kP384, .key_slot = 3});
  std::string content = fmt::format(
      "<SoftwareIdentity xmlns=\"http://standards.iso.org/iso/19770/-2/2015/schema.xsd\" "
      "xmlns:h=\"http://www.w3.org/2001/04/xmlenc#sha384\" name=\"{}\">\n  <Meta colloquialVersion=\"{}\"></Meta>\n "
      " "
      "<Payload>",
      rim.chip, rim.version);
  for (const auto& [index, alternatives] : rim.values) {
    // Attributes without a namespace come first, by name.
    content += fmt::format("<Resource active=\"True\" alternatives=\"{}\" index=\"{}\" size=\"48\"",
                           alternatives.size(), index);
    for (std::size_t i = 0; i < alternatives.size(); ++i)
      content += fmt::format(" h:Hash{}=\"{}\"", i, to_hex(alternatives[i]));
    content += "></Resource>";
  }
  content += "</Payload>" + rim.signed_extra;
  const std::string end = "</SoftwareIdentity>";
  const std::string digest = to_base64(sha384(as_bytes(content + end)));
  const std::string info = fmt::format(
      "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2006/12/xml-c14n11\"></ds:CanonicalizationMethod>"
      "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384\"></ds:SignatureMethod>"
      "<ds:Reference URI=\"\"><ds:Transforms>"
      "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>"
      "<ds:Transform Algorithm=\"http://www.w3.org/2006/12/xml-c14n11\"></ds:Transform></ds:Transforms>"
      "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#sha384\"></ds:DigestMethod>"
      "<ds:DigestValue>{}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
      digest);
  const std::string canonical =
      "<ds:SignedInfo xmlns=\"http://standards.iso.org/iso/19770/-2/2015/schema.xsd\" "
      "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:h=\"http://www.w3.org/2001/04/xmlenc#sha384\">" +
      info;
  const Bytes signature =
      signer.key.sign(SignatureAlgorithm::kEcdsaSha384, as_bytes(canonical), EcdsaForm::kRaw).value();
  return content + rim.unsigned_extra +
         fmt::format(
             "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>{}"
             "<ds:SignatureValue>{}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}"
             "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
             info, to_base64(signature), to_base64(signer.certificate.der())) +
         end + "\n";
}

}  // namespace adyton::testing
