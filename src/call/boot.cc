// SPDX-License-Identifier: Apache-2.0
#include "call/boot.h"

#include <algorithm>

#include "base/cbor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kBackendBytes = 32;
constexpr std::size_t kManifestBytes = 512u << 10;
constexpr std::uint64_t kLeastMessage = 4096, kLargestMessage = 1ull << 40;
constexpr std::uint64_t kLongestSpin = 1'000'000;

// The keys of the map. Another shape would be another format.
enum : std::int64_t { kFormat, kBackend, kManifest, kImage, kSigner, kStorage, kMessageBytes, kSpin, kKeys };
constexpr std::uint64_t kFormatNumber = 1;

Result<Digest384> read_digest(cbor::Reader& reader) {
  Digest384 out;
  const BytesView bytes = TRY(reader.read_bytes());
  if (bytes.size() != out.size()) return invalid("a digest of {} bytes", bytes.size());
  std::ranges::copy(bytes, out.begin());
  return out;
}

Result<void> check_between(std::string_view what, std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  if (value < low || value > high) return invalid("{}: {} is not between {} and {}", what, value, low, high);
  return {};
}

Result<void> check_ranges(const BootInfo& info) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  TRY(check_between("length of the back-end's name", info.backend.size(), 1, kBackendBytes));
  if (!std::ranges::all_of(info.backend, allowed)) return invalid("not the name of a back-end");
  TRY(check_between("size of the manifest", info.manifest.size(), 1, kManifestBytes));
  TRY(check_between("largest message", info.message_bytes, kLeastMessage, kLargestMessage));
  TRY(check_between("microseconds to stay awake", info.spin_us, 0, kLongestSpin));
  return {};
}

Result<void> read_entry(cbor::Reader& reader, const cbor::Key& key, BootInfo& info) {
  if (key == kFormat) {
    TRY(check_between("format", TRY(reader.read_unsigned()), kFormatNumber, kFormatNumber));
  } else if (key == kBackend) {
    info.backend = TRY(reader.read_text());
  } else if (key == kManifest) {
    info.manifest = to_bytes(TRY(reader.read_bytes()));
  } else if (key == kImage) {
    info.image = TRY(read_digest(reader));
  } else if (key == kSigner) {
    info.signer = TRY(read_digest(reader));
  } else if (key == kStorage) {
    info.storage = TRY(reader.read_boolean());
  } else if (key == kMessageBytes) {
    info.message_bytes = TRY(reader.read_unsigned());
  } else if (key == kSpin) {
    info.spin_us = TRY(reader.read_unsigned());
  } else {
    return invalid("unknown key {}", key.to_string());
  }
  return {};
}

Result<BootInfo> parse(BytesView encoded) {
  BootInfo info;
  std::int64_t entries = 0;
  cbor::Reader reader(encoded);
  TRY(reader.read_map([&](const cbor::Key& key) {
    ++entries;
    return read_entry(reader, key, info);
  }));
  TRY(reader.finish());
  if (entries != kKeys) return invalid("{} of {} keys", entries, +kKeys);
  TRY(check_ranges(info));
  return info;
}

}  // namespace

Result<Bytes> encode_boot(const BootInfo& info) {
  TRY(check_ranges(info).within("what the host tells the enclave"));
  cbor::MapWriter map;
  map.key(kFormat).unsigned_integer(kFormatNumber);
  map.key(kBackend).text(info.backend);
  map.key(kManifest).bytes(info.manifest);
  map.key(kImage).bytes(info.image);
  map.key(kSigner).bytes(info.signer);
  map.key(kStorage).boolean(info.storage);
  map.key(kMessageBytes).unsigned_integer(info.message_bytes);
  map.key(kSpin).unsigned_integer(info.spin_us);
  return cbor::Writer().map(map).encoded();
}

Result<BootInfo> parse_boot(BytesView encoded) {
  return parse(encoded).within("the host's boot information is malformed; launch the image with this version's adyton");
}

}  // namespace adyton
