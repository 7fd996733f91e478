// SPDX-License-Identifier: Apache-2.0
// Bytes that lie in several pieces of the application's memory (struct iovec): they are moved as if they were one, so
// that one call of the application is one call of what it is about.
#pragma once

#include <asm/errno.h>

#include <cstdint>

#include "keep/kernel.h"

namespace adyton::keep {

class Vectors {
 public:
  static constexpr std::uint64_t kMost = 1024;  // UIO_MAXIOV

  // `write`: they are to be written to. error() says whether all of them may be.
  Vectors(Kernel& kernel, std::uint64_t address, std::uint64_t count, bool write);
  [[nodiscard]] std::int64_t error() const { return error_; }  // 0, -EINVAL, -EFAULT
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // Where the bytes from `offset` on lie, and how many of them in one piece.
  struct Piece {
    std::uint64_t address = 0, bytes = 0;
  };
  [[nodiscard]] Piece piece(std::uint64_t offset) const;
  // False: EFAULT.
  bool take(std::uint64_t offset, void* to, std::uint64_t bytes) const;
  bool give(std::uint64_t offset, const void* from, std::uint64_t bytes) const;

 private:
  Kernel& kernel_;
  const Piece* pieces_ = nullptr;
  std::uint64_t count_ = 0, bytes_ = 0;
  std::int64_t error_ = 0;
};

// Memory for a call's duration.
class Joined {
 public:
  Joined(Kernel& kernel, std::uint64_t bytes);
  ~Joined();
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;
  [[nodiscard]] void* data() const { return data_; }  // nullptr: ENOMEM

 private:
  Kernel& kernel_;
  const std::uint64_t bytes_;
  alignas(8) char small_[1024];
  void* data_ = small_;
};

inline constexpr std::uint64_t kMostJoined = 64 * 1024;

// move(void* from or to, bytes, done so far) until it moves less than it may, or minus errno. How many all in all.
template <typename Move>
std::int64_t gather(Kernel& kernel, const Vectors& from, Move&& move) {
  if (from.error() < 0) return from.error();
  const Vectors::Piece only = from.piece(0);
  if (only.bytes == from.bytes()) return move(at<void>(only.address), only.bytes, 0);
  const std::uint64_t room = from.bytes() < kMostJoined ? from.bytes() : kMostJoined;
  const Joined joined(kernel, room);
  if (joined.data() == nullptr) return -ENOMEM;
  std::uint64_t done = 0;
  while (done < from.bytes()) {
    const std::uint64_t part = from.bytes() - done < room ? from.bytes() - done : room;
    const std::int64_t moved = from.take(done, joined.data(), part) ? move(joined.data(), part, done) : -EFAULT;
    if (moved < 0) return done > 0 ? static_cast<std::int64_t>(done) : moved;
    done += static_cast<std::uint64_t>(moved);
    if (static_cast<std::uint64_t>(moved) < part) break;
  }
  return static_cast<std::int64_t>(done);
}

// Likewise. `all`: it does not stop where a second move could have to wait.
template <typename Move>
std::int64_t scatter(Kernel& kernel, const Vectors& to, bool all, Move&& move) {
  if (to.error() < 0) return to.error();
  const Vectors::Piece only = to.piece(0);
  if (only.bytes == to.bytes()) return move(at<void>(only.address), only.bytes, 0);
  const std::uint64_t room = to.bytes() < kMostJoined ? to.bytes() : kMostJoined;
  const Joined joined(kernel, room);
  if (joined.data() == nullptr) return -ENOMEM;
  std::uint64_t done = 0;
  while (done < to.bytes()) {
    const std::uint64_t part = to.bytes() - done < room ? to.bytes() - done : room;
    std::int64_t moved = move(joined.data(), part, done);
    if (moved > 0 && !to.give(done, joined.data(), static_cast<std::uint64_t>(moved))) moved = -EFAULT;
    if (moved < 0) return done > 0 ? static_cast<std::int64_t>(done) : moved;
    done += static_cast<std::uint64_t>(moved);
    if (!all || static_cast<std::uint64_t>(moved) < part) break;
  }
  return static_cast<std::int64_t>(done);
}

}  // namespace adyton::keep
