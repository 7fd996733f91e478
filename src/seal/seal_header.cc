// SPDX-License-Identifier: Apache-2.0
#include "seal/seal_header.h"

#include <algorithm>
#include <optional>

#include "base/cursor.h"
#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::string_view kMagic = "ADYTSEAL";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kBackendMaxBytes = 32;
constexpr std::size_t kLabelMaxBytes = 64;

std::string_view name_of(SealKind kind) { return kind == SealKind::kBlob ? "sealed blob" : "sealed store"; }
std::string_view name_of(SealPolicy policy) { return policy == SealPolicy::kImage ? "this image" : "this signer"; }

std::string shortened(const Digest384& digest) { return to_hex(BytesView(digest).first(8)) + "..."; }

const Digest384& owner_of(const Identity& identity, SealPolicy policy) {
  return policy == SealPolicy::kImage ? identity.image : identity.signer;
}

Result<void> check_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelMaxBytes) {
    return invalid("a seal's label must be 1 to {} bytes long, this one is {}", kLabelMaxBytes, label.size());
  }
  return {};
}

// Everything but the key check, which is computed over it.
Bytes encode(const SealHeader& header) {
  Bytes out = to_bytes(kMagic);
  append_le<std::uint8_t>(out, kVersion);
  append_le(out, static_cast<std::uint8_t>(header.kind));
  append_le(out, static_cast<std::uint8_t>(header.policy));
  append_le<std::uint8_t>(out, header.debug ? 1 : 0);
  append_le(out, header.svn);
  append_le(out, header.product);
  for (std::string_view text : {std::string_view(header.backend), std::string_view(header.label)}) {
    append_le(out, static_cast<std::uint8_t>(text.size()));
    append(out, as_bytes(text));
  }
  append(out, header.owner);
  append(out, header.salt);
  return out;
}

Result<std::string> read_text(Cursor& cursor, std::size_t max_bytes) {
  const auto size = TRY(cursor.read_le<std::uint8_t>());
  if (size == 0 || size > max_bytes) return invalid("a text of {} bytes; 1 to {} are allowed", size, max_bytes);
  return std::string(as_text(TRY(cursor.read_bytes(size))));
}

Result<SealHeader> parse(Cursor& cursor) {
  const BytesView magic = TRY(cursor.read_bytes(kMagic.size()));
  if (as_text(magic) != kMagic) return invalid("not sealed by Adyton: it does not start with {}", kMagic);
  const auto version = TRY(cursor.read_le<std::uint8_t>());
  if (version != kVersion) {
    return invalid("sealed in format {}, this program knows format {}: use a newer one", version, kVersion);
  }
  SealHeader out;
  const auto kind = TRY(cursor.read_le<std::uint8_t>());
  const auto policy = TRY(cursor.read_le<std::uint8_t>());
  const auto debug = TRY(cursor.read_le<std::uint8_t>());
  if (kind < 1 || kind > 2 || policy < 1 || policy > 2 || debug > 1) {
    return invalid("malformed: kind {}, policy {}, debug {}", kind, policy, debug);
  }
  out.kind = static_cast<SealKind>(kind);
  out.policy = static_cast<SealPolicy>(policy);
  out.debug = debug == 1;
  out.svn = TRY(cursor.read_le<std::uint16_t>());
  out.product = TRY(cursor.read_le<std::uint16_t>());
  out.backend = TRY(read_text(cursor, kBackendMaxBytes));
  out.label = TRY(read_text(cursor, kLabelMaxBytes));
  std::ranges::copy(TRY(cursor.read_bytes(out.owner.size())), out.owner.begin());
  std::ranges::copy(TRY(cursor.read_bytes(out.salt.size())), out.salt.begin());
  return out;
}

// Why `self` on `backend` cannot open what this header stands before. The header may be forged: this is for people;
// what decides is the key.
Result<void> check_opener(const SealHeader& header, const Identity& self, std::string_view backend) {
  if (header.backend != backend) {
    return denied("sealed on back-end {}, this is {}: keys of one back-end are never those of another", header.backend,
                  backend);
  }
  if (header.debug != self.debug) {
    return denied("sealed by a {} image, this is a {} one", header.debug ? "debug" : "production",
                  self.debug ? "debug" : "production");
  }
  const Digest384& owner = owner_of(self, header.policy);
  if (header.owner != owner) {
    return denied("sealed by another {} ({}), this one is {}", header.policy == SealPolicy::kImage ? "image" : "signer",
                  shortened(header.owner), shortened(owner));
  }
  if (header.policy == SealPolicy::kImage) return {};
  if (header.product != self.product) {
    return denied("sealed by another product of this signer ({}), this one is {}", header.product, self.product);
  }
  if (header.svn > self.svn) {
    return denied("sealed by a newer version (svn {}), this one is svn {}: use the newer image", header.svn, self.svn);
  }
  return {};
}

struct DerivedKeys {
  Secret key;
  Bytes check;
};

Result<DerivedKeys> derive(const KeySource& keys, const SealHeader& header, BytesView encoded) {
  const auto svn = header.policy == SealPolicy::kSigner ? std::optional(header.svn) : std::nullopt;
  const Secret root = TRY(keys.sealing_key(header.policy, header.label, svn));
  const auto derived = [&](std::string_view use, std::size_t size) {
    Bytes info = to_bytes(use);
    append(info, encoded);
    return hkdf(root.expose(), info, size);
  };
  Secret key = TRY(derived("adyton sealed 1 key", Aead::kKeyBytes));
  const Secret check = TRY(derived("adyton sealed 1 check", kSealCheckBytes));
  return DerivedKeys{std::move(key), to_bytes(check.expose())};
}

}  // namespace

Result<SealedHead> make_sealed_head(const KeySource& keys, SealKind kind, SealPolicy policy, std::string_view label) {
  TRY(check_label(label));
  const Identity& self = keys.identity();
  SealHeader header{.kind = kind,
                    .policy = policy,
                    .debug = self.debug,
                    .svn = self.svn,
                    .product = self.product,
                    .backend = std::string(keys.backend()),
                    .label = std::string(label),
                    .owner = owner_of(self, policy)};
  if (header.backend.empty() || header.backend.size() > kBackendMaxBytes) {
    return internal("a back-end's name must be 1 to {} bytes long", kBackendMaxBytes);
  }
  TRY(random_bytes(header.salt));
  Bytes encoded = encode(header);
  DerivedKeys derived = TRY(derive(keys, header, encoded));
  append(encoded, derived.check);
  return SealedHead{std::move(header), std::move(encoded), std::move(derived.key)};
}

Result<SealedHead> open_sealed_head(const KeySource& keys, SealKind kind, SealPolicy policy, std::string_view label,
                                    BytesView bytes) {
  TRY(check_label(label));
  Cursor cursor(bytes);
  SealHeader header = TRY(parse(cursor).within("its header"));
  if (header.kind != kind) return invalid("this is a {}, not a {}", name_of(header.kind), name_of(kind));
  if (header.policy != policy) {
    return denied("sealed for {}, not, as was asked for, for {}", name_of(header.policy), name_of(policy));
  }
  TRY(check_opener(header, keys.identity(), keys.backend()));
  if (header.label != label) return denied("sealed under another label than the one it is opened under");
  const BytesView encoded = bytes.first(bytes.size() - cursor.remaining());
  const BytesView check = TRY(cursor.read_bytes(kSealCheckBytes).within("its header"));
  DerivedKeys derived = TRY(derive(keys, header, encoded));
  if (!std::ranges::equal(check, derived.check)) {
    return untrusted(
        "sealed under a key this machine does not have: it comes from another machine, this one's keys "
        "were made anew, or its header was altered");
  }
  return SealedHead{std::move(header), to_bytes(bytes.first(encoded.size() + kSealCheckBytes)), std::move(derived.key)};
}

}  // namespace adyton
