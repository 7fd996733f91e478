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

// `in_place` once with the only piece there is, or `part` with one after the other of what the pieces are together, in
// memory of its own: (memory, bytes, done so far) -> how many were moved, or minus errno. How many all in all, until
// one moves less than it may; with `all` false, after the first.
template <typename InPlace, typename Part>
std::int64_t in_parts(Kernel& kernel, const Vectors& vectors, bool all, InPlace&& in_place, Part&& part) {
  if (vectors.error() < 0) return vectors.error();
  const Vectors::Piece only = vectors.piece(0);
  if (only.bytes == vectors.bytes()) return in_place(at<void>(only.address), only.bytes, 0);
  const std::uint64_t room = vectors.bytes() < kMostJoined ? vectors.bytes() : kMostJoined;
  const Joined joined(kernel, room);
  if (joined.data() == nullptr) return -ENOMEM;
  std::uint64_t done = 0;
  while (done < vectors.bytes()) {
    const std::uint64_t bytes = vectors.bytes() - done < room ? vectors.bytes() - done : room;
    const std::int64_t moved = part(joined.data(), bytes, done);
    if (moved < 0) return done > 0 ? static_cast<std::int64_t>(done) : moved;
    done += static_cast<std::uint64_t>(moved);
    if (!all || static_cast<std::uint64_t>(moved) < bytes) break;
  }
  return static_cast<std::int64_t>(done);
}

// move(const void* from, bytes, done so far).
template <typename Move>
std::int64_t gather(Kernel& kernel, const Vectors& from, Move&& move) {
  return in_parts(kernel, from, true, move, [&](void* data, std::uint64_t bytes, std::uint64_t done) -> std::int64_t {
    return from.take(done, data, bytes) ? move(data, bytes, done) : -EFAULT;
  });
}

// move(void* to, bytes, done so far). `all`: it does not stop where a second move could have to wait.
template <typename Move>
std::int64_t scatter(Kernel& kernel, const Vectors& to, bool all, Move&& move) {
  return in_parts(kernel, to, all, move, [&](void* data, std::uint64_t bytes, std::uint64_t done) -> std::int64_t {
    const std::int64_t moved = move(data, bytes, done);
    return moved > 0 && !to.give(done, data, static_cast<std::uint64_t>(moved)) ? -EFAULT : moved;
  });
}

}  // namespace adyton::keep
