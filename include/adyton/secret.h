// SPDX-License-Identifier: Apache-2.0
// Bytes that must not leak: wiped when dropped, never compared with ==, never printed.
#pragma once

#include <cstddef>
#include <span>

#include <adyton/bytes.h>

namespace adyton {

// Owns secret bytes. Movable, not copyable (copy() says so aloud). Inside an enclave the memory is what the back-end
// keeps from the machine's other software; on a host it is ordinary memory that is wiped. Not thread-safe.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size_bytes);  // zero-filled
  static Secret copy_of(BytesView bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] Secret copy() const { return copy_of(expose()); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // The bytes themselves. The name is there to be searched for in a review.
  [[nodiscard]] BytesView expose() const { return {data_, size_}; }
  [[nodiscard]] std::span<std::byte> expose_mutable() { return {data_, size_}; }

  // Constant-time comparison; sizes are not secret.
  [[nodiscard]] bool equals(BytesView other) const;
  bool operator==(const Secret&) const = delete;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Overwrites memory in a way the compiler may not remove.
void wipe(std::span<std::byte> bytes);

}  // namespace adyton
