// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/emulator.h"

#include <algorithm>

#include "base/error.h"
#include "crypto/crypto.h"
#include "platform/sgx_emulator/enclave.h"
#include "platform/sgx_emulator/signals.h"
#include "platform/sgx_emulator/thread_slot.h"

namespace adyton {
namespace {

BackendCheck check_of(std::string name, const Result<void>& result, std::string found) {
  if (result) return {.name = std::move(name), .state = BackendCheck::State::kOk, .detail = std::move(found)};
  return {.name = std::move(name),
          .state = BackendCheck::State::kMissing,
          .detail = "not usable",
          .remedy = result.error().message};
}

class Emulator : public SgxDevice {
 public:
  Emulator(std::shared_ptr<const sgx::Processor> processor, SgxEmulatorOptions options)
      : processor_(std::move(processor)), options_(std::move(options)) {}

  [[nodiscard]] std::string_view name() const override { return "sgx-emulated"; }

  [[nodiscard]] std::vector<BackendCheck> probe() const override {
    std::vector<BackendCheck> out;
    out.push_back(check_of("FSGSBASE", sgx::check_fsgsbase(), "FS and GS switch by instructions"));
    out.push_back(
        check_of("Syscall User Dispatch", sgx::check_syscall_dispatch(), "system calls of enclave code are caught"));
    BackendCheck cpuid{.name = "CPUID faulting", .detail = "cpuid inside raises #UD"};
    if (!sgx::cpuid_can_fault()) {
      cpuid.state = BackendCheck::State::kDegraded;
      cpuid.detail = "cpuid that was not rewritten answers inside as outside, where SGX raises #UD";
      cpuid.remedy =
          "none on this processor. `adyton inspect` says of an image which ones are rewritten, as nearly all are: the "
          "keep kernel answers these";
    }
    out.push_back(std::move(cpuid));
    return out;
  }

  Result<std::unique_ptr<SgxEnclave>> create(const SgxPlan& plan) override {
    return TRY(sgx::EmulatedEnclave::create(processor_, options_, plan));
  }

 private:
  const std::shared_ptr<const sgx::Processor> processor_;
  const SgxEmulatorOptions options_;
};

}  // namespace

Result<std::unique_ptr<SgxDevice>> make_sgx_emulator(SgxFuses fuses, SgxEmulatorOptions options) {
  sgx::Processor processor{.fuses = std::move(fuses)};
  const std::span<std::byte> id(processor.report_key_id);
  TRY(random_bytes(id.first(16)));
  std::ranges::copy(processor.fuses.report_key_id_high, id.subspan(16).begin());
  return std::make_unique<Emulator>(std::make_shared<const sgx::Processor>(std::move(processor)), std::move(options));
}

}  // namespace adyton
