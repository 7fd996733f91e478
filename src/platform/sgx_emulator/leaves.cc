// SPDX-License-Identifier: Apache-2.0
// ENCLU as code inside executes it. Registers as the SDM's page of each leaf says; operands are copied once, checked
// and then used, since other threads of the enclave may change them meanwhile.
#include <algorithm>
#include <cstring>

#include "base/cursor.h"
#include "base/error.h"
#include "platform/sgx_emulator/exits.h"

namespace adyton::sgx {
namespace {

constexpr std::size_t kEncluBytes = 3;
constexpr std::uint64_t kZeroFlag = 0x40, kArithmeticFlags = 0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x800;

using Outcome = std::optional<Exception>;
const Exception kProtection{.vector = kGeneralProtection};

// By the error code: a user's access that the EPCM refused.
Exception page_fault(std::uint64_t address, bool write) {
  constexpr std::uint16_t kPresent = 1, kWrites = 2, kUser = 4, kSgx = 1 << 15;
  return {.vector = kPageFault,
          .error_code = static_cast<std::uint16_t>(kPresent | kUser | kSgx | (write ? kWrites : 0)),
          .address = address};
}

struct Operands {
  EmulatedEnclave& enclave;
  gregset_t& registers;

  [[nodiscard]] std::uint64_t get(int name) const { return static_cast<std::uint64_t>(registers[name]); }

  // An operand that lies, aligned, in one page of the enclave which allows that.
  Outcome check(std::uint64_t address, std::uint64_t alignment, bool write) const {
    if (address % alignment != 0 || !enclave.memory().contains(address)) return kProtection;
    if (!enclave.usable(address, write ? kRead | kWrite : kRead)) return page_fault(address, write);
    return {};
  }
  [[nodiscard]] Bytes copy(std::uint64_t address, std::size_t size) const {
    return to_bytes(enclave.memory().bytes(address - enclave.base(), size));
  }
  void write(std::uint64_t address, BytesView bytes) const {
    std::ranges::copy(bytes, enclave.memory().bytes(address - enclave.base(), bytes.size()).begin());
  }
  Outcome answer(Code code) const {
    registers[REG_RAX] = static_cast<greg_t>(code);
    registers[REG_EFL] &= ~static_cast<greg_t>(kArithmeticFlags);
    if (code != Code::kOk) registers[REG_EFL] |= kZeroFlag;
    return {};
  }
};

Outcome ereport(const Operands& at) {
  const std::uint64_t target = at.get(REG_RBX), data = at.get(REG_RCX), report = at.get(REG_RDX);
  if (auto fault = at.check(target, 512, false)) return fault;
  if (auto fault = at.check(data, 128, false)) return fault;
  if (auto fault = at.check(report, 512, true)) return fault;
  const auto parsed = parse_target_info(at.copy(target, TargetInfo::kBytes));
  if (!parsed) return kProtection;
  const auto made = make_report(at.enclave.processor(), at.enclave.secs(), *parsed, at.copy(data, kReportDataBytes));
  if (!made) return kProtection;
  at.write(report, *made);
  return {};
}

Outcome egetkey(const Operands& at) {
  const std::uint64_t request = at.get(REG_RBX), out = at.get(REG_RCX);
  if (auto fault = at.check(request, 512, false)) return fault;
  if (auto fault = at.check(out, 16, true)) return fault;
  const auto parsed = parse_key_request(at.copy(request, KeyRequest::kBytes));
  if (!parsed) return kProtection;
  const auto key = get_key(at.enclave.processor(), at.enclave.secs(), *parsed);
  if (!key) return kProtection;
  if (key->code == Code::kOk) at.write(out, key->key);
  return at.answer(key->code);
}

// EACCEPT, EMODPE, EACCEPTCOPY: SECINFO in RBX, a page in RCX, for the last a source page in RDX.
Outcome change_page(const Operands& at, Leaf leaf) {
  const std::uint64_t secinfo = at.get(REG_RBX), page = at.get(REG_RCX), source = at.get(REG_RDX);
  if (auto fault = at.check(secinfo, SecinfoOperand::kBytes, false)) return fault;
  if (page % kPageBytes != 0 || !at.enclave.memory().contains(page)) return kProtection;
  const auto info = parse_secinfo(at.copy(secinfo, SecinfoOperand::kBytes));
  if (!info) return kProtection;
  const PageType type = info->type;
  if (!at.enclave.added(page)) return page_fault(page, true);
  switch (leaf) {
    case Leaf::kEaccept:
      if (type != PageType::kRegular && type != PageType::kTcs && type != PageType::kTrim) return kProtection;
      if (type == PageType::kRegular && info->writes_only()) return kProtection;
      return at.answer(at.enclave.accept(page, info->flags));
    case Leaf::kEmodpe:
      if (type != PageType::kRegular || info->writes_only()) return kProtection;
      if (at.enclave.extend_permissions(page, info->flags) != Code::kOk) return page_fault(page, true);
      return {};
    default:
      if (type != PageType::kRegular || info->writes_only()) return kProtection;
      if (auto fault = at.check(source, kPageBytes, false)) return fault;
      return at.answer(at.enclave.accept_copy(page, info->flags, source));
  }
}

// RIP is RBX, RCX is the AEP; the host's FS and GS. All else is as the enclave left it.
void eexit(AdytonSgxInterrupted& interrupted, gregset_t& registers) {
  ThreadSlot& slot = *interrupted.slot;
  registers[REG_RIP] = registers[REG_RBX];
  registers[REG_RCX] = static_cast<greg_t>(slot.aep);
  interrupted.fs = slot.host_fs;
  interrupted.gs = slot.host_gs;
  interrupted.selector = 0;
  slot.inside = 0;
  slot.busy->store(0, std::memory_order_release);
}

}  // namespace

std::optional<Exception> execute_enclu(AdytonSgxInterrupted& interrupted, ucontext_t& context) {
  EmulatedEnclave& enclave = *interrupted.slot->enclave;
  auto& registers = context.uc_mcontext.gregs;
  const Operands at{enclave, registers};
  const auto leaf = static_cast<Leaf>(static_cast<std::uint32_t>(at.get(REG_RAX)));
  if (leaf == Leaf::kEexit) {
    eexit(interrupted, registers);
    return {};
  }
  Outcome outcome = kProtection;  // EENTER and ERESUME inside an enclave, and leaves that there are none of
  switch (leaf) {
    case Leaf::kEreport: outcome = ereport(at); break;
    case Leaf::kEgetkey: outcome = egetkey(at); break;
    case Leaf::kEaccept:
    case Leaf::kEmodpe:
    case Leaf::kEacceptcopy: outcome = change_page(at, leaf); break;
    default: break;
  }
  if (!outcome) registers[REG_RIP] += kEncluBytes;
  return outcome;
}

}  // namespace adyton::sgx
