// SPDX-License-Identifier: Apache-2.0
// What a sealed store's batch looks like inside its record: the changes, one after another.
#pragma once

#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

inline constexpr std::size_t kStoreKeyBytes = 1024;
inline constexpr std::size_t kStorePutOverhead = 1 + 2 + 4;  // bytes of a put beside its key and value

// Requires 1 <= key.size() <= kStoreKeyBytes and a value below 4 GiB.
void append_put(Bytes& out, std::string_view key, BytesView value);
void append_erase(Bytes& out, std::string_view key);

// One change: views into the batch.
struct StoreChange {
  std::string_view key;
  bool erases = false;
  BytesView value;
};

// Takes a batch apart from the front; the bytes must outlive it.
class StoreBatchReader {
 public:
  explicit StoreBatchReader(BytesView batch) : rest_(batch) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  Result<StoreChange> next();  // errors: invalid

 private:
  BytesView rest_;
};

}  // namespace adyton
