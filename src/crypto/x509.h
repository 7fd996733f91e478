// SPDX-License-Identifier: Apache-2.0
// X.509 certificates and revocation lists (RFC 5280) as bytes and fields: strict DER, no trust decisions. Which
// certificate vouches for which is attest/verify/chain.h's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/der.h>
#include <adyton/result.h>
#include "crypto/signature.h"

namespace adyton {

struct DistinguishedName {
  Bytes der;         // the Name element: names are compared by it
  std::string text;  // "CN=Intel SGX Root CA,O=Intel Corporation,...", in the encoded order, escaped as in RFC 4514;
                     // for people
  [[nodiscard]] std::optional<std::string> common_name() const;
  bool operator==(const DistinguishedName& other) const { return der == other.der; }
};

// RFC 5280, 4.2.1.3, bit numbers.
enum class KeyUsage : std::uint8_t { kDigitalSignature = 0, kKeyCertSign = 5, kCrlSign = 6 };

class Certificate {
 public:
  // One certificate, exactly. Errors: invalid: bad form, unknown version, a signature algorithm or key that
  // crypto/signature.h does not have, the two algorithm fields that differ, an extension twice.
  static Result<Certificate> parse(BytesView der);

  [[nodiscard]] BytesView der() const;
  [[nodiscard]] BytesView tbs() const;  // the signed part
  [[nodiscard]] SignatureAlgorithm signature_algorithm() const;
  [[nodiscard]] BytesView signature() const;
  [[nodiscard]] const DistinguishedName& issuer() const;
  [[nodiscard]] const DistinguishedName& subject() const;
  [[nodiscard]] BytesView serial() const;         // magnitude, without leading zeros
  [[nodiscard]] std::int64_t not_before() const;  // seconds since 1970; both ends belong to the validity
  [[nodiscard]] std::int64_t not_after() const;
  [[nodiscard]] const VerifyingKey& key() const;
  [[nodiscard]] bool self_issued() const;

  struct BasicConstraints {
    bool ca = false;
    std::optional<std::uint64_t> path_length;
  };
  [[nodiscard]] const std::optional<BasicConstraints>& basic_constraints() const;
  // Absent extension: every usage is allowed (RFC 5280, 4.2.1.3).
  [[nodiscard]] bool may(KeyUsage usage) const;
  [[nodiscard]] std::optional<BytesView> subject_key_id() const;
  [[nodiscard]] std::optional<BytesView> authority_key_id() const;
  [[nodiscard]] const std::vector<std::string>& crl_urls() const;  // URIs of the distribution points
  // The contents of an extension's OCTET STRING, by the encoded arcs of its identifier.
  [[nodiscard]] std::optional<BytesView> extension(BytesView oid) const;
  // Critical extensions that this class does not itself interpret: identifiers in dotted form.
  [[nodiscard]] const std::vector<std::string>& unknown_critical() const;

  // Whether `issuer_key` signed it. Errors: untrusted, invalid.
  Result<void> verify_signature(const VerifyingKey& issuer_key, SeenSignatures* seen = nullptr) const;

  struct Fields;

 private:
  explicit Certificate(std::shared_ptr<const Fields> fields) : fields_(std::move(fields)) {}
  std::shared_ptr<const Fields> fields_;  // immutable, cheap to copy
};

class RevocationList {
 public:
  static Result<RevocationList> parse(
      BytesView der);  // exactly one; errors: invalid; delta and indirect lists are refused

  [[nodiscard]] BytesView der() const;
  [[nodiscard]] const DistinguishedName& issuer() const;
  [[nodiscard]] std::int64_t this_update() const;
  [[nodiscard]] std::optional<std::int64_t> next_update() const;
  [[nodiscard]] std::optional<BytesView> authority_key_id() const;
  [[nodiscard]] std::optional<BytesView> number() const;
  struct Entry {
    std::int64_t date = 0;
    std::optional<std::uint64_t> reason;
  };
  [[nodiscard]] std::optional<Entry> find(BytesView serial) const;  // logarithmic
  // Whether it would have a certificate of its issuer's, were that revoked: not if it names a distribution point that
  // the certificate does not name (RFC 5280, 6.3.3 (b) (2)).
  [[nodiscard]] bool covers(const Certificate& certificate) const;
  [[nodiscard]] std::size_t size() const;
  Result<void> verify_signature(const VerifyingKey& issuer_key, SeenSignatures* seen = nullptr) const;

  struct Fields;

 private:
  explicit RevocationList(std::shared_ptr<const Fields> fields) : fields_(std::move(fields)) {}
  std::shared_ptr<const Fields> fields_;
};

// The blocks of a PEM text in their order, whatever stands between them; "\\n" (two characters) and URL-encoding are
// not understood here. Errors: invalid: a block without end, bad base64, more than `max_blocks`.
struct PemBlock {
  std::string label;  // "CERTIFICATE", "X509 CRL", "PUBLIC KEY"
  Bytes der;
};
Result<std::vector<PemBlock>> parse_pem_blocks(std::string_view text, std::size_t max_blocks = 64);
std::string to_pem(std::string_view label, BytesView der);  // lines of 64 characters (RFC 7468, 2)

}  // namespace adyton
