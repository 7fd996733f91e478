// SPDX-License-Identifier: Apache-2.0
#include "keep/measured_manifest.h"

#include "keep/text.h"

namespace adyton::keep {
namespace {

enum Major : std::uint32_t {
  kUnsigned = 0,
  kBytes = 2,
  kText = 3,
  kArray = 4,
  kMap = 5,
  kSimple = 7
};  // RFC 8949, 3.1

struct Item {
  std::uint32_t major = 0;
  std::uint64_t value = 0;                // the number, or how many bytes, items or pairs follow
  const std::uint8_t* content = nullptr;  // of bytes and text
};

bool is_text(const Item& item, const char* text, std::uint64_t length) {
  return item.major == kText && item.value == length && __builtin_memcmp(item.content, text, length) == 0;
}

class CborCursor {
 public:
  CborCursor(const std::uint8_t* at, const std::uint8_t* end) : at_(at), end_(end) {}

  // The head of the next item, and the content of bytes and text. False at the end and where it is cut off.
  bool take(Item& item) {
    if (at_ == end_) return false;
    item = {.major = static_cast<std::uint32_t>(*at_ >> 5), .value = *at_ & 31U};
    ++at_;
    if (item.value >= 24) {
      if (item.value > 27) return false;
      std::uint64_t value = 0;
      for (std::uint64_t left = std::uint64_t{1} << (item.value - 24); left > 0; --left) {
        if (at_ == end_) return false;
        value = value << 8 | *at_++;
      }
      item.value = value;
    }
    if (item.major == kUnsigned || item.major == kSimple) return true;
    if (item.value > static_cast<std::uint64_t>(end_ - at_)) return false;  // nothing takes less than a byte
    if (item.major == kBytes || item.major == kText) {
      item.content = at_;
      at_ += item.value;
    }
    return item.major != 1 && item.major != 6;
  }

  // Past one item with all that is in it.
  bool skip() {
    Item item;
    for (std::uint64_t left = 1; left > 0; --left) {
      if (!take(item)) return false;
      if (item.major == kArray) left += item.value;
      if (item.major == kMap) left += 2 * item.value;
    }
    return true;
  }

  // To the value of `key` in the map that is next.
  bool enter(const char* key) {
    Item item;
    if (!take(item) || item.major != kMap) return false;
    for (std::uint64_t left = item.value; left > 0; --left) {
      Item found;
      if (!take(found)) return false;
      if (is_text(found, key, length_of(key))) return true;
      if (!skip()) return false;
    }
    return false;
  }

  // Whether `holds` is true of any item of the array that is next.
  template <typename Holds>
  bool any(Holds&& holds) {
    Item list;
    if (!take(list) || list.major != kArray) return false;
    for (std::uint64_t left = list.value; left > 0; --left) {
      Item item;
      if (!take(item)) return false;
      if (holds(item)) return true;
    }
    return false;
  }

 private:
  const std::uint8_t *at_, *end_;
};

}  // namespace

MeasuredManifest::MeasuredManifest(const void* cbor, std::uint64_t bytes)
    : begin_(static_cast<const std::uint8_t*>(cbor)), end_(begin_ + bytes) {}

bool MeasuredManifest::allows_variable(const char* variable) const {
  std::uint64_t length = 0;
  while (variable[length] != '=') {
    if (variable[length++] == 0) return false;
  }
  CborCursor cursor(begin_, end_);
  return cursor.enter("environment") && cursor.any([&](const Item& item) { return is_text(item, variable, length); });
}

bool MeasuredManifest::allows_port(bool listen, std::uint64_t port) const {
  CborCursor cursor(begin_, end_);
  return cursor.enter("network") && cursor.enter(listen ? "listen" : "connect") &&
         cursor.any([&](const Item& item) { return item.major == kUnsigned && item.value == port; });
}

bool MeasuredManifest::file_sha256(std::uint64_t index, char* path, std::uint64_t room,
                                   std::uint8_t (&digest)[32]) const {
  constexpr std::uint64_t kDigits = 64;  // then a space
  CborCursor cursor(begin_, end_);
  return cursor.enter("sgx") && cursor.enter("file_sha256") && cursor.any([&](const Item& item) {
    if (item.major != kText || index-- != 0) return false;
    if (item.value <= kDigits || item.value - kDigits > room) return false;
    for (std::uint64_t digit = 0; digit < kDigits; ++digit) {
      const std::uint8_t each = item.content[digit], value = each <= '9' ? each - '0' : each - 'a' + 10;
      digest[digit / 2] = static_cast<std::uint8_t>(digest[digit / 2] << 4 | (value & 0xf));
    }
    const std::uint64_t length = item.value - kDigits - 1;
    __builtin_memcpy(path, item.content + kDigits + 1, length);
    path[length] = 0;
    return true;
  });
}

bool MeasuredManifest::reads(const char* path) const {
  const std::uint64_t length = length_of(path);
  CborCursor cursor(begin_, end_);
  return cursor.enter("files") && cursor.enter("read") && cursor.any([&](const Item& item) {
    return item.major == kText && item.value <= length && __builtin_memcmp(item.content, path, item.value) == 0 &&
           (item.value == length || item.value == 1 || path[item.value] == '/');
  });
}

std::uint64_t MeasuredManifest::malloc_arenas() const {
  CborCursor cursor(begin_, end_);
  Item item;
  return cursor.enter("sgx") && cursor.enter("malloc_arenas") && cursor.take(item) && item.major == kUnsigned
             ? item.value
             : 1;
}

bool MeasuredManifest::write_path(std::uint64_t index, char* path, std::uint64_t room) const {
  CborCursor cursor(begin_, end_);
  return cursor.enter("files") && cursor.enter("write") && cursor.any([&](const Item& item) {
    if (item.major != kText || index-- != 0) return false;
    if (item.value >= room) return false;
    __builtin_memcpy(path, item.content, item.value);
    path[item.value] = 0;
    return true;
  });
}

}  // namespace adyton::keep
