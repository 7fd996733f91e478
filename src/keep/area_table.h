// SPDX-License-Identifier: Apache-2.0
// Which pages of a range are taken and how they may be used: disjoint areas in ascending order, neighbours that are
// alike merged. Knows nothing of the memory itself.
#pragma once

#include <cstdint>

namespace adyton::keep {

struct Area {
  std::uint64_t begin = 0, end = 0;  // multiples of a page
  std::uint32_t protection = 0;      // PROT_READ | PROT_WRITE
  std::uint32_t wiped = 0;           // 0: holds old bytes; nobody may read it before it is wiped
  [[nodiscard]] bool like(const Area& other) const { return protection == other.protection && wiped == other.wiped; }
};

class AreaTable {
 public:
  static constexpr std::uint64_t kSpare = 2;  // beyond the capacity, until those that are alike are merged

  // `areas`: room for `capacity` and kSpare of them. [begin, end): what may be taken.
  void initialise(Area* areas, std::uint64_t capacity, std::uint64_t begin, std::uint64_t end);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const Area& operator[](std::uint64_t index) const { return areas_[index]; }
  [[nodiscard]] bool has_room(std::uint64_t more) const { return count_ + more <= capacity_; }
  // For each of the changes below. What makes none more is never refused.
  [[nodiscard]] bool has_room_to_take(const Area& area) const;
  [[nodiscard]] bool has_room_to_release(std::uint64_t begin, std::uint64_t end) const;
  [[nodiscard]] bool has_room_to_replace(std::uint64_t begin, std::uint64_t end) const;  // release(), then take()
  [[nodiscard]] bool has_room_to_change(std::uint64_t begin, std::uint64_t end) const {
    return has_room((splits(begin) ? 1 : 0) + (splits(end) ? 1 : 0));
  }
  [[nodiscard]] bool within(std::uint64_t begin, std::uint64_t end) const {
    return begin < end && begin >= begin_ && end <= end_;
  }
  // Index of the first area that ends after `address`; count() if none.
  [[nodiscard]] std::uint64_t first_after(std::uint64_t address) const;
  [[nodiscard]] bool is_free(std::uint64_t begin, std::uint64_t end) const;
  [[nodiscard]] bool is_taken(std::uint64_t begin, std::uint64_t end) const;  // all of it
  // The highest free range of this size, from a multiple of `alignment` on, a power of two; 0 if there is none.
  [[nodiscard]] std::uint64_t find_free(std::uint64_t bytes, std::uint64_t alignment = 1) const;

  // Requires: has_room_to_take(area), is_free(area).
  void take(const Area& area);
  // Whatever lies in the range becomes free. Requires: has_room_to_release().
  void release(std::uint64_t begin, std::uint64_t end);
  // Calls change(Area&) for each area within the range, split at its ends. Requires: has_room_to_change().
  template <typename Change>
  void change(std::uint64_t begin, std::uint64_t end, Change&& change) {
    split(begin);
    split(end);
    const std::uint64_t first = first_after(begin);
    std::uint64_t last = first;
    for (; last < count_ && areas_[last].begin < end; ++last) change(areas_[last]);
    merge(first == 0 ? 0 : first - 1, last);
  }

 private:
  [[nodiscard]] bool splits(std::uint64_t address) const {  // lies within an area
    const std::uint64_t index = first_after(address);
    return index < count_ && areas_[index].begin < address;
  }
  void split(std::uint64_t address);
  void insert(std::uint64_t index, const Area& area);
  void erase(std::uint64_t from, std::uint64_t to);
  void merge(std::uint64_t from, std::uint64_t to);  // areas from..to (inclusive) with their next

  Area* areas_ = nullptr;
  std::uint64_t count_ = 0, capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace adyton::keep
