// SPDX-License-Identifier: Apache-2.0
#include "testing/fake_pki.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <tuple>

#include "crypto/crypto.h"

namespace adyton::testing {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "fake PKI: %s\n", result.error().message.c_str());
    std::abort();
  }
  return std::move(*result);
}

std::vector<X509Extension> extensions_of(const FakeOptions& options, bool as_ca, const VerifyingKey& own,
                                         const VerifyingKey& issuer) {
  std::vector<X509Extension> out;
  if (options.ca.value_or(as_ca)) out.push_back(basic_constraints(options.path_length));
  std::vector<unsigned> usage = options.key_usage;
  if (usage.empty() && as_ca) usage = {0, 5, 6};
  if (!usage.empty() && !options.no_key_usage) out.push_back(key_usage(usage));
  if (!options.no_key_ids) {
    out.push_back(subject_key_id(own.spki()));
    out.push_back(authority_key_id(issuer.spki()));
  }
  if (!options.crl_urls.empty()) out.push_back(crl_distribution_points(options.crl_urls));
  out.insert(out.end(), options.extensions.begin(), options.extensions.end());
  return out;
}

// Alters, signs and wraps.
template <class Options>
Bytes sign(Bytes tbs, const Options& options, SignatureAlgorithm named, const SigningKey& key) {
  if (options.alter_tbs) options.alter_tbs(tbs);
  Bytes signature = must(key.sign(options.algorithm.value_or(usual_algorithm(key.verifying_key().type())), tbs));
  if (options.alter_signature) options.alter_signature(signature);
  return attach_x509_signature(tbs, named, signature);
}

Bytes make_certificate(const Bytes& subject, const SigningKey& own, const FakeOptions& options, bool as_ca,
                       const Bytes& issuer_name, const SigningKey& issuer, const Bytes& serial) {
  const SignatureAlgorithm usual = options.algorithm.value_or(usual_algorithm(issuer.verifying_key().type()));
  const SignatureAlgorithm named = options.named_algorithm.value_or(usual);
  Bytes tbs =
      encode_unsigned({.version = options.version,
                       .serial = options.serial.value_or(serial),
                       .algorithm = named,
                       .issuer = options.issuer_name.value_or(issuer_name),
                       .subject = subject,
                       .not_before = options.not_before,
                       .not_after = options.not_after,
                       .spki = to_bytes(own.verifying_key().spki()),
                       .extensions = extensions_of(options, as_ca, own.verifying_key(), issuer.verifying_key())});
  return sign(std::move(tbs), options, named, issuer);
}

SigningKey own_key_of(const FakeOptions& options, std::string_view name) {
  if (options.own_key) return *options.own_key;
  // Different names have different keys, as long as there are not many of them; RSA keys take too long for that.
  unsigned slot = options.key_slot;
  if (options.key != KeyType::kRsa) slot += static_cast<unsigned>(std::hash<std::string_view>()(name) % 1000003) * 16;
  return fake_key(options.key, slot);
}

}  // namespace

Bytes oid(std::string_view dotted) { return must(encode_object_identifier(dotted)); }

Bytes fake_name(std::string_view text) { return must(encode_name(text)); }

SigningKey fake_key(KeyType type, unsigned slot, unsigned rsa_bits) {
  static std::mutex mutex;
  static std::map<std::tuple<KeyType, unsigned, unsigned>, SigningKey> keys;
  const std::scoped_lock lock(mutex);
  const auto wanted = std::tuple(type, slot, rsa_bits);
  const auto found = keys.find(wanted);
  if (found != keys.end()) return found->second;
  return keys.emplace(wanted, must(SigningKey::generate(type, rsa_bits))).first->second;
}

FakeCa FakeCa::root(std::string_view name, FakeOptions options) {
  SigningKey key = own_key_of(options, name);
  const Bytes subject = fake_name(name);
  Bytes der = make_certificate(subject, key, options, true, subject, key, {std::byte{1}});
  return FakeCa(must(Certificate::parse(der)), std::move(key));
}

Bytes FakeCa::issue_der(std::string_view name, const FakeOptions& options, bool as_ca) {
  const SigningKey own = own_key_of(options, name);
  ++issued_;
  const Bytes serial = {std::byte{0x10}, static_cast<std::byte>(issued_ >> 8), static_cast<std::byte>(issued_)};
  return make_certificate(fake_name(name), own, options, as_ca, certificate_.subject().der, key_, serial);
}

FakeCa FakeCa::issue_ca(std::string_view name, FakeOptions options) {
  Bytes der = issue_der(name, options, true);
  return FakeCa(must(Certificate::parse(der)), own_key_of(options, name));
}

FakeIdentity FakeCa::issue(std::string_view name, FakeOptions options) {
  Bytes der = issue_der(name, options, false);
  return {must(Certificate::parse(der)), own_key_of(options, name)};
}

Bytes FakeCa::revoke_der(std::vector<FakeRevoked> revoked, const FakeListOptions& options) const {
  const SignatureAlgorithm algorithm = options.algorithm.value_or(usual_algorithm(key_.verifying_key().type()));
  std::vector<X509Extension> extensions;
  if (!options.no_key_id) extensions.push_back(authority_key_id(key_.verifying_key().spki()));
  extensions.push_back(crl_number(1));
  extensions.insert(extensions.end(), options.extensions.begin(), options.extensions.end());
  std::vector<RevocationListFields::Revoked> entries;
  for (FakeRevoked& entry : revoked) entries.push_back({std::move(entry.serial), entry.date, entry.reason});
  Bytes tbs = encode_unsigned({.algorithm = algorithm,
                               .issuer = options.issuer_name.value_or(certificate_.subject().der),
                               .this_update = options.this_update,
                               .next_update = options.next_update,
                               .revoked = std::move(entries),
                               .extensions = std::move(extensions)});
  return sign(std::move(tbs), options, algorithm, key_);
}

RevocationList FakeCa::revoke(std::vector<FakeRevoked> revoked, const FakeListOptions& options) const {
  return must(RevocationList::parse(revoke_der(std::move(revoked), options)));
}

}  // namespace adyton::testing
