// SPDX-License-Identifier: Apache-2.0
#include "testing/fake_tpm.h"

#include <algorithm>

#include <adyton/der.h>
#include "base/base64.h"
#include "base/cursor.h"

namespace adyton::testing {
namespace {

void append_sized(Bytes& out, BytesView bytes) {
  append_be(out, static_cast<std::uint16_t>(bytes.size()));
  append(out, bytes);
}

struct RsaNumbers {
  Bytes modulus, exponent;
};
struct Point {
  Bytes x, y;
};

// The BIT STRING of a SubjectPublicKeyInfo.
BytesView key_bits(const SigningKey& key) {
  der::Reader outer(key.verifying_key().spki());
  der::Reader spki = outer.enter(der::kSequence, "SPKI").value();
  spki.element(der::kSequence, "algorithm").value();
  return spki.octet_aligned_bits("key").value();
}

RsaNumbers rsa_numbers(const SigningKey& key) {
  der::Reader outer(key_bits(key));
  der::Reader numbers = outer.enter(der::kSequence, "RSA key").value();
  const BytesView modulus = numbers.unsigned_integer("modulus").value();
  return {to_bytes(modulus), to_bytes(numbers.unsigned_integer("exponent").value())};
}

Point point(const SigningKey& key) {
  const BytesView bits = key_bits(key).subspan(1);  // 04h: uncompressed
  return {to_bytes(bits.first(bits.size() / 2)), to_bytes(bits.subspan(bits.size() / 2))};
}

std::string base64url(BytesView bytes) {
  std::string out = to_base64(bytes);
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  while (out.ends_with('=')) out.pop_back();
  return out;
}

}  // namespace

Bytes fake_tpm_attest(const FakeQuote& fields) {
  Bytes out;
  append_be(out, std::uint32_t{0xff544347});
  append_be(out, std::uint16_t{0x8018});
  append_sized(out, Bytes(34, std::byte{0x22}));
  append_sized(out, fields.extra_data);
  append_be(out, std::uint64_t{123456});  // clock
  append_be(out, std::uint32_t{3});       // resets
  append_be(out, std::uint32_t{1});       // restarts
  append_be(out, static_cast<std::uint8_t>(fields.safe ? 1 : 0));
  append_be(out, std::uint64_t{0x2020031200120003});
  append_be(out, static_cast<std::uint32_t>(fields.selections.size()));
  for (const TpmPcrSelection& selection : fields.selections) {
    append_be(out, tpm_algorithm_of(selection.bank));
    append_be(out, std::uint8_t{3});
    for (unsigned i = 0; i < 3; ++i) append_be(out, static_cast<std::uint8_t>(selection.pcrs >> (8 * i)));
  }
  append_sized(out, fields.pcr_digest);
  return out;
}

Bytes fake_tpm_signature(BytesView attest, const SigningKey& key, bool pss) {
  Bytes out;
  const bool rsa = key.verifying_key().type() == KeyType::kRsa;
  append_be(out, static_cast<std::uint16_t>(!rsa ? 0x0018 : pss ? 0x0016 : 0x0014));
  append_be(out, std::uint16_t{0x000b});
  if (rsa) {
    append_sized(
        out, key.sign(pss ? SignatureAlgorithm::kRsaPssSha256 : SignatureAlgorithm::kRsaPkcs1Sha256, attest).value());
  } else {
    const Bytes raw = key.sign(SignatureAlgorithm::kEcdsaSha256, attest, EcdsaForm::kRaw).value();
    append_sized(out, BytesView(raw).first(raw.size() / 2));
    append_sized(out, BytesView(raw).subspan(raw.size() / 2));
  }
  return out;
}

Bytes fake_tpm_public(const SigningKey& key, std::uint32_t attributes) {
  Bytes out;
  const bool rsa = key.verifying_key().type() == KeyType::kRsa;
  append_be(out, static_cast<std::uint16_t>(rsa ? 0x0001 : 0x0023));
  append_be(out, std::uint16_t{0x000b});
  append_be(out, attributes);
  append_sized(out, {});                  // policy
  append_be(out, std::uint16_t{0x0010});  // no symmetric algorithm
  append_be(out, static_cast<std::uint16_t>(rsa ? 0x0014 : 0x0018));
  append_be(out, std::uint16_t{0x000b});
  if (rsa) {
    const RsaNumbers numbers = rsa_numbers(key);
    append_be(out, static_cast<std::uint16_t>(numbers.modulus.size() * 8));
    append_be(out, std::uint32_t{0});  // 65537
    append_sized(out, numbers.modulus);
  } else {
    append_be(out, std::uint16_t{0x0003});  // P-256
    append_be(out, std::uint16_t{0x0010});  // no KDF
    const Point public_point = point(key);
    append_sized(out, public_point.x);
    append_sized(out, public_point.y);
  }
  return out;
}

TpmPcrValues fake_pcrs(HashAlgorithm bank) {
  TpmPcrValues out{.bank = bank, .values = {}};
  for (std::size_t i = 0; i < kTpmPcrs; ++i) out.values[i] = Bytes(size_of(bank), static_cast<std::byte>(i));
  return out;
}

TpmQuote fake_tpm_quote(const TpmPcrValues& values, Bytes extra_data, const SigningKey& key) {
  Bytes all;
  std::uint32_t selected = 0;
  for (std::size_t i = 0; i < kTpmPcrs; ++i) {
    if (!values.values[i]) continue;
    append(all, *values.values[i]);
    selected |= 1U << i;
  }
  const Bytes attest = fake_tpm_attest({.extra_data = std::move(extra_data),
                                        .selections = {{values.bank, selected}},
                                        .pcr_digest = hash(HashAlgorithm::kSha256, all).value()});
  TpmQuote out;
  out.attest = parse_tpm_attest(attest).value();
  out.signature = parse_tpm_signature(fake_tpm_signature(attest, key)).value();
  out.pcrs.push_back(values);
  return out;
}

Bytes fake_event_log(const std::vector<FakeEvent>& events, const std::vector<HashAlgorithm>& banks) {
  Bytes out;
  if (!banks.empty()) {
    Bytes header = to_bytes(std::string_view("Spec ID Event03\0", 16));
    append_le(header, std::uint32_t{0});
    append_le(header, std::uint32_t{0x02000200});
    append_le(header, static_cast<std::uint32_t>(banks.size()));
    for (const HashAlgorithm bank : banks) {
      append_le(header, tpm_algorithm_of(bank));
      append_le(header, static_cast<std::uint16_t>(size_of(bank)));
    }
    header.push_back(std::byte{0});
    append_le(out, std::uint32_t{0});
    append_le(out, kEventNoAction);
    out.resize(out.size() + 20);
    append_le(out, static_cast<std::uint32_t>(header.size()));
    append(out, header);
  }
  for (const FakeEvent& event : events) {
    append_le(out, event.register_index);
    append_le(out, event.type);
    if (banks.empty()) append(out, hash(HashAlgorithm::kSha1, event.data).value());
    if (!banks.empty()) append_le(out, static_cast<std::uint32_t>(banks.size()));
    for (const HashAlgorithm bank : banks) {
      append_le(out, tpm_algorithm_of(bank));
      append(out, hash(bank, event.data).value());
    }
    append_le(out, static_cast<std::uint32_t>(event.data.size()));
    append(out, event.data);
  }
  return out;
}

Bytes fake_hcl_report(BytesView hardware, std::uint32_t kind, std::string_view runtime_json, std::uint32_t hash_type) {
  const auto json = static_cast<std::uint32_t>(runtime_json.size());
  Bytes out = to_bytes("HCLA");
  append_le(out, std::uint32_t{kind == 4 ? 2U : 1U});
  append_le(out, std::uint32_t{32 + 1184 + 20} + json);
  append_le(out, std::uint32_t{2});
  out.resize(32);
  append(out, hardware);
  out.resize(32 + 1184);
  append_le(out, 20 + json);
  append_le(out, std::uint32_t{1});
  append_le(out, kind);
  append_le(out, hash_type);
  append_le(out, json);
  append(out, as_bytes(runtime_json));
  return out;
}

std::string fake_runtime_json(const SigningKey& ak) {
  const RsaNumbers numbers = rsa_numbers(ak);
  return R"({"keys":[{"kid":"HCLAkPub","key_ops":["sign"],"kty":"RSA","e":")" + base64url(numbers.exponent) +
         R"(","n":")" + base64url(numbers.modulus) +
         R"("}],"vm-configuration":{"secure-boot":true,"tpm-enabled":true,"vmUniqueId":"fake"},"user-data":"0102"})";
}

}  // namespace adyton::testing
