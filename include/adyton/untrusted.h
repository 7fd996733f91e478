// SPDX-License-Identifier: Apache-2.0
// A value that came from the other side of a trust boundary: it has been copied in, and only a check yields it.
#pragma once

#include <concepts>
#include <utility>

#include <adyton/result.h>

namespace adyton {

template <class T>
class Untrusted {
 public:
  explicit Untrusted(T value) : value_(std::move(value)) {}

  // The value if `good(value)` holds, else `error`.
  template <std::predicate<const T&> Check>
  [[nodiscard]] Result<T> check(Check&& good, Error error) const {
    if (good(value_)) return value_;
    return error;
  }

  // The value if low <= value <= high, else nothing: for sizes, counts and offsets.
  [[nodiscard]] Result<T> within(const T& low, const T& high, Error error) const
    requires std::totally_ordered<T>
  {
    if (low <= value_ && value_ <= high) return value_;
    return error;
  }

 private:
  T value_;
};

}  // namespace adyton
