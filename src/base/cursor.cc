// SPDX-License-Identifier: Apache-2.0
#include "base/cursor.h"

#include "base/error.h"

namespace adyton {

void append(Bytes& out, BytesView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

Result<BytesView> Cursor::read_bytes(std::uint64_t size) {
  if (size > rest_.size()) return invalid("cut short: {} bytes wanted, {} left", size, rest_.size());
  const BytesView out = rest_.first(size);
  rest_ = rest_.subspan(size);
  return out;
}

Result<void> Cursor::finish() const {
  if (!rest_.empty()) return invalid("{} bytes too many at the end", rest_.size());
  return {};
}

}  // namespace adyton
