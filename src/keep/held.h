// SPDX-License-Identifier: Apache-2.0
// An open file for the duration of a system call. Another thread may close its descriptors meanwhile: what it is of
// stays what it is until the last holder is gone, as on Linux. There is no other way from a descriptor to its file.
#pragma once

#include <cstdint>

#include "keep/descriptors.h"

namespace adyton::keep {

struct Kernel;

class Held {
 public:
  Held() = default;  // nothing
  // Nothing, too, if there is no such descriptor: EBADF.
  Held(Kernel& kernel, std::uint64_t descriptor);
  static Held folder(Kernel& kernel);  // chdir()'s; nothing: the root
  Held(Held&& other) noexcept : kernel_(other.kernel_), file_(other.file_), counted_(other.counted_) {
    other.file_ = nullptr;
  }
  Held& operator=(Held&& other) noexcept;
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    if (file_ != nullptr && counted_) let_go();
  }

  explicit operator bool() const { return file_ != nullptr; }
  OpenFile& operator*() const { return *file_; }
  OpenFile* operator->() const { return file_; }
  [[nodiscard]] OpenFile* get() const { return file_; }

 private:
  void hold(std::uint64_t slot);
  void let_go();

  Kernel* kernel_ = nullptr;
  OpenFile* file_ = nullptr;
  bool counted_ = false;
};

// What no descriptor and no call is of any more is let go of: by the one of them that was the last.
void forget(Kernel& kernel, const OpenFile& last);

}  // namespace adyton::keep
