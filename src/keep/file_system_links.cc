// SPDX-License-Identifier: Apache-2.0
// Symbolic links, and files that are in no folder yet.
#include <asm/errno.h>

#include "keep/address_unsafe.h"
#include "keep/file_system.h"
#include "keep/text.h"

namespace adyton::keep {

std::int64_t FileSystem::make_nameless(std::uint32_t mode, Time now) {
  const Locked locked(lock_);
  const std::int64_t made = new_node();
  if (made < 0) return made;
  Node& node = at_index(static_cast<std::uint32_t>(made));
  node.mode = mode & 07777;
  node.changed = now;
  node.opens = 1;
  return made;
}

std::int64_t FileSystem::make_listed(const char* path, std::uint32_t listed) {
  const Locked locked(lock_);
  Place place;
  if (const std::int64_t error = walk(kRoot, path, place, false); error < 0) return error;
  if (place.node != 0) return -EEXIST;
  const std::int64_t made = add(place, false, 0444, {});
  if (made > 0) at_index(static_cast<std::uint32_t>(made)).listed = listed;
  return made;
}

void FileSystem::fill_listed(std::uint32_t index, std::uint32_t from) {
  const Locked locked(lock_);
  Node &to = at_index(index), &source = at_index(from);
  if (to.listed == 0) return;
  to.listed = 0;
  to.data = source.data;
  to.capacity = source.capacity;
  to.size = source.size;
  source.data = source.capacity = source.size = 0;
}

std::int64_t FileSystem::set_text(Node& node, const char* text) {
  const std::uint64_t bytes = length_of(text);
  if (const std::int64_t error = reserve(node, bytes); error < 0) return error;
  if (bytes > 0) __builtin_memcpy(at<char>(node.data), text, bytes);
  node.size = bytes;
  return 0;
}

std::int64_t FileSystem::make_link(std::uint32_t folder, const char* path, const char* target, Time now) {
  const Locked locked(lock_);
  Place place;
  if (*target == 0) return -ENOENT;
  if (const std::int64_t error = walk(folder, path, place, false); error < 0) return error;
  if (place.node != 0) return -EEXIST;
  const std::int64_t made = add(place, false, 0777, now);
  if (made < 0) return made;
  const auto index = static_cast<std::uint32_t>(made);
  Node& node = at_index(index);
  if (const std::int64_t error = set_text(node, target); error < 0) {
    detach(index);
    drop_if_unused(index);
    return error;
  }
  node.link = 1;
  return 0;
}

std::int64_t FileSystem::target_of(std::uint32_t folder, const char* path, char* to, std::uint64_t room) {
  const Locked locked(lock_);
  Place place;
  if (const std::int64_t error = walk(folder, path, place, false); error < 0) return error;
  if (place.node == 0) return -ENOENT;
  const Node& node = at_index(place.node);
  if (node.link == 0) return -EINVAL;
  const std::uint64_t bytes = node.size < room ? node.size : room;
  __builtin_memcpy(to, at<char>(node.data), bytes);
  return static_cast<std::int64_t>(bytes);
}

}  // namespace adyton::keep
