// SPDX-License-Identifier: Apache-2.0
#include "testing/fake_nitro.h"

#include "base/cbor.h"

namespace adyton::testing {
namespace {

void write_optional(cbor::Writer& out, const std::optional<Bytes>& value) {
  if (value) {
    out.bytes(*value);
  } else {
    out.null();
  }
}

// A definite map's head is one byte here: there are fewer than 24 fields.
Bytes without_count(Bytes map) {
  map[0] = std::byte{0xbf};
  map.push_back(std::byte{0xff});
  return map;
}

}  // namespace

Bytes FakeNitroFields::payload() const {
  cbor::MapWriter map;
  const auto add = [&](std::string_view name, auto&& write) {
    if (name != left_out) write(map.key(name));
  };
  add("module_id", [&](cbor::Writer& out) { out.text(module_id); });
  add("timestamp", [&](cbor::Writer& out) { out.unsigned_integer(timestamp_ms); });
  add("digest", [&](cbor::Writer& out) { out.text(digest); });
  add(registers_name, [&](cbor::Writer& out) {
    cbor::MapWriter entries;
    for (const auto& [index, value] : registers) entries.key(index).bytes(value);
    out.map(entries);
  });
  add("certificate", [&](cbor::Writer& out) { out.bytes(certificate); });
  add("cabundle", [&](cbor::Writer& out) {
    out.array(bundle.size());
    for (const Bytes& one : bundle) out.bytes(one);
  });
  add("public_key", [&](cbor::Writer& out) { write_optional(out, public_key); });
  add("user_data", [&](cbor::Writer& out) { write_optional(out, user_data); });
  add("nonce", [&](cbor::Writer& out) { write_optional(out, nonce); });
  if (!extra.empty()) map.key(extra).boolean(true);
  Bytes encoded = cbor::Writer().map(map).encoded();
  return indefinite ? without_count(std::move(encoded)) : encoded;
}

FakeNitro::FakeNitro(FakeOptions leaf)
    : root_(FakeCa::root("CN=aws.nitro-enclaves,O=Amazon,OU=AWS,C=US", {.key = KeyType::kP384})),
      zone_(root_.issue_ca("CN=zone.aws.nitro-enclaves,O=Amazon", {.key = KeyType::kP384, .key_slot = 1})),
      leaf_([&] {
        if (leaf.key == KeyType::kP384 && leaf.key_slot == 0) leaf.key_slot = 2;
        return zone_.issue("CN=i-0123456789abcdef0-enc0123456789abcdef,O=Amazon", leaf);
      }()) {
  fields.certificate = to_bytes(leaf_.certificate.der());
  fields.bundle = {to_bytes(root_.certificate().der()), to_bytes(zone_.certificate().der())};
}

}  // namespace adyton::testing
