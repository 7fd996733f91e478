// SPDX-License-Identifier: Apache-2.0
// CBOR (RFC 8949): what manifests are written in, and what COSE, and through it attestation documents, are made of.
//
// Written: always the deterministic encoding (RFC 8949, 4.2.1). Read: forward only, without copies; definite lengths,
// unless Rules::indefinite; text is UTF-8; a map never has a key twice. What is read points into the input.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton::cbor {

class MapWriter;

// Appends items. Requires that array(n) is followed by n items and tag() by one.
class Writer {
 public:
  Writer& integer(std::int64_t value);
  Writer& unsigned_integer(std::uint64_t value);
  Writer& bytes(BytesView value);
  Writer& text(std::string_view value);  // requires UTF-8
  Writer& boolean(bool value);
  Writer& null();
  Writer& tag(std::uint64_t number);
  Writer& array(std::size_t count);
  Writer& map(const MapWriter& map);
  Writer& item(BytesView encoded);  // an item that is already encoded

  [[nodiscard]] const Bytes& encoded() const { return out_; }
  [[nodiscard]] Bytes release() { return std::exchange(out_, {}); }

 private:
  friend class Reader;
  Writer& head(std::uint8_t major, std::uint64_t argument);
  Bytes out_;
};

// A map's entries, in any order; Writer::map() sorts them. Requires that no key is given twice.
class MapWriter {
 public:
  // Where to write the one item that belongs to `key`.
  Writer& key(std::int64_t key);
  Writer& key(std::string_view key);

 private:
  friend class Writer;
  std::list<std::pair<Bytes, Writer>> entries_;
};

// The key of a map: an integer or a text.
class Key {
 public:
  explicit Key(std::int64_t integer) : integer_(integer) {}
  explicit Key(std::string_view text) : text_(text) {}
  bool operator==(std::int64_t other) const { return integer_ == other; }
  bool operator==(std::string_view other) const { return !integer_ && text_ == other; }
  bool operator==(const Key&) const = default;
  [[nodiscard]] std::optional<std::string_view> text() const {  // nothing if it is an integer
    return integer_ ? std::nullopt : std::optional(text_);
  }
  [[nodiscard]] std::string to_string() const;  // for messages

 private:
  std::optional<std::int64_t> integer_;
  std::string_view text_;
};

// The major types (RFC 8949, 3.1).
enum class Type : std::uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

// What a Reader accepts.
struct Rules {
  // Only the deterministic encoding: shortest lengths, keys ascending, and no simple values but false, true and null.
  // Otherwise lengths may be longer than needed, keys may come in any order, and read_item() passes over every simple
  // value and floating-point number.
  bool deterministic = true;
  // When not deterministic: arrays and maps may also come without a count, ended by a break (RFC 8949, 3.2.2). Strings
  // are always in one piece.
  bool indefinite = false;
  unsigned max_depth = 16;  // of arrays, maps and tags within one another
};

// Reads items one after the other. All errors are `invalid` and name the offset. After an error, reading on is useless
// but harmless. Memory: none in deterministic mode, else in proportion to the keys that are really there.
class Reader {
 public:
  explicit Reader(BytesView input, Rules rules = {}) : input_(input), rules_(rules) {}

  [[nodiscard]] bool at_end() const { return position_ == input_.size(); }
  [[nodiscard]] Result<Type> peek() const;  // of the next item

  Result<std::uint64_t> read_unsigned();
  Result<std::int64_t> read_integer();
  Result<BytesView> read_bytes();
  Result<std::string_view> read_text();
  Result<bool> read_boolean();
  Result<bool> skip_null();  // whether the next item was null; if not, it is still the next
  Result<std::uint64_t> read_tag();

  // An array of exactly `count` items, which are the next to be read.
  Result<void> read_array_head(std::size_t count);
  // An array: `on_element` is called before each of its items, and reads exactly that one.
  Result<void> read_array(const std::function<Result<void>()>& on_element);
  // A map with integers and texts as keys: `on_entry` is called with each key, and reads exactly the item it maps to.
  Result<void> read_map(const std::function<Result<void>(const Key&)>& on_entry);

  // Any one item with all it contains, checked against the rules: its encoding.
  Result<BytesView> read_item();

  // Invalid if bytes are left.
  [[nodiscard]] Result<void> finish() const;

 private:
  struct Head {
    Type type;
    std::uint8_t information;  // RFC 8949, 3: the low five bits
    std::uint64_t argument;
    std::size_t size;
    bool indefinite = false;  // no argument: items up to a break
  };
  class KeyOrder;

  [[nodiscard]] Result<Head> peek_head() const;
  Result<Head> read_head(Type type, std::string_view wanted);
  Result<BytesView> read_content(const Head& head);
  Result<void> read_pairs(const std::function<Result<void>()>& read_key,
                          const std::function<Result<void>()>& read_value);
  Result<void> skip_item();
  Result<bool> at_another_item(const Head& head, std::uint64_t index);
  Result<void> deeper(const std::function<Result<void>()>& inner);
  Error error(std::string_view what) const;

  BytesView input_;
  Rules rules_;
  std::size_t position_ = 0;
  unsigned depth_ = 0;
};

}  // namespace adyton::cbor
