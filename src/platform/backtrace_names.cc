// SPDX-License-Identifier: Apache-2.0
#include "platform/backtrace_names.h"

#include <algorithm>
#include <charconv>

namespace adyton {
namespace {

constexpr std::string_view kFrame = "adyton:   #", kOffset = " image+0x";
constexpr std::size_t kLongestFrame = 80;

}  // namespace

std::string BacktraceNames::line(std::string_view line) const {
  std::string out(line);
  const std::size_t at = line.find(kOffset);
  if (line.size() > kLongestFrame || !line.starts_with(kFrame) || at == std::string_view::npos) return out;
  const std::string_view digits = line.substr(at + kOffset.size());
  std::uint64_t offset = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), offset, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return out;
  if (const std::string name = names_.at(offset); !name.empty()) out += " " + name;
  return out;
}

void BacktraceStream::feed(std::string_view text) {
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const bool ended = newline != std::string_view::npos;
    std::string_view part = text.substr(0, newline);
    text.remove_prefix(ended ? newline + 1 : text.size());
    if (!in_other_) {
      held_ += part;
      const std::size_t known = std::min(held_.size(), kFrame.size());
      in_other_ = held_.size() > kLongestFrame || held_.compare(0, known, kFrame, 0, known) != 0;
      if (in_other_) {
        sink_(held_ + (ended ? "\n" : ""));
        held_.clear();
      } else if (ended) {
        sink_(names_.line(held_) + "\n");
        held_.clear();
      }
    } else {
      sink_(std::string(part) + (ended ? "\n" : ""));
    }
    if (ended) in_other_ = false;
  }
}

void BacktraceStream::finish() {
  if (!held_.empty()) sink_(held_);
  held_.clear();
}

}  // namespace adyton
