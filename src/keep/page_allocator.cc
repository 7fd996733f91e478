// SPDX-License-Identifier: Apache-2.0
#include "keep/page_allocator.h"

#include <asm/errno.h>
#include <linux/mman.h>

#include "image/sgx/keep_config.h"
#include "keep/address_unsafe.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kMoved = 3;  // areas more at most: the new one, and what is cut off there and where it was
constexpr std::uint64_t kProtections = PROT_READ | PROT_WRITE | PROT_EXEC;

void wipe(std::uint64_t begin, std::uint64_t end) { __builtin_memset(at<void>(begin), 0, end - begin); }

bool aligned(std::uint64_t address) { return address % kPage == 0; }

}  // namespace

bool PageAllocator::initialise(std::uint64_t begin, std::uint64_t end, std::uint64_t most_areas) {
  if (!aligned(begin) || !aligned(end) || begin >= end) return false;
  const std::uint64_t pages = (end - begin) / kPage;
  const std::uint64_t capacity = pages < most_areas ? pages : most_areas;
  const std::uint64_t table_end = begin + page_ceiling((capacity + AreaTable::kSpare) * sizeof(Area));
  if (table_end >= end) return false;
  areas_.initialise(at<Area>(begin), capacity, table_end, end);
  break_begin_ = break_ = table_end;
  end_ = end;
  return true;
}

std::int64_t PageAllocator::take(std::uint64_t begin, std::uint64_t end, std::uint64_t protection) {
  const Area area{begin, end, static_cast<std::uint32_t>(protection), protection != PROT_NONE};
  if (!areas_.has_room_to_take(area)) return -ENOMEM;
  if (protection != PROT_NONE) wipe(begin, end);
  areas_.take(area);
  return static_cast<std::int64_t>(begin);
}

std::int64_t PageAllocator::map(std::uint64_t hint, std::uint64_t bytes, std::uint64_t protection,
                                std::uint64_t flags) {
  if (bytes == 0) return -EINVAL;
  bytes = page_ceiling(bytes);
  if (bytes == 0) return -ENOMEM;
  if ((protection & ~kProtections) != 0) return -EINVAL;
  if ((protection & PROT_EXEC) != 0) return -EACCES;  // pages of the heap are never executable
  const bool fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
  if (fixed) {
    if (!aligned(hint)) return -EINVAL;
    if (hint + bytes < hint || !areas_.within(hint, hint + bytes)) return -ENOMEM;
    if (!areas_.is_free(hint, hint + bytes)) {
      if ((flags & MAP_FIXED_NOREPLACE) != 0) return -EEXIST;
      if (!areas_.has_room_to_replace(hint, hint + bytes)) return -ENOMEM;
      areas_.release(hint, hint + bytes);
    }
    return take(hint, hint + bytes, protection);
  }
  hint = page_floor(hint);
  if (hint == 0 || hint + bytes < hint || !areas_.within(hint, hint + bytes) || !areas_.is_free(hint, hint + bytes)) {
    // What malloc's arenas reserve they want aligned to its size, and map twice of it for that.
    const bool arena = protection == PROT_NONE && bytes >= kLeastArenaBytes && (bytes & (bytes - 1)) == 0;
    hint = arena ? areas_.find_free(bytes, bytes) : 0;
    if (hint == 0) hint = areas_.find_free(bytes);
  }
  if (hint == 0) return -ENOMEM;
  return take(hint, hint + bytes, protection);
}

std::int64_t PageAllocator::unmap(std::uint64_t address, std::uint64_t bytes) {
  bytes = page_ceiling(bytes);
  if (!aligned(address) || bytes == 0 || address + bytes < address) return -EINVAL;
  if (!areas_.within(address, address + bytes)) return -EINVAL;
  if (!areas_.has_room_to_release(address, address + bytes)) return -ENOMEM;
  areas_.release(address, address + bytes);
  return 0;
}

std::int64_t PageAllocator::protect(std::uint64_t address, std::uint64_t bytes, std::uint64_t protection) {
  bytes = page_ceiling(bytes);
  if (!aligned(address) || address + bytes < address || (protection & ~kProtections) != 0) return -EINVAL;
  if (bytes == 0) return 0;
  if ((protection & PROT_EXEC) != 0) return -EACCES;
  if (!areas_.is_taken(address, address + bytes) || !areas_.has_room_to_change(address, address + bytes))
    return -ENOMEM;
  areas_.change(address, address + bytes, [&](Area& area) {
    if (protection != PROT_NONE && area.wiped == 0) {
      wipe(area.begin, area.end);
      area.wiped = 1;
    }
    area.protection = static_cast<std::uint32_t>(protection);
  });
  return 0;
}

std::int64_t PageAllocator::move(std::uint64_t address, std::uint64_t old_end, std::uint64_t to,
                                 std::uint64_t new_bytes) {
  const Area area = areas_[areas_.first_after(address)];
  const std::uint64_t old_bytes = old_end - address;
  const Area moved{to, to + new_bytes, area.protection, area.wiped};
  if (area.wiped != 0) {
    wipe(to, to + new_bytes);
    __builtin_memcpy(at<void>(to), at<void>(address), old_bytes < new_bytes ? old_bytes : new_bytes);
  }
  areas_.take(moved);
  areas_.release(address, old_end);
  return static_cast<std::int64_t>(to);
}

std::int64_t PageAllocator::remap(std::uint64_t address, std::uint64_t old_bytes, std::uint64_t new_bytes,
                                  std::uint64_t flags, std::uint64_t new_address) {
  old_bytes = page_ceiling(old_bytes);
  new_bytes = page_ceiling(new_bytes);
  if (!aligned(address) || old_bytes == 0 || new_bytes == 0 || address + old_bytes < address) return -EINVAL;
  if ((flags & ~std::uint64_t{MREMAP_MAYMOVE | MREMAP_FIXED}) != 0) return -EINVAL;
  const std::uint64_t old_end = address + old_bytes;
  const std::uint64_t index = areas_.first_after(address);
  if (index == areas_.count() || areas_[index].begin > address || areas_[index].end < old_end) return -EFAULT;
  if ((flags & MREMAP_FIXED) != 0) {
    const std::uint64_t to_end = new_address + new_bytes;
    if ((flags & MREMAP_MAYMOVE) == 0 || !aligned(new_address) || to_end < new_address ||
        !areas_.within(new_address, to_end) || (new_address < old_end && address < to_end)) {
      return -EINVAL;
    }
    if (!areas_.has_room(kMoved)) return -ENOMEM;
    areas_.release(new_address, to_end);
    return move(address, old_end, new_address, new_bytes);
  }
  const std::uint64_t new_end = address + new_bytes;
  if (new_bytes <= old_bytes) {
    if (new_bytes == old_bytes) return static_cast<std::int64_t>(address);
    if (!areas_.has_room_to_release(new_end, old_end)) return -ENOMEM;
    areas_.release(new_end, old_end);
    return static_cast<std::int64_t>(address);
  }
  if (new_end > address && areas_.within(old_end, new_end) && areas_.is_free(old_end, new_end)) {
    const Area grown{old_end, new_end, areas_[index].protection, areas_[index].wiped};
    if (!areas_.has_room_to_take(grown)) return -ENOMEM;
    if (grown.wiped != 0) wipe(old_end, new_end);
    areas_.take(grown);
    return static_cast<std::int64_t>(address);
  }
  if ((flags & MREMAP_MAYMOVE) == 0 || !areas_.has_room(kMoved)) return -ENOMEM;
  const std::uint64_t to = areas_.find_free(new_bytes);
  return to == 0 ? -ENOMEM : move(address, old_end, to, new_bytes);
}

std::int64_t PageAllocator::advise(std::uint64_t address, std::uint64_t bytes, std::uint64_t advice) const {
  bytes = page_ceiling(bytes);
  if (!aligned(address) || address + bytes < address) return -EINVAL;
  if (bytes == 0) return 0;
  if (!areas_.is_taken(address, address + bytes)) return -ENOMEM;
  if (advice != MADV_DONTNEED && advice != MADV_FREE) return advice <= MADV_COLLAPSE ? 0 : -EINVAL;
  // Zeros from now on, which MADV_FREE allows too.
  for (std::uint64_t index = areas_.first_after(address); index < areas_.count(); ++index) {
    const Area& area = areas_[index];
    if (area.begin >= address + bytes) break;
    if (area.wiped == 0) continue;
    wipe(area.begin > address ? area.begin : address, area.end < address + bytes ? area.end : address + bytes);
  }
  return 0;
}

std::int64_t PageAllocator::set_break(std::uint64_t address) {
  const auto now = static_cast<std::int64_t>(break_);
  if (address < break_begin_ || address > end_) return now;
  const std::uint64_t old_end = page_ceiling(break_), new_end = page_ceiling(address);
  if (new_end > old_end) {
    if (!areas_.is_free(old_end, new_end)) return now;
    if (take(old_end, new_end, PROT_READ | PROT_WRITE) < 0) return now;
  } else if (new_end < old_end) {
    if (!areas_.has_room_to_release(new_end, old_end)) return now;
    areas_.release(new_end, old_end);
  }
  break_ = address;
  return static_cast<std::int64_t>(break_);
}

std::uint64_t PageAllocator::taken_bytes() const {
  std::uint64_t sum = 0;
  for (std::uint64_t index = 0; index < areas_.count(); ++index) sum += areas_[index].end - areas_[index].begin;
  return sum;
}

}  // namespace adyton::keep
