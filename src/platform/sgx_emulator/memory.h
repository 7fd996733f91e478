// SPDX-License-Identifier: Apache-2.0
// An emulated enclave's address range: reserved, naturally aligned, its pages' permissions the host kernel's; and, just
// below, the code that redirected ENCLU instructions jump to.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <adyton/result.h>
#include "platform/sgx_emulator/structures.h"

namespace adyton::sgx {

struct ThreadSlot;

class EnclaveMemory {
 public:
  // Anywhere, or at `base`, where the caller has reserved [base - bytes_below(size), base + size) and gives them back
  // afterwards. Errors: exhausted, io.
  static Result<EnclaveMemory> reserve(std::uint64_t size, std::optional<std::uint64_t> base = {});
  static std::uint64_t bytes_below(std::uint64_t size);
  EnclaveMemory(EnclaveMemory&& other) noexcept;
  EnclaveMemory& operator=(EnclaveMemory&&) = delete;
  ~EnclaveMemory();

  [[nodiscard]] std::uint64_t base() const { return base_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool contains(std::uint64_t address) const { return address - base_ < size_; }

  // The enclave's bytes. Touching pages that do not let one is the caller's fault.
  [[nodiscard]] std::span<std::byte> bytes(std::uint64_t offset, std::uint64_t size) const;
  template <class T>
  [[nodiscard]] T* at(std::uint64_t address) const {
    return static_cast<T*>(static_cast<void*>(bytes(address - base_, sizeof(T)).data()));
  }

  // kRead, kWrite, kExecute of pages; what may execute can be read as well. Errors: io.
  Result<void> protect(std::uint64_t offset, std::uint64_t size, std::uint64_t permissions) const;
  Result<void> discard(std::uint64_t offset, std::uint64_t size) const;  // zero again

  // Redirects the ENCLU instructions at these offsets; their page is left readable and executable. Those that are not
  // followed by a two-byte nop or ud2 are left as they are. Errors: io.
  Result<void> redirect(std::span<const std::uint64_t> sites);
  [[nodiscard]] std::size_t site_count() const { return sites_.size(); }

  // Whether `address` is in the code that redirected instructions jump to; and of the ENCLU there, the address of the
  // instruction it stands for (or else the address itself).
  [[nodiscard]] bool in_redirection(std::uint64_t address) const { return address - code_ < kCodeBytes; }
  [[nodiscard]] std::uint64_t original(std::uint64_t address) const;

  // Which slot leaves when GS points to this page of the enclave.
  void set_slot(std::uint64_t gs_base, ThreadSlot* slot) const;

 private:
  static constexpr std::uint64_t kCodeBytes = 16 << 10;
  EnclaveMemory() = default;

  std::byte* mapping_ = nullptr;  // if it is this object's to give back
  std::uint64_t mapping_bytes_ = 0;
  std::uint64_t base_ = 0, size_ = 0, code_ = 0, table_ = 0;
  std::vector<std::uint64_t> sites_;
};

// Offsets of ENCLU instructions that can be redirected in `code`, which lies at `offset`.
std::vector<std::uint64_t> find_enclu_sites(BytesView code, std::uint64_t offset);

}  // namespace adyton::sgx
