// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/host_descriptors.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

namespace adyton {
namespace {

std::uint64_t result(ssize_t value) { return static_cast<std::uint64_t>(value < 0 ? -errno : value); }

}  // namespace

int HostDescriptors::stream(std::uint64_t handle) const {
  switch (handle) {
    case 0: return streams_.input;
    case 1: return streams_.output;
    case 2: return streams_.error;
    default: return -1;
  }
}

std::uint64_t HostDescriptors::write(std::uint64_t handle, std::span<const std::uint8_t> bytes) const {
  const int to = stream(handle == 2 ? 2 : 1);
  return to < 0 ? bytes.size() : result(::write(to, bytes.data(), bytes.size()));
}

std::uint64_t HostDescriptors::read(std::uint64_t handle, std::span<std::uint8_t> bytes) const {
  const int from = stream(handle);
  return from < 0 ? 0 : result(::read(from, bytes.data(), bytes.size()));
}

std::pair<std::uint64_t, std::uint64_t> HostDescriptors::terminal(std::uint64_t handle) const {
  const int of = stream(handle);
  winsize size{};
  if (of < 0 || ::isatty(of) == 0 || ::ioctl(of, TIOCGWINSZ, &size) != 0) return {};
  return {1, std::bit_cast<std::uint64_t>(size)};
}

bool HostDescriptors::wait_for_input(int event) const {
  if (streams_.input < 0) return true;
  std::array<pollfd, 2> either{{{streams_.input, POLLIN, 0}, {event, POLLIN, 0}}};
  while (::poll(either.data(), either.size(), -1) < 0 && errno == EINTR) {
  }
  return either[1].revents == 0;
}

bool HostDescriptors::poll(std::span<std::uint8_t> page, std::uint64_t count, std::uint64_t nanoseconds,
                           int event) const {
  std::vector<KeepPolled> entries(std::min(count, page.size() / sizeof(KeepPolled)));
  std::memcpy(entries.data(), page.data(), entries.size() * sizeof(KeepPolled));
  std::vector<pollfd> polled;
  std::vector<Shared> held;
  bool ready = false;  // a stream that is none is always ready: reads end, writes are lost
  for (KeepPolled& entry : entries) {
    const bool is_stream = entry.handle <= 2;
    if (!is_stream) held.push_back(socket(entry.handle));
    const int of = is_stream ? stream(entry.handle) : held.back() ? held.back()->get() : -1;
    entry.found = of >= 0 ? 0 : is_stream ? entry.wanted & (POLLIN | POLLOUT) : POLLNVAL;
    ready |= entry.found != 0;
    polled.push_back({of, static_cast<short>(entry.wanted), 0});
  }
  polled.push_back({event, POLLIN, 0});
  constexpr std::uint64_t kBillion = 1'000'000'000, kDay = 86'400 * kBillion;  // it asks again
  if (ready) nanoseconds = 0;
  nanoseconds = std::min(nanoseconds, kDay);
  const timespec most{static_cast<time_t>(nanoseconds / kBillion), static_cast<long>(nanoseconds % kBillion)};
  if (::ppoll(polled.data(), polled.size(), &most, nullptr) > 0) {
    for (std::size_t index = 0; index < entries.size(); ++index) {
      if (polled[index].fd >= 0) entries[index].found = static_cast<std::uint16_t>(polled[index].revents);
    }
  }
  std::memcpy(page.data(), entries.data(), entries.size() * sizeof(KeepPolled));
  return polled.back().revents == 0;
}

}  // namespace adyton
