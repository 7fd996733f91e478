// SPDX-License-Identifier: Apache-2.0
#include "seal/log_reader.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {
constexpr std::size_t kChunkBytes = 1u << 20;
}

Result<BytesView> LogReader::peek(std::size_t size_bytes) {
  if (buffer_.size() - position_ < size_bytes && !at_end_) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(position_));
    position_ = 0;
    const auto wanted = static_cast<std::uint32_t>(std::max(size_bytes - buffer_.size(), kChunkBytes));
    const Bytes more = TRY(storage_.read(name_, offset_, wanted));
    if (more.size() > wanted) return untrusted("the host gave {} bytes, {} were asked for", more.size(), wanted);
    at_end_ = more.size() < wanted;
    offset_ += more.size();
    append(buffer_, more);
  }
  return BytesView(buffer_).subspan(position_, std::min(size_bytes, buffer_.size() - position_));
}

}  // namespace adyton
