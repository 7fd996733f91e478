// SPDX-License-Identifier: Apache-2.0
// One end of a channel: the same class on both sides of the boundary. It makes calls on the lanes it owns and answers
// calls on the lanes the other side owns (docs/formats/channel.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include <adyton/codec.h>
#include <adyton/handlers.h>
#include <adyton/result.h>
#include "call/shared_memory.h"

namespace adyton {

enum class Side : std::uint8_t { kHost, kEnclave };

// How a channel is cut up: fixed by the host when it makes the memory.
struct ChannelLayout {
  std::uint32_t lanes_to_enclave = 8;     // calls from the host at the same time, 1 to 64
  std::uint32_t lanes_to_host = 4;        // calls from the enclave outside any call, at the same time, 1 to 64
  std::uint32_t window_bytes = 1u << 20;  // of each lane and direction: larger messages flow through it; a power of two
};

// What one side accepts from the other, and how long it spins. All of it is local: nothing here crosses.
struct ChannelLimits {
  std::uint64_t message_bytes = 64u << 20;  // larger messages, sent or received, are refused
  std::uint32_t nesting = 16;               // calls within calls on one lane
  std::chrono::microseconds spin{50};       // how long a thread stays awake for the next message
};

class Endpoint : public detail::Caller {
 public:
  static std::size_t memory_bytes(const ChannelLayout& layout, std::size_t boot_bytes);

  // The host's end: lays out `memory` (memory_bytes() large, zero) with `boot` for the enclave to read, and answers the
  // enclave's calls with `handlers`.
  static Result<std::unique_ptr<Endpoint>> make_host(SharedMemory memory, const ChannelLayout& layout, BytesView boot,
                                                     Handlers handlers, const ChannelLimits& limits = {});

  // The enclave's end of memory a host laid out: nothing in it is believed before it is checked.
  static Result<std::unique_ptr<Endpoint>> open_enclave(SharedMemory memory, const ChannelLimits& limits = {});

  // The host's boot bytes, copied in once.
  [[nodiscard]] virtual BytesView boot() const = 0;

  // call() (of Caller): errors are those of the handler; not_found (no such call on the other side); invalid
  // (structures that differ, malformed reply); unavailable (deadline, cancelled, suspended, closed); exhausted
  // (limits). Thread-safe. Within a handler it uses the lane the call came on, so that nested calls need no further
  // thread on either side; with a timeout or a way to cancel, it uses another, so that it can be given up.

  // Host: waits until the enclave serves. Errors: unavailable (deadline, or close()'s error).
  virtual Result<void> wait_ready(std::chrono::nanoseconds timeout) = 0;

  // Enclave: answers the host's calls on every lane until the host asks to stop; says "ready" when it begins. Errors:
  // invalid (two handlers for one name).
  virtual Result<void> serve(Handlers handlers) = 0;

  // Host: asks the enclave's serve() to return.
  virtual void ask_to_stop() = 0;

  // Until resume(), pending and new calls fail with `why`: for an enclave that was stopped, but is not dead.
  virtual void suspend(Error why) = 0;
  virtual void resume() = 0;

  // Ends the channel: pending and later calls fail with `why`. Thread-safe; the first call counts.
  virtual void close(Error why) = 0;
};

// True within a handler on this thread whose caller has given up.
bool current_call_cancelled();

}  // namespace adyton
