// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509_writer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::size_t kKeyIdBytes = 20;

// Of identifiers that stand in this file.
Bytes oid(std::string_view dotted) { return encode_object_identifier(dotted).value_or(Bytes()); }

// What stands in a PSS parameter: the digest's identifier.
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

template <class Fill>
Bytes written(Fill&& fill) {
  der::Writer writer;
  fill(writer);
  return writer.take();
}

Bytes key_id_of(BytesView spki) {
  const Digest256 digest = sha256(spki);
  return to_bytes(BytesView(digest).first(kKeyIdBytes));
}

void write_extensions(der::Writer& writer, unsigned tag, const std::vector<X509Extension>& extensions) {
  if (extensions.empty()) return;
  writer.nested(der::context_constructed(tag), [&] {
    writer.nested(der::kSequence, [&] {
      for (const X509Extension& extension : extensions) {
        writer.nested(der::kSequence, [&] {
          writer.element(der::kObjectIdentifier, extension.oid);
          if (extension.critical) writer.boolean(true);
          writer.element(der::kOctetString, extension.value);
        });
      }
    });
  });
}

void write_revoked(der::Writer& writer, const RevocationListFields::Revoked& entry) {
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

Result<std::string_view> attribute_oid(std::string_view kind) {
  constexpr std::pair<std::string_view, std::string_view> kArcs[] = {
      {"CN", "2.5.4.3"}, {"C", "2.5.4.6"}, {"L", "2.5.4.7"}, {"ST", "2.5.4.8"}, {"O", "2.5.4.10"}, {"OU", "2.5.4.11"}};
  for (const auto& [name, arcs] : kArcs) {
    if (name == kind) return arcs;
  }
  return invalid("\"{}\" is no attribute of a name", kind);
}

Result<std::vector<std::uint64_t>> parse_arcs(std::string_view dotted) {
  std::vector<std::uint64_t> arcs;
  const char* at = dotted.data();
  const char* const end = at + dotted.size();
  while (true) {
    std::uint64_t arc = 0;
    const auto [stop, error] = std::from_chars(at, end, arc);
    if (error != std::errc() || arc >> 56 != 0) return invalid("\"{}\" is no object identifier", dotted);
    arcs.push_back(arc);
    if (stop == end) break;
    if (*stop != '.') return invalid("\"{}\" is no object identifier", dotted);
    at = stop + 1;
  }
  if (arcs.size() < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] >= 40)) {
    return invalid("\"{}\" is no object identifier", dotted);
  }
  return arcs;
}

}  // namespace

Result<Bytes> encode_object_identifier(std::string_view dotted) {
  std::vector<std::uint64_t> arcs = TRY(parse_arcs(dotted));
  arcs[1] += arcs[0] * 40;
  Bytes out;
  for (std::size_t i = 1; i < arcs.size(); ++i) {
    unsigned groups = 1;
    while (arcs[i] >> (7 * groups) != 0) ++groups;
    while (groups-- > 0) {
      out.push_back(static_cast<std::byte>((arcs[i] >> (7 * groups) & 0x7f) | (groups > 0 ? 0x80 : 0)));
    }
  }
  return out;
}

Result<Bytes> encode_name(std::string_view text) {
  std::vector<std::pair<Bytes, std::string_view>> attributes;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string_view kind = "CN";
    if (const std::size_t equals = part.find('='); equals != part.npos) {
      kind = part.substr(0, equals);
      part.remove_prefix(equals + 1);
    }
    Bytes arcs = oid(TRY(attribute_oid(kind)));
    attributes.emplace_back(std::move(arcs), part);
  }
  return written([&](der::Writer& writer) {
    writer.nested(der::kSequence, [&] {
      for (const auto& [arcs, value] : attributes) {
        writer.nested(der::kSet, [&] {
          writer.nested(der::kSequence, [&] {
            writer.element(der::kObjectIdentifier, arcs);
            writer.text(der::kUtf8String, value);
          });
        });
      }
    });
  });
}

SignatureAlgorithm usual_algorithm(KeyType type) {
  switch (type) {
    case KeyType::kP256: return SignatureAlgorithm::kEcdsaSha256;
    case KeyType::kP384: return SignatureAlgorithm::kEcdsaSha384;
    case KeyType::kP521: return SignatureAlgorithm::kEcdsaSha512;
    case KeyType::kRsa: return SignatureAlgorithm::kRsaPssSha384;
    case KeyType::kEd25519: break;
  }
  return SignatureAlgorithm::kEd25519;
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

X509Extension basic_constraints(std::optional<std::uint64_t> path_length) {
  return {oid("2.5.29.19"), written([&](der::Writer& writer) {
            writer.nested(der::kSequence, [&] {
              writer.boolean(true);
              if (path_length) writer.integer(*path_length);
            });
          }),
          true};
}

X509Extension key_usage(const std::vector<unsigned>& bits) {
  std::uint16_t set = 0;
  unsigned highest = 0;
  for (const unsigned bit : bits) {
    set = static_cast<std::uint16_t>(set | 0x8000U >> bit);
    highest = std::max(highest, bit);
  }
  const Bytes both = {static_cast<std::byte>(set >> 8), static_cast<std::byte>(set)};
  return {oid("2.5.29.15"), written([&](der::Writer& writer) {
            writer.bit_string(BytesView(both).first(highest / 8 + 1), static_cast<std::uint8_t>(7 - highest % 8));
          }),
          true};
}

X509Extension subject_key_id(BytesView spki) {
  return {oid("2.5.29.14"), written([&](der::Writer& writer) { writer.element(der::kOctetString, key_id_of(spki)); })};
}

X509Extension authority_key_id(BytesView issuer_spki) {
  return {oid("2.5.29.35"), written([&](der::Writer& writer) {
            writer.nested(der::kSequence, [&] { writer.element(der::context(0), key_id_of(issuer_spki)); });
          })};
}

X509Extension crl_distribution_points(const std::vector<std::string>& urls) {
  return {oid("2.5.29.31"), written([&](der::Writer& writer) {
            writer.nested(der::kSequence, [&] {
              for (const std::string& url : urls) {
                writer.nested(der::kSequence, [&] {
                  writer.nested(der::context_constructed(0), [&] {
                    writer.nested(der::context_constructed(0), [&] { writer.text(der::context(6), url); });
                  });
                });
              }
            });
          })};
}

X509Extension crl_number(std::uint64_t number) {
  return {oid("2.5.29.20"), written([&](der::Writer& writer) { writer.integer(number); })};
}

Bytes encode_unsigned(const CertificateFields& fields) {
  return written([&](der::Writer& writer) {
    writer.nested(der::kSequence, [&] {
      if (fields.version != 1) {
        writer.nested(der::context_constructed(0), [&] { writer.integer(fields.version - 1); });
      }
      writer.unsigned_integer(fields.serial);
      writer.raw(algorithm_identifier(fields.algorithm));
      writer.raw(fields.issuer);
      writer.nested(der::kSequence, [&] {
        writer.time(fields.not_before);
        writer.time(fields.not_after);
      });
      writer.raw(fields.subject);
      writer.raw(fields.spki);
      if (fields.version == 3) write_extensions(writer, 3, fields.extensions);
    });
  });
}

Bytes encode_unsigned(const RevocationListFields& fields) {
  return written([&](der::Writer& writer) {
    writer.nested(der::kSequence, [&] {
      writer.integer(1);
      writer.raw(algorithm_identifier(fields.algorithm));
      writer.raw(fields.issuer);
      writer.time(fields.this_update);
      if (fields.next_update) writer.time(*fields.next_update);
      if (!fields.revoked.empty()) {
        writer.nested(der::kSequence, [&] {
          for (const auto& entry : fields.revoked) write_revoked(writer, entry);
        });
      }
      write_extensions(writer, 0, fields.extensions);
    });
  });
}

Bytes attach_x509_signature(BytesView tbs, SignatureAlgorithm algorithm, BytesView signature) {
  return written([&](der::Writer& writer) {
    writer.nested(der::kSequence, [&] {
      writer.raw(tbs);
      writer.raw(algorithm_identifier(algorithm));
      writer.bit_string(signature);
    });
  });
}

Result<Bytes> sign_x509(BytesView tbs, const PrivateKey& key) {
  if (key.public_key().kind() != KeyKind::kP256) return invalid("an authority of the SGX kind has a P-256 key");
  const Bytes raw = TRY(key.sign(tbs));
  const Bytes signature = written([&](der::Writer& writer) {
    writer.nested(der::kSequence, [&] {
      writer.unsigned_integer(BytesView(raw).first(raw.size() / 2));
      writer.unsigned_integer(BytesView(raw).subspan(raw.size() / 2));
    });
  });
  return attach_x509_signature(tbs, SignatureAlgorithm::kEcdsaSha256, signature);
}

}  // namespace adyton
