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

// What stands in a PSS parameter or a signature algorithm: the digest's identifier.
std::string_view digest_oid(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kRsaPssSha384: return "2.16.840.1.101.3.4.2.2";
    case SignatureAlgorithm::kRsaPssSha512: return "2.16.840.1.101.3.4.2.3";
    default: return "2.16.840.1.101.3.4.2.1";
  }
}

void write_pss_parameters(der::Writer& writer, SignatureAlgorithm algorithm, std::uint64_t salt) {
  const auto digest = [&] {
    writer.nested(der::kSequence, [&] { writer.element(der::kObjectIdentifier, oid(digest_oid(algorithm))); });
  };
  writer.nested(der::kSequence, [&] {
    writer.nested(der::context_constructed(0), digest);
    writer.nested(der::context_constructed(1), [&] {
      writer.nested(der::kSequence, [&] {
        writer.element(der::kObjectIdentifier, oid("1.2.840.113549.1.1.8"));
        digest();
      });
    });
    writer.nested(der::context_constructed(2), [&] { writer.integer(salt); });
  });
}

Bytes key_id_of(const VerifyingKey& key) {
  const Digest256 digest = sha256(key.spki());
  return to_bytes(BytesView(digest).first(20));
}

template <class Fill>
Bytes written(Fill&& fill) {
  der::Writer writer;
  fill(writer);
  return writer.take();
}

Bytes key_usage_value(const std::vector<unsigned>& bits) {
  std::uint16_t set = 0;
  unsigned highest = 0;
  for (const unsigned bit : bits) {
    set = static_cast<std::uint16_t>(set | 0x8000U >> bit);
    highest = std::max(highest, bit);
  }
  const Bytes both = {static_cast<std::byte>(set >> 8), static_cast<std::byte>(set)};
  return written([&](der::Writer& writer) {
    writer.bit_string(BytesView(both).first(highest / 8 + 1), static_cast<std::uint8_t>(7 - highest % 8));
  });
}

Bytes crl_urls_value(const std::vector<std::string>& urls) {
  return written([&](der::Writer& writer) {
    writer.nested(der::kSequence, [&] {
      for (const std::string& url : urls) {
        writer.nested(der::kSequence, [&] {
          writer.nested(der::context_constructed(0), [&] {
            writer.nested(der::context_constructed(0), [&] { writer.text(der::context(6), url); });
          });
        });
      }
    });
  });
}

void write_extensions(der::Writer& writer, unsigned tag, const std::vector<FakeExtension>& extensions) {
  if (extensions.empty()) return;
  writer.nested(der::context_constructed(tag), [&] {
    writer.nested(der::kSequence, [&] {
      for (const FakeExtension& extension : extensions) {
        writer.nested(der::kSequence, [&] {
          writer.element(der::kObjectIdentifier, extension.oid);
          if (extension.critical) writer.boolean(true);
          writer.element(der::kOctetString, extension.value);
        });
      }
    });
  });
}

FakeExtension authority_key_id(const VerifyingKey& key) {
  return {oid("2.5.29.35"), written([&](der::Writer& writer) {
            writer.nested(der::kSequence, [&] { writer.element(der::context(0), key_id_of(key)); });
          })};
}

std::vector<FakeExtension> extensions_of(const FakeOptions& options, bool as_ca, const VerifyingKey& own,
                                         const VerifyingKey& issuer) {
  std::vector<FakeExtension> out;
  if (options.ca.value_or(as_ca)) {
    out.push_back({oid("2.5.29.19"), written([&](der::Writer& writer) {
                     writer.nested(der::kSequence, [&] {
                       writer.boolean(true);
                       if (options.path_length) writer.integer(*options.path_length);
                     });
                   }),
                   true});
  }
  std::vector<unsigned> usage = options.key_usage;
  if (usage.empty() && as_ca) usage = {0, 5, 6};
  if (!usage.empty() && !options.no_key_usage) out.push_back({oid("2.5.29.15"), key_usage_value(usage), true});
  if (!options.no_key_ids) {
    out.push_back(
        {oid("2.5.29.14"), written([&](der::Writer& writer) { writer.element(der::kOctetString, key_id_of(own)); })});
    out.push_back(authority_key_id(issuer));
  }
  if (!options.crl_urls.empty()) out.push_back({oid("2.5.29.31"), crl_urls_value(options.crl_urls)});
  out.insert(out.end(), options.extensions.begin(), options.extensions.end());
  return out;
}

// Alters, signs and wraps (RFC 5280, 4.1.1).
template <class Options>
Bytes sign(Bytes tbs, const Options& options, SignatureAlgorithm named, const SigningKey& key) {
  if (options.alter_tbs) options.alter_tbs(tbs);
  Bytes signature = must(key.sign(options.algorithm.value_or(usual_algorithm(key.verifying_key().type())), tbs));
  if (options.alter_signature) options.alter_signature(signature);
  return written([&](der::Writer& writer) {
    writer.nested(der::kSequence, [&] {
      writer.raw(tbs);
      writer.raw(algorithm_identifier(named));
      writer.bit_string(signature);
    });
  });
}

Bytes make_certificate(const Bytes& subject, const SigningKey& own, const FakeOptions& options, bool as_ca,
                       const Bytes& issuer_name, const SigningKey& issuer, const Bytes& serial) {
  const SignatureAlgorithm usual = options.algorithm.value_or(usual_algorithm(issuer.verifying_key().type()));
  const SignatureAlgorithm named = options.named_algorithm.value_or(usual);
  Bytes tbs = written([&](der::Writer& writer) {
    writer.nested(der::kSequence, [&] {
      if (options.version != 1) {
        writer.nested(der::context_constructed(0), [&] { writer.integer(options.version - 1); });
      }
      writer.unsigned_integer(options.serial.value_or(serial));
      writer.raw(algorithm_identifier(named));
      writer.raw(options.issuer_name.value_or(issuer_name));
      writer.nested(der::kSequence, [&] {
        writer.time(options.not_before);
        writer.time(options.not_after);
      });
      writer.raw(subject);
      writer.raw(own.verifying_key().spki());
      if (options.version == 3) {
        write_extensions(writer, 3, extensions_of(options, as_ca, own.verifying_key(), issuer.verifying_key()));
      }
    });
  });
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

Bytes oid(std::string_view dotted) {
  std::vector<std::uint64_t> arcs;
  std::uint64_t arc = 0;
  for (const char c : dotted) {
    if (c == '.') {
      arcs.push_back(std::exchange(arc, 0));
    } else {
      arc = arc * 10 + static_cast<std::uint64_t>(c - '0');
    }
  }
  arcs.push_back(arc);
  if (arcs.size() < 2) std::abort();
  arcs[1] += arcs[0] * 40;
  Bytes out;
  for (std::size_t i = 1; i < arcs.size(); ++i) {
    unsigned groups = 1;
    while (groups < 10 && arcs[i] >> (7 * groups) != 0) ++groups;
    while (groups-- > 0) {
      out.push_back(static_cast<std::byte>((arcs[i] >> (7 * groups) & 0x7f) | (groups > 0 ? 0x80 : 0)));
    }
  }
  return out;
}

Bytes fake_name(std::string_view text) {
  static const std::map<std::string_view, std::string_view> kArcs = {
      {"CN", "2.5.4.3"}, {"C", "2.5.4.6"}, {"L", "2.5.4.7"}, {"ST", "2.5.4.8"}, {"O", "2.5.4.10"}, {"OU", "2.5.4.11"}};
  return written([&](der::Writer& writer) {
    writer.nested(der::kSequence, [&] {
      while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        std::string_view part = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        std::string_view kind = "CN";
        if (const std::size_t equals = part.find('='); equals != part.npos) {
          kind = part.substr(0, equals);
          part.remove_prefix(equals + 1);
        }
        writer.nested(der::kSet, [&] {
          writer.nested(der::kSequence, [&] {
            writer.element(der::kObjectIdentifier, oid(kArcs.at(kind)));
            writer.text(der::kUtf8String, part);
          });
        });
      }
    });
  });
}

SigningKey fake_key(KeyType type, unsigned slot, unsigned rsa_bits) {
  static std::mutex mutex;
  static std::map<std::tuple<KeyType, unsigned, unsigned>, SigningKey> keys;
  const std::scoped_lock lock(mutex);
  const auto wanted = std::tuple(type, slot, rsa_bits);
  const auto found = keys.find(wanted);
  if (found != keys.end()) return found->second;
  return keys.emplace(wanted, must(SigningKey::generate(type, rsa_bits))).first->second;
}

SignatureAlgorithm usual_algorithm(KeyType type) {
  switch (type) {
    case KeyType::kP256: return SignatureAlgorithm::kEcdsaSha256;
    case KeyType::kP384: return SignatureAlgorithm::kEcdsaSha384;
    case KeyType::kP521: return SignatureAlgorithm::kEcdsaSha512;
    case KeyType::kRsa: return SignatureAlgorithm::kRsaPssSha384;
    case KeyType::kEd25519: return SignatureAlgorithm::kEd25519;
  }
  std::abort();
}

Bytes algorithm_identifier(SignatureAlgorithm algorithm) {
  der::Writer writer;
  const auto identifier = [&](std::string_view dotted, auto&& parameters) {
    writer.nested(der::kSequence, [&] {
      writer.element(der::kObjectIdentifier, oid(dotted));
      parameters();
    });
  };
  const auto nothing = [] {};
  const auto null = [&] { writer.null(); };
  const auto pss = [&](std::uint64_t salt) {
    identifier("1.2.840.113549.1.1.10", [&] { write_pss_parameters(writer, algorithm, salt); });
  };
  switch (algorithm) {
    case SignatureAlgorithm::kEcdsaSha256: identifier("1.2.840.10045.4.3.2", nothing); break;
    case SignatureAlgorithm::kEcdsaSha384: identifier("1.2.840.10045.4.3.3", nothing); break;
    case SignatureAlgorithm::kEcdsaSha512: identifier("1.2.840.10045.4.3.4", nothing); break;
    case SignatureAlgorithm::kRsaPkcs1Sha256: identifier("1.2.840.113549.1.1.11", null); break;
    case SignatureAlgorithm::kRsaPkcs1Sha384: identifier("1.2.840.113549.1.1.12", null); break;
    case SignatureAlgorithm::kRsaPkcs1Sha512: identifier("1.2.840.113549.1.1.13", null); break;
    case SignatureAlgorithm::kRsaPssSha256: pss(32); break;
    case SignatureAlgorithm::kRsaPssSha384: pss(48); break;
    case SignatureAlgorithm::kRsaPssSha512: pss(64); break;
    case SignatureAlgorithm::kEd25519: identifier("1.3.101.112", nothing); break;
  }
  return writer.take();
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
  std::vector<FakeExtension> extensions;
  if (!options.no_key_id) extensions.push_back(authority_key_id(key_.verifying_key()));
  extensions.push_back({oid("2.5.29.20"), written([](der::Writer& writer) { writer.integer(1); })});
  extensions.insert(extensions.end(), options.extensions.begin(), options.extensions.end());
  Bytes tbs = written([&](der::Writer& writer) {
    writer.nested(der::kSequence, [&] {
      writer.integer(1);
      writer.raw(algorithm_identifier(algorithm));
      writer.raw(options.issuer_name.value_or(certificate_.subject().der));
      writer.time(options.this_update);
      if (options.next_update) writer.time(*options.next_update);
      if (!revoked.empty()) {
        writer.nested(der::kSequence, [&] {
          for (const FakeRevoked& entry : revoked) {
            writer.nested(der::kSequence, [&] {
              writer.unsigned_integer(entry.serial);
              writer.time(entry.date);
              if (!entry.reason) return;
              const Bytes reason = {std::byte{*entry.reason}};
              writer.nested(der::kSequence, [&] {
                writer.nested(der::kSequence, [&] {
                  writer.element(der::kObjectIdentifier, oid("2.5.29.21"));
                  writer.nested(der::kOctetString, [&] { writer.element(der::kEnumerated, reason); });
                });
              });
            });
          }
        });
      }
      write_extensions(writer, 0, extensions);
    });
  });
  return sign(std::move(tbs), options, algorithm, key_);
}

RevocationList FakeCa::revoke(std::vector<FakeRevoked> revoked, const FakeListOptions& options) const {
  return must(RevocationList::parse(revoke_der(std::move(revoked), options)));
}

}  // namespace adyton::testing
