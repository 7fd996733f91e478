// SPDX-License-Identifier: Apache-2.0
#include <linux/eventpoll.h>

#include "keep/calls.h"
#include "keep/readiness.h"
#include "keep/signals.h"

namespace adyton::keep {
namespace {

struct [[gnu::packed]] Event {  // struct epoll_event
  std::uint32_t events;
  std::uint64_t data;
};

constexpr std::uint32_t kMeaning = 0x27df;  // EPOLLIN, PRI, OUT, ERR, HUP, RDNORM, RDBAND, WRNORM, WRBAND, MSG, RDHUP
constexpr std::uint32_t kHow = EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE;

// What is left of `found` once edges that were told already are left out.
std::uint32_t news(const EpollWatch& watch, Edges now, std::uint32_t found) {
  if ((watch.events & EPOLLET) == 0 || watch.fresh) return found;
  std::uint32_t out = 0;
  if (now.in != watch.told.in) out |= found & (kReadable | EPOLLPRI | EPOLLRDHUP);
  if (now.out != watch.told.out) out |= found & kWritable;
  if (now.in != watch.told.in || now.out != watch.told.out) out |= found & kAlwaysTold;
  return out;
}

class EpollSource {
 public:
  EpollSource(Kernel& kernel, std::uint64_t index, Event* out, std::uint64_t room)
      : kernel_(kernel), index_(index), out_(out), room_(room) {}
  [[nodiscard]] std::uint64_t count() const { return kernel_.epolls.count(index_); }
  void begin() { done_ = 0; }
  bool get(std::uint64_t place, const OpenFile*& file, std::uint32_t& wanted) {
    EpollWatch watch;
    if (!kernel_.epolls.get(index_, place, watch) || watch.spent) return false;
    held_ = Held(kernel_, watch.descriptor);
    file = held_.get();
    if (file == nullptr || file->id != watch.file_id) return false;  // closed
    wanted = watch.events & kMeaning;
    return true;
  }
  void let_go() { held_ = {}; }
  std::int64_t report(std::uint64_t place, const OpenFile& file, std::uint32_t found) {
    EpollWatch watch;
    if (done_ == room_ || !kernel_.epolls.get(index_, place, watch) || watch.file_id != file.id) return 0;
    const Edges now = edges_of(kernel_, file);
    const std::uint32_t told = news(watch, now, found);
    if (told == 0 || (out_ != nullptr && !kernel_.epolls.report(index_, watch, now))) return 0;
    if (out_ != nullptr) out_[done_] = {told, watch.data};
    ++done_;
    return 1;
  }

 private:
  Kernel& kernel_;
  Held held_;
  const std::uint64_t index_;
  Event* out_;
  const std::uint64_t room_;
  std::uint64_t done_ = 0;
};

Held epoll_of(Kernel& kernel, std::uint64_t descriptor, std::int64_t& error) {
  Held file(kernel, descriptor);
  error = !file ? -EBADF : -EINVAL;
  if (file && file->kind != FileKind::kEpoll) file = {};
  return file;
}

}  // namespace

std::int64_t call_epoll_create(Kernel& kernel, std::uint64_t flags) {
  if ((flags & ~std::uint64_t{O_CLOEXEC}) != 0) return -EINVAL;
  const std::int64_t index = kernel.epolls.open();
  if (index < 0) return index;
  const std::int64_t descriptor = kernel.descriptors.open(
      {.kind = FileKind::kEpoll, .object = static_cast<std::uint64_t>(index)}, (flags & O_CLOEXEC) != 0);
  if (descriptor < 0) kernel.epolls.close(kernel.memory, kernel.memory_lock, static_cast<std::uint64_t>(index));
  return descriptor;
}

std::int64_t call_epoll_ctl(Kernel& kernel, const Frame& frame) {
  std::int64_t error = 0;
  const Held epoll = epoll_of(kernel, frame.rdi, error);
  if (!epoll) return error;
  const Held file(kernel, frame.rdx);
  if (!file) return -EBADF;
  if (file.get() == epoll.get()) return -EINVAL;
  if (is_file_or_folder(*file)) return -EPERM;
  if (file->kind == FileKind::kEpoll) return -ELOOP;  // one within another is not there
  EpollWatch watch{.descriptor = static_cast<std::uint32_t>(frame.rdx), .file_id = file->id};
  if (frame.rsi != EPOLL_CTL_DEL) {
    const auto* event = kernel.user.in<Event>(frame.r10);
    if (event == nullptr) return -EFAULT;
    watch.events = event->events & (kMeaning | kHow);
    watch.data = event->data;
  }
  std::int64_t done = -EINVAL;
  if (frame.rsi == EPOLL_CTL_ADD) {
    kernel.epolls.make_room(
        epoll->object, [&](const EpollWatch& one) { return !kernel.descriptors.is_open(one.descriptor, one.file_id); });
    done = kernel.epolls.add(kernel.memory, kernel.memory_lock, epoll->object, watch);
  }
  if (frame.rsi == EPOLL_CTL_MOD) done = kernel.epolls.change(epoll->object, watch);
  if (frame.rsi == EPOLL_CTL_DEL) done = kernel.epolls.remove(epoll->object, watch);
  if (done == 0) wake_pollers(kernel);
  return done;
}

std::int64_t call_epoll_wait(Kernel& kernel, ThreadState& thread, const Frame& frame, const Time* most) {
  const auto room = static_cast<std::int32_t>(frame.rdx);
  std::int64_t error = 0;
  const Held epoll = epoll_of(kernel, frame.rdi, error);
  if (!epoll) return error;
  if (room <= 0) return -EINVAL;
  auto* out = kernel.user.out<Event>(frame.rsi, static_cast<std::uint32_t>(room));
  if (out == nullptr) return -EFAULT;
  EpollSource source(kernel, epoll->object, out, static_cast<std::uint32_t>(room));
  return wait_until_ready(kernel, thread, source, most);
}

std::int64_t call_epoll_pwait(Kernel& kernel, ThreadState& thread, const Frame& frame, const Time* most) {
  if (const std::int64_t error = take_mask(kernel, thread, frame.r8, frame.r9); error < 0) return error;
  return call_epoll_wait(kernel, thread, frame, most);
}

std::uint32_t epoll_readiness(Kernel& kernel, ThreadState& thread, std::uint64_t index) {
  EpollSource source(kernel, index, nullptr, ~std::uint64_t{0});
  const OpenFile* file = nullptr;
  std::uint32_t wanted = 0;
  for (std::uint64_t place = 0; place < source.count(); ++place) {
    if (!source.get(place, file, wanted) || polled_by_host(*file)) continue;
    const std::uint32_t found = readiness(kernel, thread, *file) & (wanted | kAlwaysTold);
    if (found != 0 && source.report(place, *file, found) != 0) return kReadable;
  }
  return 0;
}

std::uint64_t epoll_ready_in(Kernel& kernel, std::uint64_t index) {
  EpollSource source(kernel, index, nullptr, 0);
  const OpenFile* file = nullptr;
  std::uint32_t wanted = 0;
  std::uint64_t soon = kForever;
  for (std::uint64_t place = 0; place < source.count(); ++place) {
    if (!source.get(place, file, wanted)) continue;
    const std::uint64_t one = ready_in(kernel, *file);
    if (one < soon) soon = one;
  }
  return soon;
}

}  // namespace adyton::keep
