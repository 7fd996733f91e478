// SPDX-License-Identifier: Apache-2.0
#include "progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

namespace device_ca {

std::string progress_line(double fraction, std::uint64_t count, double seconds) {
  constexpr int kWidth = 32;
  const double rate = seconds > 0 ? static_cast<double>(count) / seconds : 0;
  std::string counts = fmt::format("{} done  {:.0f}/s", count, rate);
  if (fraction < 0) return counts;
  fraction = std::min(fraction, 1.0);
  const int full = static_cast<int>(fraction * kWidth);
  std::string bar(static_cast<std::size_t>(full), '=');
  if (full < kWidth) bar += '>';
  bar.resize(kWidth, ' ');
  std::string out = fmt::format("[{}] {:3.0f}%  {}", bar, fraction * 100, counts);
  if (fraction > 0) {
    const auto left = std::llround(seconds / fraction - seconds);
    out += fmt::format("  {}:{:02} left", left / 60, left % 60);
  }
  return out;
}

Progress::Progress(bool shown) : shown_(shown) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::show(double fraction, std::uint64_t count) {
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  drawn_ = true;
  const std::string line = progress_line(fraction, count, std::chrono::duration<double>(now - start_).count());
  fmt::print(stderr, "\r{}\x1b[K", line);
  std::fflush(stderr);
}

}  // namespace device_ca
