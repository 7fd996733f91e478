// SPDX-License-Identifier: Apache-2.0
// A host that drives the keep kernel's entries by hand, with whatever in its registers, and looks at all that comes
// out: every exit is checked for what docs/keep.md says of it, and for the program's secrets.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "image/sgx/keep_config.h"
#include "image/sgx/keep_interface.h"
#include "keep_loader.h"

namespace adyton {

class HostileHost {
 public:
  using Answer = std::function<SgxRegisters(const SgxRegisters& request)>;

  // The program wary_unsafe.cc, or another, not yet started.
  explicit HostileHost(std::vector<std::string> arguments, SgxEmulatorOptions options = {});
  HostileHost(std::vector<std::string> arguments, SgxEmulatorOptions options, const Image& image);
  ~HostileHost();

  // EENTER and ERESUME. What the emulator refuses, as a processor would: an error.
  Result<SgxEntryEnd> try_enter(const SgxRegisters& registers, std::uint64_t thread = 0);
  Result<SgxEntryEnd> try_resume(std::uint64_t thread = 0);
  // Those that succeed and leave by EEXIT.
  SgxRegisters enter(const SgxRegisters& registers, std::uint64_t thread = 0);
  // Enters or resumes, and goes on through the exceptions, until there is something to answer or the end of the thread.
  SgxRegisters run(const SgxRegisters& registers, std::uint64_t thread = 0);
  SgxRegisters resume(std::uint64_t thread = 0);
  // Answers what is asked until the thread ends; `answer` may leave some of it to honest().
  SgxRegisters serve(SgxRegisters asked, const Answer& answer, std::uint64_t thread = 0);

  [[nodiscard]] SgxRegisters start(std::uint64_t thread = 0) const;  // KeepEntry::kStart as it should be
  SgxRegisters honest(const SgxRegisters& request);
  static SgxRegisters answer(std::uint64_t result, std::uint64_t b = 0, std::uint64_t c = 0, std::uint64_t d = 0) {
    return {.rdi = static_cast<std::uint64_t>(KeepEntry::kAnswer), .rsi = result, .rdx = b, .r8 = c, .r9 = d};
  }

  // All pages of the enclave that are not a thread control structure. expect_same(): nothing has changed but what an
  // entry by `thread` that was refused may change: its stacks, where it returns to, what the processor noted of the
  // host's stack.
  [[nodiscard]] Bytes memory() const;
  void expect_same(Bytes before, Bytes after, std::uint64_t thread) const;

  // What the host's page tables let the enclave do, from an offset on.
  void forbid(std::uint64_t offset, std::uint64_t bytes) const;
  void allow(std::uint64_t offset, std::uint64_t bytes) const;  // as the plan says

  [[nodiscard]] std::uint64_t base() const { return sgx_.enclave->base(); }
  [[nodiscard]] std::uint64_t size() const { return sgx_.bytes; }
  [[nodiscard]] const Loaded& loaded() const { return sgx_; }
  [[nodiscard]] KeepThread thread_page(std::uint64_t thread) const;
  [[nodiscard]] std::uint64_t keep_data() const { return keep_data_; }  // offset of the keep kernel's variables
  [[nodiscard]] std::uint64_t keep_data_bytes() const { return keep_data_bytes_; }
  [[nodiscard]] HostPage& page(std::uint64_t thread) const { return *pages_[thread]; }
  [[nodiscard]] std::span<std::byte> shared_memory() const { return shared_; }
  std::string& errors() { return errors_; }  // what the program has written to its standard error
  void vary_registers();                     // other hostile values from now on

 private:
  void check_exit(const SgxRegisters& entered, const SgxRegisters& left, bool knows_stack, std::uint64_t thread);
  void expect_no_secrets(std::uint64_t thread);
  std::span<std::byte> bytes(std::uint64_t offset, std::uint64_t size) const;

  std::unique_ptr<SgxHostState> state_ = std::make_unique<SgxHostState>();
  Loaded sgx_;
  std::vector<std::unique_ptr<HostPage>> pages_;
  std::span<std::byte> shared_;
  std::string strings_, errors_;
  std::uint64_t argument_count_ = 0, keep_data_ = 0, keep_data_bytes_ = 0, variant_ = 0, now_ = 1000;
};

}  // namespace adyton
