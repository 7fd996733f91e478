// SPDX-License-Identifier: Apache-2.0
#include "keep/area_table.h"

namespace adyton::keep {

void AreaTable::initialise(Area* areas, std::uint64_t capacity, std::uint64_t begin, std::uint64_t end) {
  areas_ = areas;
  capacity_ = capacity;
  count_ = 0;
  begin_ = begin;
  end_ = end;
}

std::uint64_t AreaTable::first_after(std::uint64_t address) const {
  std::uint64_t low = 0, high = count_;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (areas_[middle].end > address) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

bool AreaTable::is_free(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t next = first_after(begin);
  return next == count_ || areas_[next].begin >= end;
}

bool AreaTable::is_taken(std::uint64_t begin, std::uint64_t end) const {
  for (std::uint64_t index = first_after(begin); begin < end; ++index) {
    if (index == count_ || areas_[index].begin > begin) return false;
    begin = areas_[index].end;
  }
  return true;
}

std::uint64_t AreaTable::find_free(std::uint64_t bytes, std::uint64_t alignment) const {
  std::uint64_t end = end_;
  for (std::uint64_t index = count_;; --index) {
    const std::uint64_t begin = index == 0 ? begin_ : areas_[index - 1].end;
    const std::uint64_t highest = (end - bytes) & ~(alignment - 1);
    if (end - begin >= bytes && highest >= begin) return highest;
    if (index == 0) return 0;
    end = areas_[index - 1].begin;
  }
}

bool AreaTable::has_room_to_take(const Area& area) const {
  const std::uint64_t next = first_after(area.begin);
  const bool joins_next = next < count_ && areas_[next].begin == area.end && areas_[next].like(area);
  const bool joins_last = next > 0 && areas_[next - 1].end == area.begin && areas_[next - 1].like(area);
  return joins_next || joins_last || has_room(1);
}

bool AreaTable::has_room_to_release(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t index = first_after(begin);
  return index == count_ || areas_[index].begin >= begin || areas_[index].end <= end || has_room(1);
}

bool AreaTable::has_room_to_replace(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t index = first_after(begin);
  const bool lower_stays = index < count_ && areas_[index].begin < begin;
  if (lower_stays && areas_[index].end > end) return has_room(2);
  const std::uint64_t next = index + (lower_stays ? 1 : 0);
  return (next < count_ && areas_[next].end <= end) || has_room(1);  // one that goes wholly, or one more
}

void AreaTable::take(const Area& area) {
  const std::uint64_t index = first_after(area.begin);
  insert(index, area);
  merge(index == 0 ? 0 : index - 1, index);
}

void AreaTable::release(std::uint64_t begin, std::uint64_t end) {
  split(begin);  // one more at most within one area, and two until those between are erased
  split(end);
  const std::uint64_t first = first_after(begin);
  std::uint64_t last = first;
  while (last < count_ && areas_[last].begin < end) ++last;
  erase(first, last);
}

void AreaTable::split(std::uint64_t address) {
  const std::uint64_t index = first_after(address);
  if (index == count_ || areas_[index].begin >= address) return;
  Area upper = areas_[index];
  upper.begin = address;
  areas_[index].end = address;
  insert(index + 1, upper);
}

void AreaTable::insert(std::uint64_t index, const Area& area) {
  __builtin_memmove(&areas_[index + 1], &areas_[index], (count_ - index) * sizeof(Area));
  areas_[index] = area;
  ++count_;
}

void AreaTable::erase(std::uint64_t from, std::uint64_t to) {
  __builtin_memmove(&areas_[from], &areas_[to], (count_ - to) * sizeof(Area));
  count_ -= to - from;
}

void AreaTable::merge(std::uint64_t from, std::uint64_t to) {
  std::uint64_t kept = from;
  std::uint64_t next = from + 1;
  for (; next < count_ && next <= to + 1; ++next) {
    if (areas_[kept].end == areas_[next].begin && areas_[kept].like(areas_[next])) {
      areas_[kept].end = areas_[next].end;
    } else {
      areas_[++kept] = areas_[next];
    }
  }
  if (next > kept + 1) erase(kept + 1, next);
}

}  // namespace adyton::keep
