// SPDX-License-Identifier: Apache-2.0
#include "platform/process/line_splitter.h"

#include <algorithm>

#include "base/utf8.h"

namespace adyton {

void LineSplitter::feed(std::string_view text) {
  while (!text.empty()) {
    const std::size_t room = line_bytes_ - pending_.size();
    const std::size_t newline = text.substr(0, room).find('\n');
    const bool ended = newline != std::string_view::npos;
    const std::size_t size = ended ? newline : std::min(room, text.size());
    pending_ += text.substr(0, size);
    text.remove_prefix(size);
    if (ended) {
      text.remove_prefix(1);
    } else if (pending_.size() < line_bytes_) {
      return;
    } else if (text.starts_with('\n')) {
      text.remove_prefix(1);
    }
    sink_(pending_);
    pending_.clear();
  }
}

void LineSplitter::finish() {
  if (!pending_.empty()) sink_(pending_);
  pending_.clear();
}

std::string printable(std::string_view text) {
  const bool utf8 = is_utf8(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
    // U+0080 to U+009F are control characters too: 0xC2 and a byte below 0xA0.
    const bool upper_control = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (utf8 && upper_control) ++i;
    out.push_back(control || (c >= 0x80 && !utf8) || (utf8 && upper_control) ? '?' : text[i]);
  }
  return out;
}

}  // namespace adyton
