// SPDX-License-Identifier: Apache-2.0
#include "crypto/cose_key.h"

#include <map>
#include <optional>

#include <adyton/der.h>
#include "base/cbor.h"
#include "base/error.h"

namespace adyton {
namespace {

// RFC 9052, table 4, and RFC 9053, tables 18 to 20: labels, key types, curves.
constexpr std::int64_t kKeyType = 1, kCurve = -1, kX = -2, kY = -3, kPrivate = -4;
constexpr std::int64_t kOkp = 1, kEc2 = 2, kRsa = 3;
constexpr std::int64_t kP256 = 1, kP384 = 2, kP521 = 3, kEd25519 = 6;
constexpr std::int64_t kModulus = -1, kExponent = -2;  // RFC 8230, table 4; -3 and below are private

// The members this file understands: numbers and byte strings by their labels.
struct Members {
  std::map<std::int64_t, std::int64_t> numbers;
  std::map<std::int64_t, BytesView> bytes;
  bool compressed = false;

  [[nodiscard]] std::optional<std::int64_t> number(std::int64_t label) const {
    const auto found = numbers.find(label);
    return found == numbers.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] Result<BytesView> get(std::int64_t label) const {
    const auto found = bytes.find(label);
    if (found == bytes.end()) return invalid("parameter {} of the key is missing", label);
    return found->second;
  }
};

Result<Members> read_members(BytesView encoded) {
  Members out;
  cbor::Reader reader(encoded, {.deterministic = false});
  const auto read_member = [&](const cbor::Key& key) -> Result<void> {
    std::optional<std::int64_t> label;
    for (std::int64_t known : {kKeyType, kCurve, kX, kY, kPrivate}) {
      if (key == known) label = known;
    }
    const cbor::Type type = TRY(reader.peek());
    if (label && type == cbor::Type::kBytes) {
      out.bytes[*label] = TRY(reader.read_bytes());
    } else if (label && (type == cbor::Type::kUnsigned || type == cbor::Type::kNegative)) {
      out.numbers[*label] = TRY(reader.read_integer());
    } else {
      if (label == kY) out.compressed = true;  // the sign of y, as a boolean
      TRY(reader.read_item());
    }
    return {};
  };
  TRY(reader.read_map(read_member));
  TRY(reader.finish());
  return out;
}

Result<VerifyingKey> make_ed25519(BytesView x) {
  constexpr std::byte kOid[] = {std::byte{0x2b}, std::byte{0x65}, std::byte{0x70}};  // 1.3.101.112 (RFC 8410, 3)
  der::Writer spki;
  spki.nested(der::kSequence, [&] {
    spki.nested(der::kSequence, [&] { spki.element(der::kObjectIdentifier, kOid); });
    spki.bit_string(x);
  });
  return VerifyingKey::parse_spki(spki.bytes());
}

Result<VerifyingKey> parse(BytesView encoded) {
  const Members members = TRY(read_members(encoded));
  const auto type = members.number(kKeyType), curve = members.number(kCurve);
  if (type == kRsa) {
    if (members.bytes.contains(kY) || members.bytes.contains(kPrivate)) return invalid("it has a private part");
    return VerifyingKey::from_rsa(TRY(members.get(kModulus)), TRY(members.get(kExponent)));
  }
  if (members.bytes.contains(kPrivate)) return invalid("it has a private part");
  if (type == kOkp && curve == kEd25519) return make_ed25519(TRY(members.get(kX)));
  if (type != kEc2) return invalid("its type is not EC2, OKP or RSA");
  if (members.compressed) return invalid("its point is compressed");
  const std::optional<KeyType> known = curve == kP256   ? std::optional(KeyType::kP256)
                                       : curve == kP384 ? std::optional(KeyType::kP384)
                                       : curve == kP521 ? std::optional(KeyType::kP521)
                                                        : std::nullopt;
  if (!known) return invalid("its curve is not P-256, P-384, P-521 or Ed25519");
  return VerifyingKey::from_point(*known, TRY(members.get(kX)), TRY(members.get(kY)));
}

}  // namespace

Result<VerifyingKey> parse_cose_key(BytesView encoded) { return parse(encoded).within("not a COSE_Key"); }

}  // namespace adyton
