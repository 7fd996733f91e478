// SPDX-License-Identifier: Apache-2.0
// What is in a folder: a list, the last one first, and by name a hash table of all folders' nodes.
#include <linux/mman.h>

#include "keep/address_unsafe.h"
#include "keep/file_system.h"
#include "keep/text.h"

namespace adyton::keep {
namespace {

constexpr std::uint32_t kFirstNodes = 64;  // a power of two, as all capacities are

std::uint64_t table_bytes(std::uint64_t nodes) { return page_ceiling(nodes * (sizeof(Node) + sizeof(std::uint32_t))); }

}  // namespace

// Twice the nodes, and the hashes anew.
bool FileSystem::grow() {
  if (capacity_ >= kMostNodes) return false;
  const std::uint32_t wanted = capacity_ == 0 ? kFirstNodes : capacity_ * 2;
  std::int64_t table = 0;
  {
    const Locked locked(*memory_lock_);
    table = capacity_ == 0 ? memory_->map(0, table_bytes(wanted), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
                           : memory_->remap(nodes_, table_bytes(capacity_), table_bytes(wanted), MREMAP_MAYMOVE, 0);
  }
  if (table < 0) return false;
  nodes_ = static_cast<std::uint64_t>(table);
  capacity_ = wanted;
  const std::uint64_t used = count_ * sizeof(Node);
  __builtin_memset(at<void>(nodes_ + used), 0, table_bytes(wanted) - used);
  for (std::uint32_t index = kRoot + 1; index < count_; ++index) {
    Node& node = at_index(index);
    if (node.parent == 0) continue;
    std::uint32_t& head = first_alike(node.parent, node.name);
    node.next_alike = head;
    head = index;
  }
  return true;
}

// FNV-1a. Names that an enemy chose to be alike make a list of them, which is slow and no more.
std::uint32_t& FileSystem::first_alike(std::uint32_t folder, const char* name) const {
  std::uint64_t hash = 0xcbf29ce484222325 ^ folder;
  for (; *name != 0; ++name) hash = (hash ^ static_cast<unsigned char>(*name)) * 0x100000001b3;
  return at<std::uint32_t>(nodes_ + capacity_ * sizeof(Node))[(hash ^ hash >> 32) & (capacity_ - 1)];
}

std::uint32_t FileSystem::child(std::uint32_t folder, const char* name) const {
  std::uint32_t index = first_alike(folder, name);
  while (index != 0 && (at_index(index).parent != folder || !same(at_index(index).name, name))) {
    index = at_index(index).next_alike;
  }
  return index;
}

void FileSystem::attach(std::uint32_t index, std::uint32_t folder) {
  Node &node = at_index(index), &parent = at_index(folder);
  std::uint32_t& alike = first_alike(folder, node.name);
  node.parent = folder;
  node.previous = 0;
  node.next = parent.first;
  node.next_alike = alike;
  node.linked = kFirstTurn + turns_given_++;
  if (parent.first != 0) at_index(parent.first).previous = index;
  parent.first = alike = index;
}

void FileSystem::detach(std::uint32_t index) {
  Node& node = at_index(index);
  std::uint32_t* alike = &first_alike(node.parent, node.name);
  while (*alike != index) alike = &at_index(*alike).next_alike;
  *alike = node.next_alike;
  (node.previous != 0 ? at_index(node.previous).next : at_index(node.parent).first) = node.next;
  if (node.next != 0) at_index(node.next).previous = node.previous;
  node.parent = node.next = node.previous = node.next_alike = 0;
}

std::int64_t FileSystem::entry(std::uint32_t folder, std::uint64_t before, Node& out) {
  const Locked locked(lock_);
  Node& parent = at_index(folder);
  const Node& last = at_index(parent.told);
  // No two have the same turn: it is the one, and still in this folder.
  std::uint32_t index = last.parent == folder && last.linked == before ? last.next : parent.first;
  while (index != 0 && at_index(index).linked >= before) index = at_index(index).next;
  if (index != 0) out = at_index(index);
  parent.told = index;
  return index;
}

}  // namespace adyton::keep
