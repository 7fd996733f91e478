// SPDX-License-Identifier: Apache-2.0
// Puts functions' names to the backtrace that a debug image prints when it crashes (enclave/crash_report_unsafe.cc).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "image/function_names.h"

namespace adyton {

class BacktraceNames {
 public:
  explicit BacktraceNames(FunctionNames names) : names_(std::move(names)) {}

  // A line without its newline: as it is, or, if it is one of a backtrace's frames, with the function's name behind it.
  [[nodiscard]] std::string line(std::string_view line) const;

 private:
  FunctionNames names_;
};

// The same for a stream that goes on to somebody who is to see it as it comes: only lines that may be frames are held
// back, until they end. Not thread-safe.
class BacktraceStream {
 public:
  using Sink = std::function<void(std::string_view text)>;
  BacktraceStream(const BacktraceNames& names, Sink sink) : names_(names), sink_(std::move(sink)) {}

  void feed(std::string_view text);
  void finish();

 private:
  const BacktraceNames& names_;
  Sink sink_;
  std::string held_;       // the beginning of a line that may be a frame
  bool in_other_ = false;  // within a line that is none
};

}  // namespace adyton
