// SPDX-License-Identifier: Apache-2.0
// A hostile side's slot and window against the receiving end of a lane: the head, then `produced`, then the payload.
#include <cstring>

#include <adyton/call.h>
#include "call/channel_map.h"
#include "call/handler_table.h"
#include "call/lane.h"

namespace {

using namespace adyton;

struct Item {
  std::string name;
  std::vector<std::uint16_t> counts;
  std::optional<std::int64_t> at;
};
constexpr Call<"a", std::uint64_t(const std::map<std::string, Item>&, std::span<const std::byte>)> call_a;
constexpr Call<"b", std::string(std::string_view)> call_b;
constexpr ChannelLayout kLayout{.lanes_to_enclave = 1, .lanes_to_host = 1, .window_bytes = 4096};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto memory = SharedMemory::make(Endpoint::memory_bytes(kLayout, 0)).value();
  static const auto map = ChannelMap::lay_out(memory.bytes(), kLayout, {}).value();
  static const auto table =
      HandlerTable::make(Handlers(
                             call_a, [](const auto& items, auto bytes) { return items.size() + bytes.size(); }, call_b,
                             [](std::string_view text) { return std::string(text); }))
          .value();
  const LaneView host = map.lane(Side::kHost, 0, Side::kHost);
  Slot& slot = *host.out;
  struct {
    std::uint8_t kind, call;
    std::uint8_t inline_bytes[16];
    std::uint64_t start, size, produced;
  } head{};
  std::memcpy(&head, data, std::min(size, sizeof head));
  const std::size_t left = size - std::min(size, sizeof head);
  std::memcpy(host.out_window.data(), data + size - left, std::min<std::size_t>(left, host.out_window.size()));
  slot.kind = head.kind;
  slot.name_hash = head.call == 0 ? call_a.target().name_hash : call_b.target().name_hash;
  slot.structure_hash = head.call == 0 ? call_a.target().structure_hash : call_b.target().structure_hash;
  slot.size = head.size;
  slot.start = head.start;
  std::memcpy(slot.inline_bytes, head.inline_bytes, sizeof slot.inline_bytes);
  slot.produced.store(head.produced);
  slot.seq.store(1);

  ChannelState state;
  Lane lane(map.lane(Side::kHost, 0, Side::kEnclave), state, 1u << 20);
  const WaitLimits at_once{.deadline = std::chrono::steady_clock::now()};
  const auto received = lane.receive(at_once);
  if (!received) return 0;
  Lane::Payload payload(lane, *received, at_once);
  Encoder reply;
  static_cast<void>(table.answer(*received, payload.decoder(), reply));
  static_cast<void>(payload.skip_rest());
  return 0;
}
