// SPDX-License-Identifier: Apache-2.0
// Cuts what an enclave prints into lines of bounded length.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace adyton {

// Not thread-safe. A line longer than `line_bytes` arrives in pieces of that size.
class LineSplitter {
 public:
  using Sink = std::function<void(std::string_view line)>;
  LineSplitter(std::size_t line_bytes, Sink sink) : line_bytes_(line_bytes), sink_(std::move(sink)) {}

  void feed(std::string_view text);
  void finish();  // a last line without a newline

 private:
  std::size_t line_bytes_;
  Sink sink_;
  std::string pending_;  // shorter than line_bytes_
};

// The text with control characters (but not tabs), and what is not UTF-8, made visible as '?': what an enclave prints
// must not command the terminal it is shown on.
std::string printable(std::string_view text);

}  // namespace adyton
