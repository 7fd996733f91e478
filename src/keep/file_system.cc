// SPDX-License-Identifier: Apache-2.0
#include "keep/file_system.h"

#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "keep/address_unsafe.h"
#include "keep/text.h"

namespace adyton::keep {

bool FileSystem::initialise(PageAllocator& memory, SpinLock& memory_lock) {
  memory_ = &memory;
  memory_lock_ = &memory_lock;
  count_ = kRoot + 1;
  if (!grow()) return false;
  Node& root = at_index(kRoot);
  root.used = root.folder = 1;
  root.mode = 0755;
  root.parent = kRoot;
  root.number = ++numbers_given_;
  return make_folder(kRoot, "tmp", 01777, {}) > 0 && make_folder(kRoot, "dev", 0755, {}) > 0 &&
         make_folder(kRoot, "dev/shm", 01777, {}) > 0;
}

Node& FileSystem::at_index(std::uint32_t index) const { return at<Node>(nodes_)[index]; }

std::int64_t FileSystem::walk(std::uint32_t folder, const char* path, Place& place, bool follow, WayOut* out) {
  if (*path == 0) return -ENOENT;
  std::uint32_t here = *path == '/' ? kRoot : folder;
  char rest[kMostPath];  // what a link put before what is still to go
  int links = 0;
  place = {here, here};
  while (true) {
    if (here != 0 && at_index(here).entry != 0 && at_index(here).folder != 0) {
      if (climbs_over(here, path)) {
        place = {.folder = at_index(here).parent, .node = here};
      } else if (out != nullptr) {
        return walk_out(here, path, *out);
      }
    }
    while (*path == '/') ++path;
    if (*path == 0) return 0;
    // `here` is what came before; the next name is looked for in it.
    if (here == 0) return -ENOENT;
    if (at_index(here).folder == 0) return -ENOTDIR;
    if (at_index(here).entry != 0) return -EBUSY;  // no memory of this enclave's
    std::size_t length = 0;
    for (; path[length] != 0 && path[length] != '/'; ++length) {
      if (length == kMostName) return -ENAMETOOLONG;
      place.name[length] = path[length];
    }
    place.name[length] = 0;
    path += length;
    place.must_be_folder = *path == '/';
    if (same(place.name, ".")) {
      place.node = here;
      place.folder = at_index(here).parent;
    } else if (same(place.name, "..")) {
      place.node = at_index(here).parent != 0 ? at_index(here).parent : here;
      place.folder = at_index(place.node).parent;
    } else {
      place.folder = here;
      place.node = child(here, place.name);
      if (place.node != 0 && at_index(place.node).link != 0 && (follow || place.must_be_folder)) {
        const Node& link = at_index(place.node);
        const std::size_t left = length_of(path) + 1;
        if (++links > kMostLinks) return -ELOOP;
        if (link.size + left > sizeof(rest)) return -ENAMETOOLONG;
        __builtin_memmove(rest + link.size, path, left);
        __builtin_memcpy(rest, at<char>(link.data), link.size);
        path = rest;
        if (*path == '/') here = kRoot;
        place.node = place.folder = here;
        continue;
      }
      if (place.node != 0 && place.must_be_folder && at_index(place.node).folder == 0) return -ENOTDIR;
    }
    here = place.node;
  }
}

std::int64_t FileSystem::new_node() {
  std::uint32_t index = free_;
  if (index == 0 && count_ == capacity_ && !grow()) return -ENOSPC;
  if (index == 0) {
    index = count_++;
  } else {
    free_ = at_index(index).next;
  }
  Node& node = at_index(index);
  node = {};
  node.used = 1;
  node.number = ++numbers_given_;
  return index;
}

std::int64_t FileSystem::add(const Place& place, bool folder, std::uint32_t mode, Time now) {
  if (at_index(place.folder).used == 0 || at_index(place.folder).parent == 0) return -ENOENT;  // removed meanwhile
  const std::int64_t made = new_node();
  if (made < 0) return made;
  const auto index = static_cast<std::uint32_t>(made);
  Node& node = at_index(index);
  node.folder = folder ? 1 : 0;
  node.mode = mode & 07777;
  node.changed = now;
  __builtin_memcpy(node.name, place.name, sizeof(node.name));
  attach(index, place.folder);
  return index;
}

void FileSystem::drop_if_unused(std::uint32_t index) {
  Node& node = at_index(index);
  if (node.parent != 0 || node.opens != 0) return;
  if (node.data != 0) {
    const Locked locked(*memory_lock_);
    memory_->unmap(node.data, node.capacity);
  }
  node = {};
  node.next = free_;
  free_ = index;
}

std::int64_t FileSystem::find(std::uint32_t folder, const char* path, bool follow) {
  const Locked locked(lock_);
  Place place;
  if (const std::int64_t error = walk(folder, path, place, follow); error < 0) return error;
  return place.node == 0 ? std::int64_t{-ENOENT} : place.node;
}

std::int64_t FileSystem::open(std::uint32_t folder, const char* path, std::uint32_t flags, std::uint32_t mode,
                              Time now) {
  const Locked locked(lock_);
  Place place;
  const bool exclusive = (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0;
  if (const std::int64_t error = walk(folder, path, place, !exclusive && (flags & O_NOFOLLOW) == 0); error < 0) {
    return error;
  }
  std::int64_t node = place.node;
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  if (node == 0) {
    if ((flags & O_CREAT) == 0) return -ENOENT;
    if (place.must_be_folder) return -EISDIR;
    node = add(place, false, mode, now);
    if (node < 0) return node;
  } else {
    if (exclusive) return -EEXIST;
    Node& found = at_index(static_cast<std::uint32_t>(node));
    if (found.link != 0) return -ELOOP;
    if (found.folder != 0 && (writes || (flags & O_CREAT) != 0)) return -EISDIR;
    if (found.folder == 0 && (flags & O_DIRECTORY) != 0) return -ENOTDIR;
    if ((flags & O_TRUNC) != 0) found.size = 0;
  }
  ++at_index(static_cast<std::uint32_t>(node)).opens;
  return node;
}

void FileSystem::close(std::uint32_t node) {
  const Locked locked(lock_);
  --at_index(node).opens;
  drop_if_unused(node);
}

std::int64_t FileSystem::make_folder(std::uint32_t folder, const char* path, std::uint32_t mode, Time now) {
  const Locked locked(lock_);
  Place place;
  if (const std::int64_t error = walk(folder, path, place, false); error < 0) return error;
  return place.node != 0 ? -EEXIST : add(place, true, mode, now);
}

std::int64_t FileSystem::remove(std::uint32_t folder, const char* path, bool remove_folder) {
  const Locked locked(lock_);
  Place place;
  if (const std::int64_t error = walk(folder, path, place, false); error < 0) return error;
  if (place.node == 0) return -ENOENT;
  const Node& node = at_index(place.node);
  if (node.entry != 0) return -EBUSY;
  if (remove_folder && same(place.name, ".")) return -EINVAL;
  if (remove_folder && node.folder == 0) return -ENOTDIR;
  if (!remove_folder && node.folder != 0) return -EISDIR;
  if (node.first != 0) return -ENOTEMPTY;
  if (place.node == kRoot || same(place.name, "..")) return -EBUSY;
  detach(place.node);
  drop_if_unused(place.node);
  return 0;
}

std::int64_t FileSystem::rename(std::uint32_t from_folder, const char* from, std::uint32_t to_folder, const char* to,
                                bool replace) {
  const Locked locked(lock_);
  Place source, target;
  if (const std::int64_t error = walk(from_folder, from, source, false); error < 0) return error;
  if (const std::int64_t error = walk(to_folder, to, target, false); error < 0) return error;
  if (source.node == 0) return -ENOENT;
  if (same(source.name, ".") || same(source.name, "..") || source.node == kRoot || same(target.name, ".") ||
      same(target.name, "..") || target.node == kRoot) {
    return -EBUSY;
  }
  if (at_index(source.node).entry != 0 || (target.node != 0 && at_index(target.node).entry != 0)) return -EBUSY;
  if (source.node == target.node) return 0;
  for (std::uint32_t above = target.folder;; above = at_index(above).parent) {
    if (above == source.node) return -EINVAL;  // into itself
    if (above == kRoot || above == 0) break;
  }
  if (at_index(target.folder).parent == 0) return -ENOENT;
  const bool is_folder = at_index(source.node).folder != 0;
  if (target.must_be_folder && !is_folder) return -ENOTDIR;
  if (target.node != 0) {
    if (!replace) return -EEXIST;
    if (at_index(target.node).folder != 0 && !is_folder) return -EISDIR;
    if (at_index(target.node).folder == 0 && is_folder) return -ENOTDIR;
    if (at_index(target.node).first != 0) return -ENOTEMPTY;
    detach(target.node);
    drop_if_unused(target.node);
  }
  detach(source.node);
  Node& node = at_index(source.node);
  __builtin_memcpy(node.name, target.name, sizeof(node.name));
  attach(source.node, target.folder);
  return 0;
}

std::int64_t FileSystem::read(std::uint32_t index, std::uint64_t offset, void* to, std::uint64_t bytes) {
  const Shared shared(lock_);
  const Node& node = at_index(index);
  if (node.folder != 0) return -EISDIR;
  if (offset >= node.size) return 0;
  if (bytes > node.size - offset) bytes = node.size - offset;
  __builtin_memcpy(to, at<char>(node.data + offset), bytes);
  return static_cast<std::int64_t>(bytes);
}

// Room for `bytes`, and zeros from the file's end to there.
std::int64_t FileSystem::reserve(Node& node, std::uint64_t bytes) {
  if (bytes > (std::uint64_t{1} << 36)) return -EFBIG;
  if (bytes > node.capacity) {
    const std::uint64_t doubled = node.capacity * 2, least = page_ceiling(bytes);
    std::uint64_t wanted = least > doubled ? least : doubled;
    const Locked locked(*memory_lock_);
    const auto take = [&] {
      return node.data == 0 ? memory_->map(0, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
                            : memory_->remap(node.data, node.capacity, wanted, MREMAP_MAYMOVE, 0);
    };
    std::int64_t data = take();
    if (data < 0) {
      wanted = least;
      data = take();
    }
    if (data < 0) return -ENOSPC;
    node.data = static_cast<std::uint64_t>(data);
    node.capacity = wanted;
  }
  if (bytes > node.size) __builtin_memset(at<char>(node.data + node.size), 0, bytes - node.size);
  return 0;
}

std::int64_t FileSystem::write(std::uint32_t index, std::uint64_t offset, const void* from, std::uint64_t bytes,
                               std::uint64_t* end) {
  const Locked locked(lock_);
  Node& node = at_index(index);
  if (node.folder != 0) return -EISDIR;
  if (offset == kAppend) offset = node.size;
  if (bytes == 0) return 0;
  if (offset + bytes < offset) return -EFBIG;
  if (const std::int64_t error = reserve(node, offset + bytes); error < 0) return error;
  __builtin_memcpy(at<char>(node.data + offset), from, bytes);
  if (offset + bytes > node.size) node.size = offset + bytes;
  if (end != nullptr) *end = offset + bytes;
  return static_cast<std::int64_t>(bytes);
}

std::int64_t FileSystem::resize(std::uint32_t index, std::uint64_t bytes) {
  const Locked locked(lock_);
  Node& node = at_index(index);
  if (node.folder != 0) return -EISDIR;
  if (bytes > node.size) {
    if (const std::int64_t error = reserve(node, bytes); error < 0) return error;
  }
  node.size = bytes;
  return 0;
}

std::int64_t FileSystem::describe(std::uint32_t index, Node& out) {
  const Shared shared(lock_);
  out = at_index(index);
  return out.used != 0 ? 0 : -ENOENT;
}

void FileSystem::set_mode(std::uint32_t index, std::uint32_t mode) {
  const Locked locked(lock_);
  at_index(index).mode = mode & 07777;
}

void FileSystem::set_changed(std::uint32_t index, Time when) {
  const Locked locked(lock_);
  at_index(index).changed = when;
}

std::int64_t FileSystem::path_of(std::uint32_t folder, char* to, std::size_t room) {
  const Locked locked(lock_);
  char reversed[kMostPath];  // from its end
  std::size_t begin = sizeof(reversed) - 1;
  reversed[begin] = 0;
  for (std::uint32_t index = folder; index != kRoot;) {
    if (index == 0) return -ENOENT;
    const Node& node = at_index(index);
    const bool below = node.entry_node != 0;
    const std::size_t length = below ? node.size : length_of(node.name);
    index = below ? node.entry_node : node.parent;
    if (length == 0) continue;
    if (begin < length + 1) return -ENAMETOOLONG;
    begin -= length;
    __builtin_memcpy(reversed + begin, below ? at<char>(node.data) : node.name, length);
    reversed[--begin] = '/';
  }
  if (begin == sizeof(reversed) - 1) reversed[--begin] = '/';
  const std::size_t bytes = sizeof(reversed) - begin;
  if (bytes > room) return -ERANGE;
  __builtin_memcpy(to, reversed + begin, bytes);
  return static_cast<std::int64_t>(bytes);
}

}  // namespace adyton::keep
