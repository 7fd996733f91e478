// SPDX-License-Identifier: Apache-2.0
// What bytes mean never changes: certificates and keys that are met again and again are taken apart once.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include <adyton/bytes.h>

namespace adyton {

// Values by the exact bytes they were parsed from. Nothing is ever replaced or dropped, so what was found stays good
// for as long as this lives. Bounded, in number and in bytes: what does not fit is not kept, and whoever asks parses
// again; so only what is proved to be worth it should be kept, lest strangers fill it. Thread-safe; finding takes no
// lock. Only a value that depends on nothing but the bytes belongs here.
class ParsedObjects {
 public:
  ParsedObjects() = default;
  ~ParsedObjects();
  ParsedObjects(const ParsedObjects&) = delete;
  ParsedObjects& operator=(const ParsedObjects&) = delete;

  static constexpr std::size_t kMostObjects = 1024, kMostBytes = 8 << 20, kMostBytesEach = 16 << 10;

  // Null if there is none.
  template <class T>
  [[nodiscard]] const T* find(BytesView bytes) const {
    return static_cast<const T*>(find(&kKind<T>, bytes));
  }
  template <class T>
  void keep(BytesView bytes, T value) {
    if (bytes.size() <= kMostBytesEach) keep(&kKind<T>, bytes, std::make_shared<const T>(std::move(value)));
  }

 private:
  template <class T>
  static constexpr char kKind = 0;  // its address tells types apart
  struct Node;
  [[nodiscard]] const void* find(const void* kind, BytesView bytes) const;
  void keep(const void* kind, BytesView bytes, std::shared_ptr<const void> value);

  std::array<std::atomic<const Node*>, 2 * kMostObjects> slots_{};
  std::atomic<std::size_t> objects_ = 0, bytes_ = 0;
};

}  // namespace adyton
