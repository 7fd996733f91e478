// SPDX-License-Identifier: Apache-2.0
// Where paths lead out of the file system, to the host.
#include <asm/errno.h>

#include "keep/address_unsafe.h"
#include "keep/file_system.h"
#include "keep/text.h"

namespace adyton::keep {
namespace {

struct Name {
  const char* text;
  std::size_t size;
  [[nodiscard]] bool is_here() const { return size == 1 && text[0] == '.'; }
  [[nodiscard]] bool is_back() const { return size == 2 && text[0] == '.' && text[1] == '.'; }
};

// The next name of a path, and `path` to what follows it; of size 0 at the end.
Name next_name(const char*& path) {
  while (*path == '/') ++path;
  Name out{path, 0};
  while (path[out.size] != 0 && path[out.size] != '/') ++out.size;
  path += out.size;
  return out;
}

}  // namespace

std::int64_t FileSystem::add_entry(const char* path, std::uint32_t entry, bool folder) {
  const Locked locked(lock_);
  Place place;
  if (const std::int64_t error = walk(kRoot, path, place, false); error < 0) return error;
  if (place.node == kRoot) return -EINVAL;
  std::int64_t node = place.node;
  if (node == 0) node = add(place, folder, folder ? 0755 : 0644, {});
  if (node < 0) return node;
  Node& found = at_index(static_cast<std::uint32_t>(node));
  if (found.entry != 0) return -EBUSY;
  if ((found.folder != 0) != folder) return folder ? -ENOTDIR : -EISDIR;
  found.entry = entry;
  ++entries_;
  return 0;
}

// Whether a path that goes on in `here`, a folder of the host's, leads back to the folder that its entry is in: sets
// `here` and `path` to where it goes on.
bool FileSystem::climbs_over(std::uint32_t& here, const char*& path) const {
  const Node& begin = at_index(here);
  const std::uint32_t entry_node = begin.entry_node != 0 ? begin.entry_node : here;
  std::uint64_t depth = begin.entry_node != 0 && begin.size > 0 ? 1 : 0;
  for (std::uint64_t index = 0; depth > 0 && index < begin.size; ++index) {
    depth += at<char>(begin.data)[index] == '/' ? 1 : 0;
  }
  const char* next = path;
  while (true) {
    const Name name = next_name(next);
    if (name.size == 0) return false;
    if (name.is_here()) continue;
    if (!name.is_back()) {
      ++depth;
    } else if (depth-- == 0) {
      here = at_index(entry_node).parent;
      path = next;
      return true;
    }
  }
}

std::int64_t FileSystem::walk_out(std::uint32_t here, const char* path, WayOut& out) const {
  const Node& begin = at_index(here);
  std::size_t size = begin.entry_node != 0 ? begin.size : 0;
  if (size > 0) __builtin_memcpy(out.rest, at<char>(begin.data), size);
  out.must_be_folder = false;
  while (true) {
    const Name name = next_name(path);
    if (name.size == 0) break;
    out.must_be_folder = *path == '/' || name.is_here() || name.is_back();
    if (name.is_here()) continue;
    if (name.is_back()) {
      while (size > 0 && out.rest[size - 1] != '/') --size;
      if (size > 0) --size;
      continue;
    }
    if (name.size > kMostName || size + name.size + 2 > sizeof(out.rest)) return -ENAMETOOLONG;
    if (size > 0) out.rest[size++] = '/';
    __builtin_memcpy(out.rest + size, name.text, name.size);
    size += name.size;
  }
  out.rest[size] = 0;
  out.entry = begin.entry;
  out.entry_node = begin.entry_node != 0 ? begin.entry_node : here;
  return 0;
}

std::int64_t FileSystem::find_way_out(std::uint32_t folder, const char* path, bool follow, WayOut& out) {
  const Locked locked(lock_);
  out.entry = 0;
  if (entries_ == 0) return 0;
  Place place;
  const std::int64_t error = walk(folder, path, place, follow, &out);
  if (error < 0) return error == -ENAMETOOLONG ? error : 0;
  if (out.entry == 0 && place.node != 0 && at_index(place.node).entry != 0) {  // the entry itself, a file
    out.entry = at_index(place.node).entry;
    out.entry_node = place.node;
    out.must_be_folder = false;
    out.rest[0] = 0;
  }
  return 0;
}

std::int64_t FileSystem::make_host_folder(std::uint32_t entry, std::uint32_t entry_node, const char* rest,
                                          std::uint32_t host_number) {
  const Locked locked(lock_);
  const std::int64_t made = new_node();
  if (made < 0) return made;
  const auto index = static_cast<std::uint32_t>(made);
  Node& node = at_index(index);
  if (const std::int64_t error = set_text(node, rest); error < 0) {
    drop_if_unused(index);
    return error;
  }
  node.folder = 1;
  node.opens = 1;
  node.entry = entry;
  node.entry_node = entry_node;
  node.host_number = host_number;
  return made;
}

}  // namespace adyton::keep
