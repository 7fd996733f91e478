// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/illegal.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/sgx_emulator/signals.h"

namespace adyton::sgx {
namespace {

// Up to `size` bytes of code, read only from where there is code.
std::size_t read_code(const EmulatedEnclave& enclave, std::uint64_t address, std::span<std::uint8_t> out) {
  const EnclaveMemory& memory = enclave.memory();
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint64_t at = address + i;
    if (!memory.in_redirection(at) && !enclave.usable(at, kExecute)) return i;
    // SAFETY: a byte of a page that is mapped executable, and with it readable.
    out[i] = *reinterpret_cast<const std::uint8_t*>(at);
  }
  return out.size();
}

bool one_of(std::uint8_t byte, std::initializer_list<std::uint8_t> all) {
  return std::ranges::find(all, byte) != all.end();
}

}  // namespace

bool is_enclu(const EmulatedEnclave& enclave, std::uint64_t address) {
  constexpr std::array<std::uint8_t, 3> kEnclu = {0x0f, 0x01, 0xd7};
  std::array<std::uint8_t, 3> code{};
  return read_code(enclave, address, code) == code.size() && code == kEnclu;
}

bool illegal_in_enclave(const EmulatedEnclave& enclave, std::uint64_t address) {
  std::array<std::uint8_t, 15> code{};
  const std::size_t size = read_code(enclave, address, code);
  std::size_t at = 0;
  while (at < size && (one_of(code[at], {0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65}))) ++at;
  if (at < size && (code[at] & 0xf0) == 0x40) ++at;  // REX
  if (at >= size) return false;
  const std::uint8_t first = code[at];
  if (first == 0xcd || one_of(first, {0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef, 0x6c, 0x6d, 0x6e, 0x6f}))
    return true;
  if (first != 0x0f || at + 1 >= size) return false;
  const std::uint8_t second = code[at + 1];
  if (second == 0x01) return at + 2 < size && code[at + 2] == 0xf9;  // RDTSCP
  return one_of(second, {0x31, 0x33, 0xa2});                         // RDTSC, RDPMC, CPUID
}

bool cpuid_can_fault() {
  constexpr int kArchGetCpuid = 0x1011, kArchSetCpuid = 0x1012;
  // SAFETY: no memory is passed; sets what is set already.
  static const bool can =
      ::syscall(SYS_arch_prctl, kArchGetCpuid, 0) == 1 && ::syscall(SYS_arch_prctl, kArchSetCpuid, 1) == 0;
  return can;
}

bool emulate_cpuid(ucontext_t& context) {
  auto& registers = context.uc_mcontext.gregs;
  constexpr int kProtectionFault = 13;
  if (registers[REG_TRAPNO] != kProtectionFault) return false;
  std::array<std::uint8_t, 2> code{};
  // SAFETY: #GP by an instruction says that it was fetched; two bytes of it are there, as CPUID has two.
  std::memcpy(code.data(), reinterpret_cast<const void*>(registers[REG_RIP]), 1);
  if (code[0] != 0x0f) return false;
  // SAFETY: every instruction that begins with 0Fh has at least two bytes.
  std::memcpy(code.data(), reinterpret_cast<const void*>(registers[REG_RIP]), 2);
  if (code[1] != 0xa2 || !set_cpuid(true)) return false;
  unsigned a = 0, b = 0, c = 0, d = 0;
  __cpuid_count(static_cast<unsigned>(registers[REG_RAX]), static_cast<unsigned>(registers[REG_RCX]), a, b, c, d);
  (void)set_cpuid(false);
  registers[REG_RAX] = a;
  registers[REG_RBX] = b;
  registers[REG_RCX] = c;
  registers[REG_RDX] = d;
  registers[REG_RIP] += 2;
  return true;
}

}  // namespace adyton::sgx
