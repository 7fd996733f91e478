// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/mman.h>

#include "base/cursor.h"
#include "base/error.h"
#include "platform/sgx_emulator/memory.h"

extern "C" const std::byte adyton_sgx_redirect_begin[], adyton_sgx_redirect_end[];

namespace adyton::sgx {
namespace {

constexpr std::array<std::byte, 3> kEnclu = {std::byte{0x0f}, std::byte{0x01}, std::byte{0xd7}};
constexpr std::uint64_t kExitOffset = 32;  // of redirect.S: after its four words
constexpr std::uint64_t kFirstSite = 128, kSiteBytes = 32, kEncluOfSite = 9;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

std::byte* pointer(std::uint64_t address) {
  // SAFETY: an address within the mapping that the caller owns.
  return reinterpret_cast<std::byte*>(address);
}

void put_jump(std::byte* at, std::uint64_t target) {
  at[0] = std::byte{0xe9};
  const auto distance =
      static_cast<std::int32_t>(static_cast<std::int64_t>(target - std::bit_cast<std::uint64_t>(at) - 5));
  std::memcpy(at + 1, &distance, sizeof(distance));
}

bool redirectable(BytesView code, std::size_t at) {
  if (at + 5 > code.size() || !std::ranges::equal(code.subspan(at, 3), kEnclu)) return false;
  const auto next = load_be<std::uint16_t>(code, at + 3);
  return next == 0x0f0b || next == 0x6690 || next == 0x9090;  // ud2, nop of two bytes, two nops
}

int host_protection(std::uint64_t permissions) {
  int out = PROT_NONE;
  if ((permissions & kRead) != 0) out |= PROT_READ;
  if ((permissions & kWrite) != 0) out |= PROT_WRITE;
  if ((permissions & kExecute) != 0) out |= PROT_EXEC | PROT_READ;
  return out;
}

}  // namespace

std::uint64_t EnclaveMemory::bytes_below(std::uint64_t size) {
  return round_up(size / kPageBytes * sizeof(ThreadSlot*), kPageBytes) + kCodeBytes;
}

Result<EnclaveMemory> EnclaveMemory::reserve(std::uint64_t size, std::optional<std::uint64_t> base) {
  if (base && *base % size != 0) return invalid("an enclave of {:#x} bytes at {:#x}", size, *base);
  const std::uint64_t before = bytes_below(size), table_bytes = before - kCodeBytes;
  const std::uint64_t wanted = before + (base ? size : 2 * size);
  constexpr int kReservation = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  // SAFETY: reserves addresses only, or replaces a reservation by one of this code's own.
  void* mapping = base ? ::mmap(pointer(*base - before), wanted, PROT_NONE, kReservation | MAP_FIXED, -1, 0)
                       : ::mmap(nullptr, wanted, PROT_NONE, kReservation, -1, 0);
  if (mapping == MAP_FAILED) {
    return exhausted("{} MiB of addresses for an enclave: {}: raise the limit on address space (ulimit -v)",
                     wanted >> 20, errno_text(errno));
  }
  const auto start = std::bit_cast<std::uint64_t>(mapping);
  EnclaveMemory out;
  out.size_ = size;
  out.base_ = round_up(start + before, size);
  out.code_ = out.base_ - kCodeBytes;
  out.table_ = out.code_ - table_bytes;
  if (out.table_ > start) ::munmap(mapping, out.table_ - start);
  const std::uint64_t end = out.base_ + size;
  if (start + wanted > end) ::munmap(pointer(end), start + wanted - end);
  if (!base) out.mapping_ = pointer(out.table_);
  out.mapping_bytes_ = end - out.table_;
  if (::mprotect(pointer(out.table_), table_bytes, PROT_READ | PROT_WRITE) != 0)
    return io_error("the memory of an enclave: {}", errno_text(errno));
  return out;
}

EnclaveMemory::EnclaveMemory(EnclaveMemory&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      mapping_bytes_(other.mapping_bytes_),
      base_(other.base_),
      size_(other.size_),
      code_(other.code_),
      table_(other.table_),
      sites_(std::move(other.sites_)) {}

EnclaveMemory::~EnclaveMemory() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapping_bytes_);
}

std::span<std::byte> EnclaveMemory::bytes(std::uint64_t offset, std::uint64_t size) const {
  return {pointer(base_ + offset), size};
}

Result<void> EnclaveMemory::protect(std::uint64_t offset, std::uint64_t size, std::uint64_t permissions) const {
  if (::mprotect(pointer(base_ + offset), size, host_protection(permissions)) == 0) return {};
  return io_error("the permissions of enclave pages: {}", errno_text(errno));
}

Result<void> EnclaveMemory::discard(std::uint64_t offset, std::uint64_t size) const {
  if (::madvise(pointer(base_ + offset), size, MADV_DONTNEED) == 0) return {};
  return io_error("giving back enclave pages: {}", errno_text(errno));
}

Result<void> EnclaveMemory::redirect(std::span<const std::uint64_t> sites) {
  std::byte* const code = pointer(code_);
  if (::mprotect(code, kCodeBytes, PROT_READ | PROT_WRITE) != 0)
    return io_error("code beside an enclave: {}", errno_text(errno));
  std::memcpy(code, adyton_sgx_redirect_begin,
              static_cast<std::size_t>(adyton_sgx_redirect_end - adyton_sgx_redirect_begin));
  const std::array<std::uint64_t, 3> words = {base_, size_, table_};
  std::memcpy(code, words.data(), sizeof(words));

  for (const std::uint64_t site : sites) {
    const std::uint64_t at = code_ + kFirstSite + sites_.size() * kSiteBytes;
    const std::uint64_t first = site / kPageBytes * kPageBytes;
    const std::uint64_t length = round_up(site + 5, kPageBytes) - first;
    if (at + kSiteBytes > code_ + kCodeBytes || !in_bounds(first, length, size_)) break;
    if (!redirectable(bytes(site, 5), 0)) continue;
    TRY(protect(first, length, kRead | kWrite));
    // cmp $4, %eax; je exit; enclu; jmp back
    constexpr std::array<std::byte, 5> kCompare = {std::byte{0x83}, std::byte{0xf8}, std::byte{4}, std::byte{0x0f},
                                                   std::byte{0x84}};
    std::byte* const detour = pointer(at);
    std::memcpy(detour, kCompare.data(), kCompare.size());
    const auto to_exit = static_cast<std::int32_t>(code_ + kExitOffset - (at + kEncluOfSite));
    std::memcpy(detour + kCompare.size(), &to_exit, sizeof(to_exit));
    std::memcpy(detour + kEncluOfSite, kEnclu.data(), kEnclu.size());
    // The two bytes that follow the instruction are overwritten with it: a nop is skipped, ud2 is done here.
    std::byte* const original_site = pointer(base_ + site);
    if (original_site[3] == std::byte{0x0f}) {
      std::memcpy(detour + kEncluOfSite + kEnclu.size(), original_site + 3, 2);  // ud2
    } else {
      put_jump(detour + kEncluOfSite + kEnclu.size(), base_ + site + 5);
    }
    put_jump(original_site, at);
    TRY(protect(first, length, kRead | kExecute));
    sites_.push_back(site);
  }
  if (::mprotect(code, kCodeBytes, PROT_READ | PROT_EXEC) != 0)
    return io_error("code beside an enclave: {}", errno_text(errno));
  return {};
}

std::uint64_t EnclaveMemory::original(std::uint64_t address) const {
  const std::uint64_t offset = address - code_ - kFirstSite;
  if (!in_redirection(address) || offset % kSiteBytes != kEncluOfSite || offset / kSiteBytes >= sites_.size())
    return address;
  return base_ + sites_[offset / kSiteBytes];
}

void EnclaveMemory::set_slot(std::uint64_t gs_base, ThreadSlot* slot) const {
  if (!contains(gs_base)) return;
  // SAFETY: an aligned word of the table, which has one for each page.
  auto* const entry = reinterpret_cast<ThreadSlot**>(pointer(table_)) + (gs_base - base_) / kPageBytes;
  *entry = slot;
}

std::vector<std::uint64_t> find_enclu_sites(BytesView code, std::uint64_t offset) {
  std::vector<std::uint64_t> out;
  for (std::size_t at = 0; at + 5 <= code.size(); ++at) {
    if (redirectable(code, at)) out.push_back(offset + at);
  }
  return out;
}

}  // namespace adyton::sgx
