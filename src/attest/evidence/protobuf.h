// SPDX-License-Identifier: Apache-2.0
// Reading Protocol Buffers messages (protobuf.dev, "Encoding") field by field, without their schema: some tools pass
// evidence on in them.
#pragma once

#include <cstdint>
#include <optional>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

struct ProtobufField {
  std::uint32_t number = 0;
  std::optional<std::uint64_t> value;  // varint, or fixed 32 or 64 bits
  BytesView bytes;                     // length-delimited: text, bytes, a message
};

// Forward only, over hostile bytes. Groups are refused.
class ProtobufReader {
 public:
  explicit ProtobufReader(BytesView message) : rest_(message) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  Result<ProtobufField> next();  // errors: invalid

 private:
  Result<std::uint64_t> varint();
  Result<BytesView> take(std::uint64_t size);
  BytesView rest_;
};

}  // namespace adyton
