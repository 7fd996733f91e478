// SPDX-License-Identifier: Apache-2.0
#include "call/channel_map.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMaxBootBytes = 1u << 20;

constexpr std::size_t pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

bool is_sane(const ChannelLayout& layout, std::size_t boot_bytes) {
  const auto count = [](std::uint32_t lanes) { return lanes >= 1 && lanes <= 64; };
  return count(layout.lanes_to_enclave) && count(layout.lanes_to_host) && std::has_single_bit(layout.window_bytes) &&
         layout.window_bytes >= kPage && layout.window_bytes <= (16u << 20) && boot_bytes <= kMaxBootBytes;
}

struct Offsets {
  std::size_t slots, boot, windows, end;
};

Offsets offsets_of(const ChannelLayout& layout, std::size_t boot_bytes) {
  const std::size_t lanes = std::size_t{layout.lanes_to_enclave} + layout.lanes_to_host;
  Offsets at{};
  at.slots = kPage;
  at.boot = at.slots + pages(lanes * 2 * sizeof(Slot));
  at.windows = at.boot + pages(boot_bytes);
  at.end = at.windows + lanes * 2 * layout.window_bytes;
  return at;
}

}  // namespace

std::size_t ChannelMap::memory_bytes(const ChannelLayout& layout, std::size_t boot_bytes) {
  return offsets_of(layout, boot_bytes).end;
}

ChannelMap::ChannelMap(std::span<std::byte> memory, const ChannelLayout& layout, std::size_t boot_bytes)
    : memory_(memory),
      layout_(layout),
      boot_bytes_(boot_bytes),
      // SAFETY: the memory is page-aligned, at least a page, zero at first, and all members are words of any value.
      header_(reinterpret_cast<ChannelHeader*>(memory.data())) {}

Result<ChannelMap> ChannelMap::lay_out(std::span<std::byte> memory, const ChannelLayout& layout, BytesView boot) {
  if (!is_sane(layout, boot.size())) return invalid("a channel layout out of range");
  if (memory.size() != memory_bytes(layout, boot.size())) return internal("channel memory of the wrong size");
  ChannelMap map(memory, layout, boot.size());
  ChannelHeader& header = map.header();
  header.magic = ChannelHeader::kMagic;
  header.lanes_to_enclave = layout.lanes_to_enclave;
  header.lanes_to_host = layout.lanes_to_host;
  header.window_bytes = layout.window_bytes;
  header.boot_bytes = static_cast<std::uint32_t>(boot.size());
  if (!boot.empty()) std::memcpy(&memory[offsets_of(layout, boot.size()).boot], boot.data(), boot.size());
  return map;
}

Result<ChannelMap> ChannelMap::inspect(std::span<std::byte> memory) {
  if (memory.size() < kPage) return invalid("a channel of {} bytes", memory.size());
  struct Raw {  // the plain words at the start of ChannelHeader
    std::uint64_t magic;
    std::uint32_t lanes_to_enclave, lanes_to_host, window_bytes, boot_bytes;
  } raw;
  std::memcpy(&raw, memory.data(), sizeof raw);
  std::atomic_signal_fence(std::memory_order_seq_cst);  // from here on only the copy is read
  const ChannelLayout layout{raw.lanes_to_enclave, raw.lanes_to_host, raw.window_bytes};
  if (raw.magic != ChannelHeader::kMagic) return invalid("this memory is not a channel");
  if (!is_sane(layout, raw.boot_bytes) || memory.size() != memory_bytes(layout, raw.boot_bytes)) {
    return invalid("the channel's layout does not fit its {} bytes", memory.size());
  }
  return ChannelMap(memory, layout, raw.boot_bytes);
}

Bytes ChannelMap::copy_boot() const {
  return to_bytes(memory_.subspan(offsets_of(layout_, boot_bytes_).boot, boot_bytes_));
}

LaneView ChannelMap::lane(Side caller, std::uint32_t index, Side side) const {
  const Offsets at = offsets_of(layout_, boot_bytes_);
  const std::size_t number = index + (caller == Side::kHost ? 0 : layout_.lanes_to_enclave);
  const auto slot = [&](std::size_t direction) {
    // SAFETY: aligned to 256 bytes within the memory, whose extent inspect() or lay_out() checked.
    return reinterpret_cast<Slot*>(&memory_[at.slots + (number * 2 + direction) * sizeof(Slot)]);
  };
  const auto window = [&](std::size_t direction) {
    return memory_.subspan(at.windows + (number * 2 + direction) * layout_.window_bytes, layout_.window_bytes);
  };
  const std::size_t out = caller == side ? 0 : 1;
  return {slot(out), slot(1 - out), window(out), window(1 - out)};
}

}  // namespace adyton
