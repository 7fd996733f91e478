// SPDX-License-Identifier: Apache-2.0
// Certificate authorities for tests: makes keys, certificates and revocation lists, right ones and ones with any single
// thing wrong that a real authority would never issue.
//
//   FakeCa root = FakeCa::root("Fake Root");
//   FakeCa signer = root.issue_ca("Fake Signer", {.key = KeyType::kP384});
//   Certificate leaf = signer.issue("Fake Leaf", {.extensions = {{oid("1.3.6.1.4.1.3704.1.2"), value}}}).certificate;
//   RevocationList list = root.revoke({leaf.serial()});
//
// Everything here is deterministic but for keys and signatures. What cannot be made ends the test program.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/der.h>
#include "crypto/signing_key.h"
#include "crypto/x509.h"
#include "crypto/x509_writer.h"

namespace adyton::testing {

inline constexpr std::int64_t kFakeNow = 1'750'000'000;  // 2025-06-15: within the validity of everything made below
inline constexpr std::int64_t kFakeDay = 86'400;

Bytes oid(std::string_view dotted);  // the encoded arcs of "2.5.29.19"

// encode_name().
Bytes fake_name(std::string_view text);

// A key of the type; made once a program for each `slot`, as making RSA keys takes long.
SigningKey fake_key(KeyType type, unsigned slot = 0, unsigned rsa_bits = 2048);

using adyton::algorithm_identifier;
using adyton::usual_algorithm;
using FakeExtension = X509Extension;

// What is in a certificate or list beyond its names and keys; unset is what a careful authority does.
struct FakeOptions {
  KeyType key = KeyType::kP256;
  unsigned key_slot = 0;                              // another one: another key of the type
  std::optional<SigningKey> own_key;                  // this very key instead
  std::optional<SignatureAlgorithm> algorithm;        // the issuer's signature
  std::optional<SignatureAlgorithm> named_algorithm;  // the one it says: another than it is made with
  std::int64_t not_before = kFakeNow - 365 * kFakeDay;
  std::int64_t not_after = kFakeNow + 365 * kFakeDay;
  std::optional<Bytes> serial;       // big-endian; unset: counted up by the issuer
  std::optional<Bytes> issuer_name;  // a Name other than the issuer's own
  std::optional<bool> ca;            // basic constraints: unset: as the function's name says; false: none written
  std::optional<std::uint64_t> path_length;
  std::vector<unsigned> key_usage;  // bit numbers; empty: no such extension for leaves; 0, 5 and 6 for authorities
  bool no_key_usage = false;
  bool no_key_ids = false;
  std::vector<std::string> crl_urls;
  std::vector<FakeExtension> extensions;
  unsigned version = 3;
  std::function<void(Bytes& tbs)> alter_tbs;              // before it is signed
  std::function<void(Bytes& signature)> alter_signature;  // after
};

struct FakeIdentity {
  Certificate certificate;
  SigningKey key;
};

struct FakeRevoked {
  Bytes serial;
  std::int64_t date = kFakeNow - kFakeDay;
  std::optional<std::uint8_t> reason;
};

struct FakeListOptions {
  std::optional<SignatureAlgorithm> algorithm;
  std::int64_t this_update = kFakeNow - kFakeDay;
  std::optional<std::int64_t> next_update = kFakeNow + 30 * kFakeDay;
  std::optional<Bytes> issuer_name;
  bool no_key_id = false;
  std::vector<FakeExtension> extensions;
  std::function<void(Bytes& tbs)> alter_tbs;
  std::function<void(Bytes& signature)> alter_signature;
};

// An authority: a certificate, its key, and a count of what it issued.
class FakeCa {
 public:
  static FakeCa root(std::string_view name, FakeOptions options = {});
  FakeCa(Certificate certificate, SigningKey key) : certificate_(std::move(certificate)), key_(std::move(key)) {}

  [[nodiscard]] const Certificate& certificate() const { return certificate_; }
  [[nodiscard]] const SigningKey& key() const { return key_; }

  FakeCa issue_ca(std::string_view name, FakeOptions options = {});
  FakeIdentity issue(std::string_view name, FakeOptions options = {});
  // The certificate's DER, also when no reader would accept it.
  Bytes issue_der(std::string_view name, const FakeOptions& options, bool as_ca);

  [[nodiscard]] RevocationList revoke(std::vector<FakeRevoked> revoked, const FakeListOptions& options = {}) const;
  [[nodiscard]] Bytes revoke_der(std::vector<FakeRevoked> revoked, const FakeListOptions& options = {}) const;

 private:
  Certificate certificate_;
  SigningKey key_;
  std::uint64_t issued_ = 0;
};

}  // namespace adyton::testing
