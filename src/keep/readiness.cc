// SPDX-License-Identifier: Apache-2.0
#include "keep/readiness.h"

#include "keep/calls.h"
#include "keep/signals.h"

namespace adyton::keep {

bool polled_by_host(const OpenFile& file) {
  return file.kind == FileKind::kInput || file.kind == FileKind::kOutput || file.kind == FileKind::kSocket;
}

std::uint32_t readiness(Kernel& kernel, ThreadState& thread, const OpenFile& file) {
  switch (file.kind) {
    case FileKind::kNone: return POLLNVAL;
    case FileKind::kPipeEnd: return kernel.channels.pipe_readiness(file.object, file.readable);
    case FileKind::kEvent: return kernel.channels.event_readiness(file.object);
    case FileKind::kPair: return kernel.channels.pair_readiness(file.object & 0xffffffff, file.object >> 32);
    case FileKind::kTimer: {
      Timer timer;
      return kernel.timers.get(kernel, file.object, timer) && timer.expired > 0 ? kReadable : 0U;
    }
    case FileKind::kSignalSet: return (signals_for(kernel, thread) & file.object) != 0 ? kReadable : 0U;
    case FileKind::kEpoll: return epoll_readiness(kernel, thread, file.object);
    default: return (file.readable ? kReadable : 0U) | (file.writable ? kWritable : 0U);
  }
}

Edges edges_of(Kernel& kernel, const OpenFile& file) {
  switch (file.kind) {
    case FileKind::kPipeEnd: return kernel.channels.pipe_edges(file.object);
    case FileKind::kEvent: return kernel.channels.event_edges(file.object);
    case FileKind::kPair:
      return {kernel.channels.pipe_edges(file.object & 0xffffffff).in,
              kernel.channels.pipe_edges(file.object >> 32).out};
    case FileKind::kTimer: {
      Timer timer;
      kernel.timers.get(kernel, file.object, timer);
      return timer.edges;
    }
    default: return {file.uses, file.uses};
  }
}

std::uint64_t ready_in(Kernel& kernel, const OpenFile& file) {
  if (file.kind == FileKind::kEpoll) return epoll_ready_in(kernel, file.object);
  Timer timer;
  if (file.kind != FileKind::kTimer || !kernel.timers.get(kernel, file.object, timer)) return kForever;
  if (timer.setting.next == Time{}) return kForever;
  return nanoseconds_from(kernel.clock.now(timer.clock), timer.setting.next);
}

void wake_pollers(Kernel& kernel) {
  kernel.channels.changed();
  kernel.threads.wake(kernel.channels.changes(), ~std::uint64_t{0}, ~0U);
}

namespace {

std::uint32_t host_handle(const OpenFile& file) { return static_cast<std::uint32_t>(file.object); }

}  // namespace

void put_polled(const ThreadState& thread, std::uint64_t index, const OpenFile& file, std::uint32_t wanted) {
  const KeepPolled entry{.handle = host_handle(file), .wanted = static_cast<std::uint16_t>(wanted), .found = 0};
  copy_to_host(thread.host_page + index * sizeof(entry), &entry, sizeof(entry));
}

std::uint32_t get_polled(const ThreadState& thread, std::uint64_t index, const OpenFile& file, std::uint32_t wanted) {
  KeepPolled entry{};
  copy_from_host(&entry, thread.host_page + index * sizeof(entry), sizeof(entry));
  return entry.handle == host_handle(file) ? entry.found & wanted : 0;
}

}  // namespace adyton::keep
