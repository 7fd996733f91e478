// SPDX-License-Identifier: Apache-2.0
#include "keep/held.h"

#include "keep/kernel.h"

namespace adyton::keep {

Held::Held(Kernel& kernel, std::uint64_t descriptor) : kernel_(&kernel) {
  const auto number = static_cast<std::uint32_t>(descriptor);
  if (number < Descriptors::kMost) hold(number);
}

Held Held::folder(Kernel& kernel) {
  Held out;
  out.kernel_ = &kernel;
  out.hold(Descriptors::kFolder);
  return out;
}

// Counted first, then looked at again: what was counted may have become another slot's file in between. A thread that
// is alone, and starts none in this call, has nobody who could close anything.
void Held::hold(std::uint64_t slot) {
  Descriptors& table = kernel_->descriptors;
  counted_ = kernel_->threads.running() != 1;
  if (!counted_) {
    file_ = table.file_of(slot);
    return;
  }
  while ((file_ = table.count_use(slot)) != nullptr && !table.is(slot, *file_)) let_go();
}

Held& Held::operator=(Held&& other) noexcept {
  if (this == &other) return *this;
  let_go();
  kernel_ = other.kernel_;
  file_ = other.file_;
  counted_ = other.counted_;
  other.file_ = nullptr;
  return *this;
}

void Held::let_go() {
  OpenFile* file = file_;
  file_ = nullptr;
  if (file == nullptr || !counted_ || !Descriptors::drop_use(*file)) return;
  const OpenFile last = *file;
  kernel_->descriptors.free(*file);
  forget(*kernel_, last);
}

}  // namespace adyton::keep
