// SPDX-License-Identifier: Apache-2.0
// A progress bar on standard error, if that is a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace device_ca {

// "[=======>     ] 58%  1,234 done  4,521/s  0:03 left"; without bar and end if `fraction` is less than 0.
std::string progress_line(double fraction, std::uint64_t count, double seconds);

// Redraws at most every 100 ms, and wipes itself when it is destroyed. Not thread-safe.
class Progress {
 public:
  explicit Progress(bool shown);  // shown: standard error is a terminal
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(double fraction, std::uint64_t count);

 private:
  const bool shown_;
  bool drawn_ = false;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace device_ca
