// SPDX-License-Identifier: Apache-2.0
#include "base/cbor.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/cursor.h"
#include "base/error.h"
#include "base/utf8.h"

namespace adyton::cbor {
namespace {

constexpr std::uint8_t kFalse = 20, kTrue = 21, kNull = 22;  // RFC 8949, 3.3
constexpr std::byte kBreak{0xff};                            // RFC 8949, 3.2.1
constexpr std::uint64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();

std::uint8_t major(Type type) { return static_cast<std::uint8_t>(type); }

}  // namespace

Writer& Writer::head(std::uint8_t major_type, std::uint64_t argument) {
  const auto initial = [&](std::uint8_t information) {
    out_.push_back(static_cast<std::byte>(major_type << 5 | information));
  };
  if (argument < 24) {
    initial(static_cast<std::uint8_t>(argument));
  } else if (argument <= 0xff) {
    initial(24);
    append_be(out_, static_cast<std::uint8_t>(argument));
  } else if (argument <= 0xffff) {
    initial(25);
    append_be(out_, static_cast<std::uint16_t>(argument));
  } else if (argument <= 0xffffffff) {
    initial(26);
    append_be(out_, static_cast<std::uint32_t>(argument));
  } else {
    initial(27);
    append_be(out_, argument);
  }
  return *this;
}

Writer& Writer::integer(std::int64_t value) {
  return value >= 0 ? head(major(Type::kUnsigned), static_cast<std::uint64_t>(value))
                    : head(major(Type::kNegative), static_cast<std::uint64_t>(-1 - value));
}

Writer& Writer::unsigned_integer(std::uint64_t value) { return head(major(Type::kUnsigned), value); }

Writer& Writer::bytes(BytesView value) {
  head(major(Type::kBytes), value.size());
  return item(value);
}

Writer& Writer::text(std::string_view value) {
  head(major(Type::kText), value.size());
  return item(as_bytes(value));
}

Writer& Writer::boolean(bool value) { return head(major(Type::kSimple), value ? kTrue : kFalse); }
Writer& Writer::null() { return head(major(Type::kSimple), kNull); }
Writer& Writer::tag(std::uint64_t number) { return head(major(Type::kTag), number); }
Writer& Writer::array(std::size_t count) { return head(major(Type::kArray), count); }

Writer& Writer::map(const MapWriter& map) {
  std::vector<const std::pair<Bytes, Writer>*> sorted;
  for (const auto& entry : map.entries_) sorted.push_back(&entry);
  std::ranges::sort(sorted, {}, [](const auto* entry) -> const Bytes& { return entry->first; });
  head(major(Type::kMap), sorted.size());
  for (const auto* entry : sorted) item(entry->first).item(entry->second.encoded());
  return *this;
}

Writer& Writer::item(BytesView encoded) {
  append(out_, encoded);
  return *this;
}

Writer& MapWriter::key(std::int64_t key) {
  return entries_.emplace_back(Writer().integer(key).encoded(), Writer()).second;
}

Writer& MapWriter::key(std::string_view key) {
  return entries_.emplace_back(Writer().text(key).encoded(), Writer()).second;
}

std::string Key::to_string() const { return integer_ ? fmt::format("{}", *integer_) : fmt::format("\"{}\"", text_); }

// Holds a map's keys to their rules, one key after the other.
class Reader::KeyOrder {
 public:
  explicit KeyOrder(const Rules& rules) : rules_(rules) {}

  // The key that `reader` read from `start` on.
  Result<void> check(const Reader& reader, std::size_t start) {
    const BytesView encoded = reader.input_.subspan(start, reader.position_ - start);
    if (!rules_.deterministic) {
      if (!seen_.insert(shortest(encoded)).second) return reader.error("a map has the same key twice");
      return {};
    }
    if (!last_.empty() && !std::ranges::lexicographical_compare(last_, encoded)) {
      return reader.error(std::ranges::equal(last_, encoded) ? "a map has the same key twice"
                                                             : "a map's keys are not in ascending order");
    }
    last_ = encoded;
    return {};
  }

 private:
  // The same key in its shortest form, so that 0x01 and 0x1801 are one. Containers as keys are compared as they are.
  static Bytes shortest(BytesView encoded) {
    const Result<Head> head = Reader(encoded, {.deterministic = false}).peek_head();
    if (!head || head->type > Type::kText) return to_bytes(encoded);
    return Writer().head(major(head->type), head->argument).item(encoded.subspan(head->size)).encoded();
  }

  const Rules& rules_;
  BytesView last_;
  std::set<Bytes> seen_;
};

Error Reader::error(std::string_view what) const { return invalid("CBOR at byte {}: {}", position_, what); }

Result<Reader::Head> Reader::peek_head() const {
  const BytesView rest = input_.subspan(position_);
  if (rest.empty()) return error("cut short");
  const auto initial = std::to_integer<std::uint8_t>(rest[0]);
  Head head{static_cast<Type>(initial >> 5), static_cast<std::uint8_t>(initial & 31), 0, 1};
  if (head.information < 24) {
    head.argument = head.information;
    return head;
  }
  if (head.information == 31) {
    const bool container = head.type == Type::kArray || head.type == Type::kMap;
    if (rules_.deterministic || !rules_.indefinite || !container) return error("an indefinite length");
    head.indefinite = true;
    return head;
  }
  if (head.information > 27) return error("a reserved length form");
  const std::size_t extra = std::size_t{1} << (head.information - 24);
  if (rest.size() < 1 + extra) return error("cut short");
  for (std::size_t i = 1; i <= extra; ++i) head.argument = head.argument << 8 | std::to_integer<std::uint8_t>(rest[i]);
  head.size += extra;
  if (head.type == Type::kSimple) {
    if (rules_.deterministic) return error("a simple value or a floating-point number that has no place here");
    if (head.information == 24 && head.argument < 32) return error("a simple value in two bytes that needs one");
  } else if (rules_.deterministic) {
    const std::uint64_t smallest = extra == 1 ? 24 : std::uint64_t{1} << (8 * extra / 2);
    if (head.argument < smallest) return error("a length or number that is not in its shortest form");
  }
  return head;
}

Result<Type> Reader::peek() const { return TRY(peek_head()).type; }

Result<Reader::Head> Reader::read_head(Type type, std::string_view wanted) {
  const Head head = TRY(peek_head());
  if (head.type != type) return error(fmt::format("not {}", wanted));
  position_ += head.size;
  return head;
}

Result<BytesView> Reader::read_content(const Head& head) {
  if (head.argument > input_.size() - position_) return error("a string that is longer than the input");
  const BytesView content = input_.subspan(position_, head.argument);
  if (head.type == Type::kText && !is_utf8(as_text(content))) return error("a text that is not UTF-8");
  position_ += content.size();
  return content;
}

Result<std::uint64_t> Reader::read_unsigned() {
  return TRY(read_head(Type::kUnsigned, "an unsigned integer")).argument;
}

Result<std::int64_t> Reader::read_integer() {
  const Head head = TRY(peek_head());
  if (head.type != Type::kUnsigned && head.type != Type::kNegative) return error("not an integer");
  if (head.argument > kMaxInt64) return error("an integer beyond 64 bits with sign");
  position_ += head.size;
  const auto value = static_cast<std::int64_t>(head.argument);
  return head.type == Type::kUnsigned ? value : -1 - value;
}

Result<BytesView> Reader::read_bytes() {
  const Head head = TRY(read_head(Type::kBytes, "a byte string"));
  return read_content(head);
}

Result<std::string_view> Reader::read_text() {
  const Head head = TRY(read_head(Type::kText, "a text"));
  return as_text(TRY(read_content(head)));
}

Result<bool> Reader::read_boolean() {
  const Head head = TRY(peek_head());
  if (head.type != Type::kSimple || (head.information != kFalse && head.information != kTrue)) {
    return error("not a boolean");
  }
  position_ += head.size;
  return head.information == kTrue;
}

Result<bool> Reader::skip_null() {
  const Head head = TRY(peek_head());
  if (head.type != Type::kSimple || head.information != kNull) return false;
  position_ += head.size;
  return true;
}

Result<std::uint64_t> Reader::read_tag() { return TRY(read_head(Type::kTag, "a tag")).argument; }

Result<void> Reader::read_array_head(std::size_t count) {
  const Head head = TRY(read_head(Type::kArray, "an array"));
  if (head.indefinite) return error("an array without a count");
  if (head.argument != count) return error(fmt::format("an array of {} items, not {}", head.argument, count));
  return {};
}

Result<void> Reader::deeper(const std::function<Result<void>()>& inner) {
  if (depth_ == rules_.max_depth) return error(fmt::format("nested more than {} deep", rules_.max_depth));
  ++depth_;
  Result<void> result = inner();
  --depth_;
  return result;
}

// The counts below need no limit of their own: each item takes at least a byte of the input, or ends the loop.

// Whether the container of `head` has an item after `index` of them; passes over the break that ends it.
Result<bool> Reader::at_another_item(const Head& head, std::uint64_t index) {
  if (!head.indefinite) return index < head.argument;
  if (at_end()) return error("cut short");
  if (input_[position_] != kBreak) return true;
  ++position_;
  return false;
}

Result<void> Reader::read_array(const std::function<Result<void>()>& on_element) {
  const Head head = TRY(read_head(Type::kArray, "an array"));
  if (head.argument > input_.size() - position_) return error("an array with more items than the input has bytes");
  return deeper([&]() -> Result<void> {
    for (std::uint64_t i = 0; TRY(at_another_item(head, i)); ++i) TRY(on_element());
    return {};
  });
}

Result<void> Reader::read_pairs(const std::function<Result<void>()>& read_key,
                                const std::function<Result<void>()>& read_value) {
  const Head head = TRY(read_head(Type::kMap, "a map"));
  if (head.argument > (input_.size() - position_) / 2) return error("a map with more entries than the input has bytes");
  return deeper([&]() -> Result<void> {
    KeyOrder order(rules_);
    for (std::uint64_t i = 0; TRY(at_another_item(head, i)); ++i) {
      const std::size_t start = position_;
      TRY(read_key());
      TRY(order.check(*this, start));
      TRY(read_value());
    }
    return {};
  });
}

Result<void> Reader::read_map(const std::function<Result<void>(const Key&)>& on_entry) {
  std::optional<Key> key;
  const auto read_key = [&]() -> Result<void> {
    const bool is_text = TRY(peek()) == Type::kText;
    key = is_text ? Key(TRY(read_text())) : Key(TRY(read_integer()));
    return {};
  };
  return read_pairs(read_key, [&] { return on_entry(*key); });
}

Result<void> Reader::skip_item() {
  const Head head = TRY(peek_head());
  switch (head.type) {
    case Type::kUnsigned:
    case Type::kNegative: position_ += head.size; return {};
    case Type::kBytes:
    case Type::kText:
      position_ += head.size;
      TRY(read_content(head));
      return {};
    case Type::kArray: return read_array([&] { return skip_item(); });
    case Type::kMap: return read_pairs([&] { return skip_item(); }, [&] { return skip_item(); });
    case Type::kTag: position_ += head.size; return deeper([&] { return skip_item(); });
    case Type::kSimple:
      if (rules_.deterministic && (head.information < kFalse || head.information > kNull)) {
        return error("a simple value that has no place here");
      }
      position_ += head.size;
      return {};
  }
  return {};
}

Result<BytesView> Reader::read_item() {
  const std::size_t start = position_;
  TRY(skip_item());
  return input_.subspan(start, position_ - start);
}

Result<void> Reader::finish() const {
  if (!at_end()) return error(fmt::format("{} bytes too many at the end", input_.size() - position_));
  return {};
}

}  // namespace adyton::cbor
