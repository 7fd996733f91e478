// SPDX-License-Identifier: Apache-2.0
#include "keep/channels.h"

#include <asm/errno.h>
#include <asm/poll.h>
#include <linux/mman.h>

#include "keep/address_unsafe.h"

namespace adyton::keep {

std::int64_t Channels::open_pipe(PageAllocator& memory, SpinLock& memory_lock) {
  std::int64_t buffer = 0;
  {
    const Locked locked(memory_lock);
    buffer = memory.map(0, kPipeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  }
  if (buffer < 0) return buffer;
  {
    const Locked locked(lock_);
    for (std::uint64_t index = 0; index < kMost; ++index) {
      if (pipes_[index].ends != 0) continue;
      pipes_[index] = {.buffer = static_cast<std::uint64_t>(buffer), .ends = 2, .reader = true, .writer = true};
      return static_cast<std::int64_t>(index);
    }
  }
  const Locked locked(memory_lock);
  memory.unmap(static_cast<std::uint64_t>(buffer), kPipeBytes);
  return -ENFILE;
}

void Channels::shut_pipe(std::uint64_t index, bool reader) {
  const Locked locked(lock_);
  Pipe& pipe = pipes_[index];
  (reader ? pipe.reader : pipe.writer) = false;
  ++pipe.edges.in;
  ++pipe.edges.out;
  changed();
}

void Channels::close_pipe(PageAllocator& memory, SpinLock& memory_lock, std::uint64_t index, bool reader) {
  shut_pipe(index, reader);
  std::uint64_t buffer = 0;
  {
    const Locked locked(lock_);
    Pipe& pipe = pipes_[index];
    if (--pipe.ends != 0) return;
    buffer = pipe.buffer;
    pipe = {};
  }
  const Locked locked(memory_lock);
  memory.unmap(buffer, kPipeBytes);
}

std::int64_t Channels::open_event(std::uint64_t value, bool semaphore) {
  const Locked locked(lock_);
  for (std::uint64_t index = 0; index < kMost; ++index) {
    if (events_[index].used) continue;
    events_[index] = {.value = value, .used = true, .semaphore = semaphore};
    return static_cast<std::int64_t>(index);
  }
  return -ENFILE;
}

void Channels::close_event(std::uint64_t index) {
  const Locked locked(lock_);
  events_[index] = {};
}

std::int64_t Channels::read_pipe(std::uint64_t index, void* to, std::uint64_t bytes, bool peek) {
  const Locked locked(lock_);
  Pipe& pipe = pipes_[index];
  if (pipe.bytes == 0) return pipe.writer && pipe.reader ? -EAGAIN : 0;
  if (bytes > pipe.bytes) bytes = pipe.bytes;
  const std::uint64_t until_end = kPipeBytes - pipe.begin, first = bytes < until_end ? bytes : until_end;
  __builtin_memcpy(to, at<char>(pipe.buffer + pipe.begin), first);
  __builtin_memcpy(static_cast<char*>(to) + first, at<char>(pipe.buffer), bytes - first);
  if (peek) return static_cast<std::int64_t>(bytes);
  pipe.begin = (pipe.begin + bytes) % kPipeBytes;
  pipe.bytes -= bytes;
  ++pipe.edges.out;
  changed();
  return static_cast<std::int64_t>(bytes);
}

std::int64_t Channels::write_pipe(std::uint64_t index, const void* from, std::uint64_t bytes) {
  const Locked locked(lock_);
  Pipe& pipe = pipes_[index];
  if (!pipe.reader || !pipe.writer) return -EPIPE;
  const std::uint64_t room = kPipeBytes - pipe.bytes;
  if (room == 0 || (bytes <= kAtomic && room < bytes)) return -EAGAIN;
  if (bytes > room) bytes = room;
  const std::uint64_t end = (pipe.begin + pipe.bytes) % kPipeBytes, until_end = kPipeBytes - end,
                      first = bytes < until_end ? bytes : until_end;
  __builtin_memcpy(at<char>(pipe.buffer + end), from, first);
  __builtin_memcpy(at<char>(pipe.buffer), static_cast<const char*>(from) + first, bytes - first);
  pipe.bytes += bytes;
  ++pipe.edges.in;
  changed();
  return static_cast<std::int64_t>(bytes);
}

std::int64_t Channels::read_event(std::uint64_t index, std::uint64_t& value) {
  const Locked locked(lock_);
  Event& event = events_[index];
  if (event.value == 0) return -EAGAIN;
  value = event.semaphore ? 1 : event.value;
  event.value -= value;
  ++event.edges.out;
  changed();
  return 8;
}

std::int64_t Channels::write_event(std::uint64_t index, std::uint64_t value) {
  if (value == ~std::uint64_t{0}) return -EINVAL;
  const Locked locked(lock_);
  Event& event = events_[index];
  if (value > ~std::uint64_t{1} - event.value) return -EAGAIN;
  event.value += value;
  ++event.edges.in;
  changed();
  return 8;
}

std::uint32_t Channels::pipe_readiness(std::uint64_t index, bool reader) {
  const Locked locked(lock_);
  const Pipe& pipe = pipes_[index];
  if (reader) return (pipe.bytes > 0 ? kReadable : 0U) | (pipe.writer ? 0U : POLLHUP);
  return (kPipeBytes - pipe.bytes >= kAtomic ? kWritable : 0U) | (pipe.reader ? 0U : POLLERR);
}

// As Linux's unix_poll(): an end that is over can be read and written, both hang up.
std::uint32_t Channels::pair_readiness(std::uint64_t in, std::uint64_t out) {
  const Locked locked(lock_);
  const Pipe &from = pipes_[in], &to = pipes_[out];
  const bool in_over = !from.reader || !from.writer, out_over = !to.reader || !to.writer;
  return (from.bytes > 0 || in_over ? kReadable : 0U) | (in_over ? POLLRDHUP : 0U) |
         (in_over && out_over ? POLLHUP : 0U) | (out_over || kPipeBytes - to.bytes >= kAtomic ? kWritable : 0U);
}

std::uint32_t Channels::event_readiness(std::uint64_t index) {
  const Locked locked(lock_);
  return (events_[index].value > 0 ? kReadable : 0U) | (events_[index].value < ~std::uint64_t{1} ? kWritable : 0U);
}

std::int64_t Channels::bytes_in_pipe(std::uint64_t index) {
  const Locked locked(lock_);
  return static_cast<std::int64_t>(pipes_[index].bytes);
}

Edges Channels::pipe_edges(std::uint64_t index) {
  const Locked locked(lock_);
  return pipes_[index].edges;
}

Edges Channels::event_edges(std::uint64_t index) {
  const Locked locked(lock_);
  return events_[index].edges;
}

}  // namespace adyton::keep
