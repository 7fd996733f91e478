// SPDX-License-Identifier: Apache-2.0
// Where everything is in a channel's memory (docs/formats/channel.md). All of it can be written by the other side at
// any time: words are atomic and read once, bytes are copied out once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "call/endpoint.h"

namespace adyton {

// One direction of a lane: written by the side that sends in it, except where it says otherwise.
struct Slot {
  static constexpr std::size_t kInlineBytes = 16;

  // Line 0: one transfer between processors carries a whole small message.
  std::atomic<std::uint32_t> bell;  // futex word: changes when either side wants a look taken
  std::atomic<std::uint32_t> seq;   // number of messages sent
  std::uint8_t kind;
  std::uint8_t reserved[3];
  std::uint32_t processor;  // the sender's: a hint for placement
  std::uint64_t name_hash;
  std::uint64_t structure_hash;
  std::uint64_t size;   // of the payload
  std::uint64_t start;  // of a payload in the window: where it begins, as a value of `produced`
  std::byte inline_bytes[kInlineBytes];

  // Line 1: the sender as a receiver of the other direction.
  alignas(64) std::atomic<std::uint32_t> waiting;  // 1: asleep on the other direction's bell
  std::atomic<std::uint32_t> cancel;               // 1: the sender has given up on its call

  // Lines 2 and 3: payloads over kInlineBytes flow through the window, a ring of window_bytes. Both only ever grow.
  alignas(64) std::atomic<std::uint64_t> produced;  // bytes put into this direction's window so far
  alignas(64) std::atomic<std::uint64_t> consumed;  // bytes taken out of the other direction's window so far
};
static_assert(sizeof(Slot) == 256 && std::atomic<std::uint64_t>::is_always_lock_free);

// kCall: arguments. kReply: the result. kError: an error's code (u8) and message. kNoSuchCall: nothing.
// kOtherStructure: the text of the call as the answering side has it.
enum class MessageKind : std::uint8_t { kCall = 1, kReply = 2, kError = 3, kNoSuchCall = 4, kOtherStructure = 5 };

// A message's head, copied out of a slot.
struct MessageHead {
  MessageKind kind = MessageKind::kCall;
  std::uint32_t processor = 0;
  std::uint64_t name_hash = 0;
  std::uint64_t structure_hash = 0;
  std::uint64_t size = 0;
  std::uint64_t start = 0;
  std::byte inline_bytes[Slot::kInlineBytes] = {};
};

// Callers of one side that wait for a lane. The other side only looks: a thread of it that is about to fall asleep,
// because no call comes, first wakes one of them.
struct CallerQueue {
  alignas(64) std::atomic<std::uint32_t> waiting;  // how many
  std::atomic<std::uint32_t> bell;                 // futex word: changes when one of them is to look
};

// The first page.
struct ChannelHeader {
  static constexpr std::uint64_t kMagic = 0x316e6f7479646131;  // "1adyton1"
  std::uint64_t magic;
  std::uint32_t lanes_to_enclave;
  std::uint32_t lanes_to_host;
  std::uint32_t window_bytes;
  std::uint32_t boot_bytes;
  alignas(64) std::atomic<std::uint32_t> ready;  // futex word, 1: the enclave answers calls
  alignas(64) std::atomic<std::uint32_t> stop;   // 1: the host asks serve() to return
  CallerQueue callers[2];                        // of the host, of the enclave
};

// One lane as one side sees it.
struct LaneView {
  Slot* out = nullptr;
  Slot* in = nullptr;
  std::span<std::byte> out_window, in_window;
};

class ChannelMap {
 public:
  static std::size_t memory_bytes(const ChannelLayout& layout, std::size_t boot_bytes);

  static Result<ChannelMap> lay_out(std::span<std::byte> memory, const ChannelLayout& layout, BytesView boot);
  static Result<ChannelMap> inspect(std::span<std::byte> memory);

  [[nodiscard]] const ChannelLayout& layout() const { return layout_; }
  [[nodiscard]] ChannelHeader& header() const { return *header_; }
  [[nodiscard]] Bytes copy_boot() const;

  // Lane `index` of those on which the host (or the enclave) calls, as `side` sees it.
  [[nodiscard]] LaneView lane(Side caller, std::uint32_t index, Side side) const;

 private:
  ChannelMap(std::span<std::byte> memory, const ChannelLayout& layout, std::size_t boot_bytes);
  std::span<std::byte> memory_;
  ChannelLayout layout_;
  std::size_t boot_bytes_;
  ChannelHeader* header_;
};

}  // namespace adyton
