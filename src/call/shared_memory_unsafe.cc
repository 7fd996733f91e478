// SPDX-License-Identifier: Apache-2.0
#include "call/shared_memory.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/error.h"

namespace adyton {
namespace {

constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;

Result<std::span<std::byte>> map(const Descriptor& descriptor, std::size_t size) {
  // SAFETY: a new mapping at an address of the kernel's choice; its size is sealed, so no access beyond it can fault.
  void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0);
  if (at == MAP_FAILED) return io_error("mapping {} bytes of shared memory: {}", size, errno_text(errno));
  return std::span(static_cast<std::byte*>(at), size);
}

}  // namespace

Result<SharedMemory> SharedMemory::make(std::size_t size_bytes) {
  Descriptor descriptor(::memfd_create("adyton-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!descriptor.valid()) return io_error("memfd_create: {}", errno_text(errno));
  if (::ftruncate(descriptor.get(), static_cast<off_t>(size_bytes)) != 0 ||
      ::fcntl(descriptor.get(), F_ADD_SEALS, kSizeSeals | F_SEAL_SEAL) != 0) {
    return io_error("sizing {} bytes of shared memory: {}", size_bytes, errno_text(errno));
  }
  auto bytes = TRY(map(descriptor, size_bytes));
  return SharedMemory(std::move(descriptor), bytes);
}

Result<SharedMemory> SharedMemory::open(Descriptor descriptor, std::size_t min_bytes, std::size_t max_bytes) {
  const int seals = ::fcntl(descriptor.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kSizeSeals) != kSizeSeals) return invalid("the channel's memory is not sealed in size");
  struct stat info{};
  if (::fstat(descriptor.get(), &info) != 0) return io_error("fstat of the channel: {}", errno_text(errno));
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size < min_bytes || size > max_bytes) return invalid("a channel of {} bytes", size);
  auto bytes = TRY(map(descriptor, size));
  return SharedMemory(std::move(descriptor), bytes);
}

SharedMemory SharedMemory::alias() const { return SharedMemory(Descriptor(), bytes_); }

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : descriptor_(std::move(other.descriptor_)), bytes_(std::exchange(other.bytes_, {})) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

SharedMemory::~SharedMemory() {
  // SAFETY: only the owner of the descriptor made the mapping; an alias has none.
  if (descriptor_.valid() && !bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace adyton
