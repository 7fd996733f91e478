// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <cpuid.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/zeros.h"
#include "platform/sgx_emulator/exits.h"
#include "platform/sgx_emulator/signals.h"

namespace adyton::sgx {
namespace {

// The XSAVE area's standard form (SDM volume 1, chapter 13): legacy region, header, components at offsets of CPUID 0DH.
constexpr std::size_t kLegacyBytes = 512, kHeaderBytes = 64, kMxcsrOffset = 24, kMxcsrMaskOffset = 28;
constexpr std::uint32_t kInitialMxcsr = 0x1f80;
constexpr std::uint16_t kInitialControlWord = 0x37f;
// struct _fpx_sw_bytes of Linux, in the legacy region's last bytes of a signal frame.
constexpr std::size_t kSoftwareOffset = 464, kSoftwareSizeOffset = 480;
constexpr std::uint32_t kSoftwareMagic = 0x46505853;

struct Component {
  std::uint32_t offset = 0, size = 0;
};

const std::array<Component, 64>& components() {
  static const std::array<Component, 64> kAll = [] {
    std::array<Component, 64> out;
    for (unsigned i = 2; i < 63; ++i) {
      unsigned size = 0, offset = 0, ecx = 0, edx = 0;
      if (__get_cpuid_count(0xd, i, &size, &offset, &ecx, &edx) != 0 && (ecx & 1) == 0) out[i] = {offset, size};
    }
    return out;
  }();
  return kAll;
}

// The extended state of a signal frame, empty if there is none. Its size is told by the kernel in the frame.
std::span<std::byte> frame_state(ucontext_t& context) {
  auto* const start = static_cast<std::byte*>(static_cast<void*>(context.uc_mcontext.fpregs));
  if (start == nullptr) return {};
  const BytesView legacy(start, kLegacyBytes);
  if (load_le<std::uint32_t>(legacy, kSoftwareOffset) != kSoftwareMagic) return {};
  return {start, load_le<std::uint32_t>(legacy, kSoftwareSizeOffset)};
}

// Copies the components of `features` that `from` has; those that it has not become initial. Both in standard form,
// `to` perhaps with more features, which stay.
void copy_state(std::span<std::byte> to, BytesView from, std::uint64_t features) {
  const std::uint64_t present = load_le<std::uint64_t>(from, kLegacyBytes) & features;
  const std::uint64_t kept = load_le<std::uint64_t>(to, kLegacyBytes) & ~features;
  std::ranges::copy(from.first(kSoftwareOffset), to.begin());
  for (unsigned i = 2; i < 63; ++i) {
    const auto [offset, size] = components()[i];
    if ((present >> i & 1) == 0 || !in_bounds(offset, size, from.size()) || !in_bounds(offset, size, to.size()))
      continue;
    std::ranges::copy(from.subspan(offset, size), to.begin() + offset);
  }
  store_le(to, kLegacyBytes, kept | present);
}

// What each component of `features` is after reset.
void initialise_state(std::span<std::byte> state, std::uint64_t features) {
  std::ranges::fill(state.first(kSoftwareOffset), std::byte{0});
  store_le(state, 0, kInitialControlWord);
  store_le(state, kMxcsrOffset, kInitialMxcsr);
  store_le(state, kLegacyBytes, load_le<std::uint64_t>(state, kLegacyBytes) & ~features);
}

// greg of the context and member of GPRSGX.
struct Register {
  int greg;
  std::uint64_t GprSgx::* member;
};
constexpr std::array<Register, 18> kRegisters = {{{REG_RAX, &GprSgx::rax},
                                                  {REG_RCX, &GprSgx::rcx},
                                                  {REG_RDX, &GprSgx::rdx},
                                                  {REG_RBX, &GprSgx::rbx},
                                                  {REG_RSP, &GprSgx::rsp},
                                                  {REG_RBP, &GprSgx::rbp},
                                                  {REG_RSI, &GprSgx::rsi},
                                                  {REG_RDI, &GprSgx::rdi},
                                                  {REG_R8, &GprSgx::r8},
                                                  {REG_R9, &GprSgx::r9},
                                                  {REG_R10, &GprSgx::r10},
                                                  {REG_R11, &GprSgx::r11},
                                                  {REG_R12, &GprSgx::r12},
                                                  {REG_R13, &GprSgx::r13},
                                                  {REG_R14, &GprSgx::r14},
                                                  {REG_R15, &GprSgx::r15},
                                                  {REG_RIP, &GprSgx::rip},
                                                  {REG_EFL, &GprSgx::rflags}}};

std::span<std::byte> xsave_area(const EmulatedEnclave& enclave, const Thread& thread, std::uint32_t frame) {
  return enclave.memory().bytes(thread.fields.ossa + frame * enclave.frame_bytes(),
                                xsave_bytes(enclave.secs().attributes.xfrm));
}

// EXITINFO: only of these vectors, and of faults only where MISCSELECT has EXINFO (table "Exception Vectors").
std::uint32_t exit_info_of(const Exception& exception, bool with_faults) {
  constexpr std::uint32_t kReported = 1u << 0 | 1u << 1 | 1u << 3 | 1u << 5 | 1u << 6 | 1u << 16 | 1u << 17 | 1u << 19;
  constexpr std::uint32_t kFaults = 1u << 13 | 1u << 14;
  const std::uint32_t reported = kReported | (with_faults ? kFaults : 0);
  if (exception.vector > 31 || (reported >> exception.vector & 1) == 0) return 0;
  return exit_info(exception.vector, exception.vector == kBreakpoint ? 6 : 3);
}

}  // namespace

std::size_t xsave_bytes(std::uint64_t xfrm) {
  std::size_t out = kLegacyBytes + kHeaderBytes;
  for (unsigned i = 2; i < 63; ++i) {
    if ((xfrm >> i & 1) != 0) out = std::max<std::size_t>(out, components()[i].offset + components()[i].size);
  }
  return out;
}

std::uint64_t enabled_xfrm() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kOsXsave = 1u << 27;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kOsXsave) == 0) return 0;
  std::uint32_t low = 0, high = 0;
  // SAFETY: reads XCR0, which OSXSAVE says can be read.
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const std::uint64_t all = static_cast<std::uint64_t>(high) << 32 | low;
  // What would not fit in a slot is not offered.
  std::uint64_t out = 0;
  for (unsigned i = 0; i < 63; ++i) {
    if ((all >> i & 1) != 0 && xsave_bytes(out | 1ull << i) <= kMaxXstateBytes) out |= 1ull << i;
  }
  return out;
}

GprSgx* gpr_of(const EmulatedEnclave& enclave, const Thread& thread, std::uint32_t frame) {
  return enclave.memory().at<GprSgx>(enclave.secs().base + thread.fields.ossa + (frame + 1) * enclave.frame_bytes() -
                                     sizeof(GprSgx));
}

// CF, PF, AF, ZF, SF, DF, OF, NT, AC, ID; TF is not for enclaves that are not debugged instruction by instruction.
std::uint64_t resumed_flags(std::uint64_t saved) {
  constexpr std::uint64_t kTaken = 0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x400 | 0x800 | 0x40000 | 0x200000;
  constexpr std::uint64_t kGiven = 0x202;
  return (saved & kTaken) | kGiven;
}

Result<void> check_xstate(std::span<std::byte> area, std::uint64_t xfrm) {
  if ((load_le<std::uint64_t>(area, kLegacyBytes) & ~xfrm) != 0)
    return invalid("#GP: the saved state has features that XFRM has not");
  if (!all_zero(area.subspan(kLegacyBytes + 8, kHeaderBytes - 8)))
    return invalid("#GP: the saved state's header has reserved bits set");
  const auto mask = load_le<std::uint32_t>(area, kMxcsrMaskOffset);
  if ((load_le<std::uint32_t>(area, kMxcsrOffset) & ~(mask != 0 ? mask & 0xffff : 0xffbf)) != 0)
    return invalid("#GP: the saved MXCSR has reserved bits set");
  return {};
}

Result<void> load_state(ThreadSlot& slot, Thread& thread, std::uint32_t frame) {
  static const std::uint64_t kEnabled = enabled_xfrm();  // CPUID leaves a virtual machine
  const std::uint64_t xfrm = slot.enclave->secs().attributes.xfrm;
  alignas(64) std::array<std::byte, kMaxXstateBytes> area;
  const std::span<std::byte> saved = xsave_area(*slot.enclave, thread, frame);
  std::ranges::copy(saved, area.begin());
  TRY(check_xstate(std::span(area).first(saved.size()), xfrm));
  slot.xfrm = xfrm | kEnabled;
  const std::span<std::byte> state(slot.xstate), kept = thread.kept(frame);
  const std::size_t bytes = xsave_bytes(slot.xfrm);
  std::ranges::fill(state.first(kLegacyBytes + kHeaderBytes), std::byte{0});
  if (!kept.empty()) std::ranges::copy(kept.first(bytes), state.begin());
  copy_state(state.first(bytes), std::span(area).first(saved.size()), xfrm);
  return {};
}

Result<SgxEntryEnd> run(ThreadSlot& slot, void (*how)(ThreadSlot*)) {
  const EmulatedEnclave& enclave = *slot.enclave;
  if (enclave.options().rdtsc_faults) TRY(set_tsc(false));
  how(&slot);
  if (enclave.options().rdtsc_faults) TRY(set_tsc(true));
  if (slot.ended != 0) return slot.end;
  return SgxEntryEnd{
      .function = SgxLeaf::kEexit,
      .registers = {
          .rdi = slot.gpr.rdi, .rsi = slot.gpr.rsi, .rdx = slot.gpr.rdx, .r8 = slot.gpr.r8, .r9 = slot.gpr.r9}};
}

void leave_asynchronously(AdytonSgxInterrupted& interrupted, ucontext_t& context,
                          const std::optional<Exception>& exception) {
  ThreadSlot& slot = *interrupted.slot;
  const EmulatedEnclave& enclave = *slot.enclave;
  Thread& thread = *slot.thread;
  const std::uint64_t xfrm = enclave.secs().attributes.xfrm;
  GprSgx& saved = *gpr_of(enclave, thread, thread.cssa);
  auto& registers = context.uc_mcontext.gregs;
  for (const Register& one : kRegisters) saved.*one.member = static_cast<std::uint64_t>(registers[one.greg]);
  saved.fs_base = interrupted.fs;
  saved.gs_base = interrupted.gs;
  const bool tells_faults = (enclave.secs().misc_select & kMiscExinfo) != 0;
  saved.exit_info = exception ? exit_info_of(*exception, tells_faults) : 0;
  if (exception && tells_faults && (exception->vector == kPageFault || exception->vector == kGeneralProtection)) {
    const ExInfo info{exception->address, exception->error_code, 0};
    // SAFETY: MISC lies directly below GPRSGX in the same frame.
    std::memcpy(reinterpret_cast<std::byte*>(&saved) - sizeof(info), &info, sizeof(info));
  }

  const std::span<std::byte> area = xsave_area(enclave, thread, thread.cssa);
  std::ranges::fill(area.first(kLegacyBytes + kHeaderBytes), std::byte{0});
  const std::span<std::byte> kept = thread.kept(thread.cssa);
  if (!kept.empty()) std::ranges::fill(kept.first(kLegacyBytes + kHeaderBytes), std::byte{0});
  if (const auto state = frame_state(context); !state.empty()) {
    copy_state(area, state, xfrm);
    if (state.size() <= kept.size()) std::ranges::copy(state, kept.begin());
    initialise_state(state, xfrm);
  }

  // Synthetic state (SDM 3D, "Processor Synthetic State on Asynchronous Enclave Exit"): ERESUME, the TCS and the AEP;
  // the host's stack; of the flags CF, PF, AF, ZF, SF, OF and RF clear, and TF, which is the host's, the others
  // unchanged.
  constexpr std::uint64_t kCleared = 0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x800 | 0x10000 | 0x100;
  for (const Register& one : kRegisters) registers[one.greg] = 0;
  registers[REG_RAX] = static_cast<greg_t>(Leaf::kEresume);
  registers[REG_RBX] = static_cast<greg_t>(enclave.secs().base + thread.offset);
  registers[REG_RCX] = static_cast<greg_t>(slot.aep);
  registers[REG_RIP] = static_cast<greg_t>(slot.aep);
  registers[REG_RSP] = static_cast<greg_t>(saved.ursp);
  registers[REG_RBP] = static_cast<greg_t>(saved.urbp);
  registers[REG_EFL] = static_cast<greg_t>(saved.rflags & ~kCleared);
  interrupted.fs = slot.host_fs;
  interrupted.gs = slot.host_gs;
  interrupted.selector = 0;
  slot.inside = 0;
  ++thread.cssa;
  thread.busy.store(0, std::memory_order_release);
}

bool resume_into(AdytonSgxInterrupted& interrupted, ucontext_t& context) {
  ThreadSlot& slot = *interrupted.slot;
  const EmulatedEnclave& enclave = *slot.enclave;
  Thread& thread = *slot.thread;
  const std::uint64_t xfrm = enclave.secs().attributes.xfrm;
  const auto fault = [&] {
    slot.end = {.function = SgxLeaf::kEresume, .exception_vector = kGeneralProtection};
    return false;
  };
  if (thread.busy.exchange(1, std::memory_order_acquire) != 0) return fault();
  const auto state = frame_state(context);
  if (thread.cssa == 0 || state.empty()) {
    thread.busy.store(0, std::memory_order_release);
    return fault();
  }
  GprSgx saved;
  std::memcpy(&saved, gpr_of(enclave, thread, thread.cssa - 1), sizeof(saved));
  const std::span<std::byte> area = std::span(slot.xstate).first(xsave_bytes(xfrm));
  std::ranges::copy(xsave_area(enclave, thread, thread.cssa - 1), area.begin());
  if (!check_xstate(area, xfrm)) {
    thread.busy.store(0, std::memory_order_release);
    return fault();
  }
  copy_state(state, area, xfrm);
  saved.rflags = resumed_flags(saved.rflags);
  for (const Register& one : kRegisters) {
    context.uc_mcontext.gregs[one.greg] = static_cast<greg_t>(saved.*one.member);
  }
  slot.ursp = &gpr_of(enclave, thread, thread.cssa - 1)->ursp;
  enclave.set_slot(thread, &slot);
  --thread.cssa;
  interrupted.fs = saved.fs_base;
  interrupted.gs = saved.gs_base;
  interrupted.selector = 1;
  slot.inside = 1;
  return true;
}

void return_interrupted(AdytonSgxInterrupted& interrupted, ucontext_t& context) {
  // SAFETY: the address of a function, for the context to go on at.
  context.uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&adyton_sgx_after_exception);
  interrupted.slot->end = {.function = SgxLeaf::kEresume, .interrupted = true};
}

void return_exception(AdytonSgxInterrupted& interrupted, ucontext_t& context, const Exception& exception) {
  ThreadSlot& slot = *interrupted.slot;
  // SAFETY: the address of a function, for the context to go on at.
  context.uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&adyton_sgx_after_exception);
  // The processor tells the page that faulted, not where in it.
  const bool page = exception.vector == kPageFault;
  slot.end = {.function = SgxLeaf::kEresume,  // what RAX says at the AEP
              .exception_vector = exception.vector,
              .exception_error_code = exception.error_code,
              .exception_address = page ? exception.address & ~(kPageBytes - 1) : 0};
}

}  // namespace adyton::sgx
