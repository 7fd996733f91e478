// SPDX-License-Identifier: Apache-2.0
// One end of a channel: the same class on both sides of the boundary. It makes calls on the lanes it owns and answers
// calls on the lanes the other side owns (docs/formats/channel.md).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>

#include <adyton/codec.h>
#include <adyton/handlers.h>
#include <adyton/result.h>
#include "call/shared_memory.h"

namespace adyton {

enum class Side : std::uint8_t { kHost, kEnclave };

// How a channel is cut up: fixed by the host when it makes the memory.
struct ChannelLayout {
  std::uint32_t lanes_to_enclave = 8;      // calls from the host at the same time, 1 to 64
  std::uint32_t lanes_to_host = 4;         // calls from the enclave outside any call, at the same time, 1 to 64
  std::uint32_t window_bytes = 1u << 20;   // of each lane and direction: larger messages flow through it; a power of two
};

// What one side accepts from the other, and how long it spins. All of it is local: nothing here crosses.
struct ChannelLimits {
  std::uint64_t message_bytes = 64u << 20;               // larger messages, sent or received, are refused
  std::uint32_t nesting = 16;                            // calls within calls on one lane
  std::chrono::microseconds spin{50};                    // how long a thread stays awake for the next message
};

// One call's conditions. The default: no deadline, cannot be cancelled.
struct CallOptions {
  std::chrono::nanoseconds timeout{0};  // 0: none
  std::stop_token cancel;
};

class Endpoint {
 public:
  static std::size_t memory_bytes(const ChannelLayout& layout, std::size_t boot_bytes);

  // The host's end: lays out `memory` (memory_bytes() large, zero) with `boot` for the enclave to read.
  static Result<std::unique_ptr<Endpoint>> make_host(SharedMemory memory, const ChannelLayout& layout, BytesView boot,
                                                     Handlers handlers, const ChannelLimits& limits = {});

  // The enclave's end of memory a host laid out: nothing in it is believed before it is checked.
  static Result<std::unique_ptr<Endpoint>> open_enclave(SharedMemory memory, const ChannelLimits& limits = {});
  [[nodiscard]] BytesView boot() const;  // the host's boot bytes, copied in by open_enclave()

  virtual ~Endpoint() = default;

  // Host: waits until the enclave serves. Errors: unavailable (deadline, or close()'s error).
  virtual Result<void> wait_ready(std::chrono::nanoseconds timeout) = 0;

  // Calls the other side. `encode` writes the arguments, `decode` reads the reply; both run on this thread. Errors: of
  // the handler; invalid (unknown method, structures that differ, malformed reply); unavailable (deadline, cancelled,
  // closed); exhausted (limits). Thread-safe. Within a handler it uses the lane the call came on, so that nested
  // calls need no further thread on either side.
  virtual Result<void> call(std::string_view name, std::string_view structure, std::uint64_t name_hash,
                            std::uint64_t structure_hash, const CallOptions& options,
                            const std::function<void(Encoder&)>& encode,
                            const std::function<Result<void>(Decoder&)>& decode) = 0;

  // Answers calls with `handlers` on every lane that is the other side's: starts the threads, says "ready", and (for
  // the enclave) returns when the host asks to stop or is gone. The host's end starts its threads by itself.
  virtual Result<void> serve(Handlers handlers) = 0;

  // Host: asks the enclave's serve() to return.
  virtual void ask_to_stop() = 0;

  // Ends the channel: pending and later calls fail with `why`. Thread-safe, the first call counts.
  virtual void close(Error why) = 0;
};

}  // namespace adyton
