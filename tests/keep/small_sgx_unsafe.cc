// SPDX-License-Identifier: Apache-2.0
#include "keep/small_sgx.h"

#include <elf.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <bit>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "keep/exception.h"

extern "C" {
int small_sgx_enter(adyton::SgxRegisters*, std::uint64_t tcs, std::uint32_t leaf);
extern const char small_sgx_exited[], small_sgx_interrupted[], small_sgx_restorer[], small_sgx_restorer_end[];
}

namespace adyton {
namespace {

using keep::GprSgx;
constexpr std::uint64_t kPage = 4096, kMostThreads = 64, kFrameBytes = kSsaFramePages * kPage;

struct Slot {  // a thread, and its TCS
  std::uint64_t host_fs = 0, host_gs = 0, cssa = 0;
  volatile char selector = 0;  // SYSCALL_DISPATCH_FILTER_ALLOW
  int vector = 0;
  std::uint64_t address = 0;
  alignas(64) char extended[kSsaFrames][16384];
};

struct Machine {
  std::uint64_t base = 0, size = 0, entry = 0;
  KeepConfig config{};
  std::uint64_t first_self = 0, first_tcs = 0, first_ssa = 0;
} machine;
Slot slots[kMostThreads];
thread_local volatile char* own_selector = nullptr;
std::uint64_t hostile_flags = 0;
bool hostile_control = false;

// SAFETY: this file is a processor; it reads and writes the memory and registers that the instructions would.
template <typename T>
T* at(std::uint64_t address) {
  return reinterpret_cast<T*>(address);
}
std::uint64_t number(const void* pointer) { return std::bit_cast<std::uint64_t>(pointer); }

// SAFETY: FS and GS bases are the thread's own to change; the handler gives the host's back before anything needs them.
std::uint64_t get_fs() {
  std::uint64_t v;
  asm volatile("rdfsbase %0" : "=r"(v));
  return v;
}
std::uint64_t get_gs() {
  std::uint64_t v;
  asm volatile("rdgsbase %0" : "=r"(v));
  return v;
}
// SAFETY: likewise.
void set_fs(std::uint64_t v) { asm volatile("wrfsbase %0" : : "r"(v) : "memory"); }
void set_gs(std::uint64_t v) { asm volatile("wrgsbase %0" : : "r"(v) : "memory"); }

std::uint64_t index_of(std::uint64_t address, std::uint64_t first) {
  return (address - first) / machine.config.thread_stride;
}
GprSgx& frame_of(std::uint64_t index, std::uint64_t cssa) {
  return *at<GprSgx>(machine.first_ssa + index * machine.config.thread_stride + (cssa + 1) * kFrameBytes -
                     sizeof(GprSgx));
}

void save(GprSgx& to, const greg_t* g) {
  auto v = [&](int reg) { return static_cast<std::uint64_t>(g[reg]); };
  to.rax = v(REG_RAX);
  to.rcx = v(REG_RCX);
  to.rdx = v(REG_RDX);
  to.rbx = v(REG_RBX);
  to.rsp = v(REG_RSP);
  to.rbp = v(REG_RBP);
  to.rsi = v(REG_RSI);
  to.rdi = v(REG_RDI);
  to.r8 = v(REG_R8);
  to.r9 = v(REG_R9);
  to.r10 = v(REG_R10);
  to.r11 = v(REG_R11);
  to.r12 = v(REG_R12);
  to.r13 = v(REG_R13);
  to.r14 = v(REG_R14);
  to.r15 = v(REG_R15);
  to.flags = v(REG_EFL);
  to.rip = v(REG_RIP);
}
void restore(const GprSgx& from, greg_t* g) {
  auto put = [&](int reg, std::uint64_t value) { g[reg] = static_cast<greg_t>(value); };
  put(REG_RAX, from.rax);
  put(REG_RCX, from.rcx);
  put(REG_RDX, from.rdx);
  put(REG_RBX, from.rbx);
  put(REG_RSP, from.rsp);
  put(REG_RBP, from.rbp);
  put(REG_RSI, from.rsi);
  put(REG_RDI, from.rdi);
  put(REG_R8, from.r8);
  put(REG_R9, from.r9);
  put(REG_R10, from.r10);
  put(REG_R11, from.r11);
  put(REG_R12, from.r12);
  put(REG_R13, from.r13);
  put(REG_R14, from.r14);
  put(REG_R15, from.r15);
  put(REG_EFL, from.flags);
  put(REG_RIP, from.rip);
}
std::uint32_t extended_bytes(ucontext_t* context) {
  std::uint32_t size = 0;  // struct _fpx_sw_bytes at 464: magic, extended size, features (8), xstate size
  std::memcpy(&size, reinterpret_cast<char*>(context->uc_mcontext.fpregs) + 464 + 16, 4);  // SAFETY: the kernel's frame
  return size <= sizeof(Slot::extended[0]) ? size : 512;
}

void set_control(ucontext_t* context, std::uint16_t word, std::uint32_t mxcsr) {
  context->uc_mcontext.fpregs->cwd = word;
  context->uc_mcontext.fpregs->mxcsr = mxcsr;
  // SAFETY: the header of the kernel's XSAVE area: these two components are not in their initial state.
  *reinterpret_cast<std::uint64_t*>(reinterpret_cast<char*>(context->uc_mcontext.fpregs) + 512) |= 3;
}

[[noreturn]] void die(const char* what, std::uint64_t where) {
  std::fprintf(stderr, "small SGX: %s at %#lx\n", what, where);
  std::abort();
}

void in_host(const Slot& slot) {
  set_fs(slot.host_fs);
  set_gs(slot.host_gs);
}

void interrupt(ucontext_t* context, std::uint64_t index, int vector, std::uint64_t address) {
  Slot& slot = slots[index];
  if (slot.cssa == kSsaFrames) die("no state save area frame left", 0);
  greg_t* g = context->uc_mcontext.gregs;
  GprSgx& frame = frame_of(index, slot.cssa);
  frame.fs_base = get_fs();
  save(frame, g);
  frame.exit_info = vector == 6 ? 0x80000306U : 0;
  std::memcpy(slot.extended[slot.cssa], context->uc_mcontext.fpregs, extended_bytes(context));
  ++slot.cssa;
  in_host(slot);
  slot.vector = vector;
  slot.address = address;
  g[REG_RIP] = static_cast<greg_t>(number(small_sgx_interrupted));
  g[REG_RSP] = static_cast<greg_t>(frame.outside_rsp);
  g[REG_RBP] = static_cast<greg_t>(frame.outside_rbp);
}

void enter(ucontext_t* context, std::uint64_t tcs, bool resume) {
  greg_t* g = context->uc_mcontext.gregs;
  const std::uint64_t index = index_of(tcs, machine.first_tcs);
  Slot& slot = slots[index];
  slot.host_fs = get_fs();
  slot.host_gs = get_gs();
  const auto rsp = static_cast<std::uint64_t>(g[REG_RSP]), rbp = static_cast<std::uint64_t>(g[REG_RBP]);
  if (resume) --slot.cssa;
  GprSgx& frame = frame_of(index, slot.cssa);
  frame.outside_rsp = rsp;
  frame.outside_rbp = rbp;
  const std::uint64_t self = machine.first_self + index * machine.config.thread_stride;
  if (resume) {
    restore(frame, g);
    std::memcpy(context->uc_mcontext.fpregs, slot.extended[slot.cssa], extended_bytes(context));
    set_fs(frame.fs_base);
  } else {
    g[REG_RAX] = static_cast<greg_t>(slot.cssa);
    g[REG_RCX] = static_cast<greg_t>(number(small_sgx_exited));
    g[REG_RIP] = static_cast<greg_t>(machine.entry);
    g[REG_EFL] |= static_cast<greg_t>(hostile_flags);
    if (hostile_control) set_control(context, 0, 0);
    set_fs(self);
  }
  set_gs(self);
  slot.selector = SYSCALL_DISPATCH_FILTER_BLOCK;
}

void handler(int signal, siginfo_t* info, void* data) {
  auto* context = static_cast<ucontext_t*>(data);
  greg_t* g = context->uc_mcontext.gregs;
  const auto rip = static_cast<std::uint64_t>(g[REG_RIP]);
  const std::uint64_t gs = get_gs();
  const bool inside = gs >= machine.base && gs - machine.base < machine.size;
  const bool enclu = signal == SIGILL && std::memcmp(at<void>(rip), "\x0f\x01\xd7", 3) == 0;
  if (!inside) {
    if (!enclu) die("an exception outside the enclave", rip);
    enter(context, static_cast<std::uint64_t>(g[REG_RBX]), g[REG_RAX] == 3);
    return;
  }
  const std::uint64_t index = index_of(gs, machine.first_self);
  Slot& slot = slots[index];
  slot.selector = SYSCALL_DISPATCH_FILTER_ALLOW;
  if (enclu) {
    if (g[REG_RAX] != 4) die("another leaf than EEXIT in the enclave", rip);
    in_host(slot);
    g[REG_EFL] &= ~static_cast<greg_t>(hostile_flags);  // a refusal leaves them as they were
    if (hostile_control) set_control(context, 0x37f, 0x1f80);
    const GprSgx& frame = frame_of(index, slot.cssa);
    if (static_cast<std::uint64_t>(g[REG_RSP]) != frame.outside_rsp) die("EEXIT without the host's stack", rip);
    g[REG_RIP] = g[REG_RBX];
    g[REG_RCX] = static_cast<greg_t>(number(small_sgx_interrupted));
    return;
  }
  if (signal == SIGSYS) {
    g[REG_RIP] -= 2;
    g[REG_RAX] = info->si_syscall;
    interrupt(context, index, 6, rip - 2);
  } else if (signal == SIGILL) {
    interrupt(context, index, 6, rip);
  } else if (signal == SIGFPE) {
    interrupt(context, index, 0, rip);
  } else {
    interrupt(context, index, 14, number(info->si_addr));
  }
}

// SAFETY: sigaction(2) itself, because the C library would put its own return in, which dispatch would catch.
void catch_signal(int signal) {
  struct {
    std::uint64_t handler, flags, restorer, mask;
  } action{std::bit_cast<std::uint64_t>(&handler), SA_SIGINFO | SA_ONSTACK | SA_NODEFER | 0x04000000U,
           number(small_sgx_restorer), 0};
  if (syscall(SYS_rt_sigaction, signal, &action, nullptr, 8) != 0) die("sigaction", 0);
}

void prepare_thread(Slot& slot) {
  own_selector = &slot.selector;
  constexpr std::size_t kStack = 128 * 1024;
  stack_t stack{.ss_sp = std::malloc(kStack), .ss_flags = 0, .ss_size = kStack};
  if (sigaltstack(&stack, nullptr) != 0) die("sigaltstack", 0);
  if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, number(small_sgx_restorer),
            small_sgx_restorer_end - small_sgx_restorer, &slot.selector) != 0) {
    die("Syscall User Dispatch", 0);
  }
}

class SmallEnclave final : public SgxEnclave {
 public:
  ~SmallEnclave() override { munmap(at<void>(machine.base), machine.size); }
  [[nodiscard]] std::uint64_t base() const override { return machine.base; }
  Result<void> add(const SgxPages&) override { return {}; }
  Result<void> initialise(const Sigstruct&) override { return {}; }
  Result<SgxEntryEnd> enter(std::uint64_t tcs_offset, SgxLeaf leaf, const SgxRegisters& registers) override {
    const std::uint64_t tcs = machine.base + tcs_offset;
    Slot& slot = slots[index_of(tcs, machine.first_tcs)];
    if (own_selector != &slot.selector) prepare_thread(slot);
    SgxEntryEnd end{.registers = registers};
    if (small_sgx_enter(&end.registers, tcs, static_cast<std::uint32_t>(leaf)) != 0) {
      end.function = leaf;
      end.exception_vector = static_cast<std::uint16_t>(slot.vector);
      end.exception_address = slot.address;
    }
    return end;
  }
};

std::uint64_t rounded(std::uint64_t bytes) { return (bytes + kPage - 1) & ~(kPage - 1); }

}  // namespace

void set_hostile_registers(std::uint64_t flags, bool wild_control) {
  hostile_flags = flags;
  hostile_control = wild_control;
}

SmallSgx load_small_sgx(BytesView elf, const LaunchPlan& application, std::uint64_t heap_bytes, std::uint64_t threads) {
  Elf64_Ehdr header{};
  std::memcpy(&header, elf.data(), sizeof(header));
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  std::memcpy(segments.data(), elf.data() + header.e_phoff, segments.size() * sizeof(Elf64_Phdr));

  KeepConfig& config = machine.config = {};
  config.magic = KeepConfig::kMagic;
  for (const Elf64_Phdr& segment : segments) config.keep_bytes = rounded(segment.p_vaddr + segment.p_memsz);
  const std::uint64_t config_offset = config.keep_bytes;
  config.app_offset = config_offset + 2 * kPage;
  const Region& last = application.regions.back();
  config.app_bytes = rounded(last.address + last.size);
  config.app_entry = application.entry;
  Elf64_Ehdr app{};
  std::memcpy(&app, application.executable.data(), sizeof(app));
  config.app_headers = app.e_phoff;
  config.app_header_count = app.e_phnum;
  config.heap_offset = config.app_offset + config.app_bytes;
  config.heap_bytes = heap_bytes;
  config.threads_offset = config.heap_offset + heap_bytes;
  constexpr std::uint64_t kSelf = 1 + kKeepStackPages + 1, kTcs = kSelf + 1, kSsa = kTcs + 1;
  config.thread_stride = (kSsa + kSsaFrames * kSsaFramePages + 1) * kPage;
  config.thread_count = threads;
  config.stack_bytes = 1 << 20;
  config.enclave_bytes = std::bit_ceil(config.threads_offset + threads * config.thread_stride);

  // SAFETY: fresh memory, twice the size so that an aligned half is in it; all of it may be everything, as the small
  // SGX protects nothing.
  void* memory = mmap(nullptr, 2 * config.enclave_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) die("mmap", 0);
  machine.size = config.enclave_bytes;
  machine.base = (number(memory) + machine.size - 1) & ~(machine.size - 1);
  const std::uint64_t base = machine.base;
  auto open = [&](std::uint64_t offset, std::uint64_t bytes, int protection) {
    if (mprotect(at<void>(base + offset), rounded(bytes), protection) != 0) die("mprotect", offset);
  };
  auto load = [&](std::uint64_t offset, std::uint64_t bytes, BytesView content, int protection) {
    const std::uint64_t begin = offset & ~(kPage - 1), all = offset - begin + bytes;
    open(begin, all, PROT_READ | PROT_WRITE);
    std::memcpy(at<void>(base + offset), content.data(), content.size());
    open(begin, all, protection);
  };
  for (const Elf64_Phdr& segment : segments) {
    load(
        segment.p_vaddr, segment.p_memsz, elf.subspan(segment.p_offset, segment.p_filesz),
        PROT_READ | ((segment.p_flags & PF_W) != 0 ? PROT_WRITE : 0) | ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0));
  }
  load(config_offset, sizeof(config), std::as_bytes(std::span(&config, 1)), PROT_READ);
  for (const Region& region : application.regions) {
    load(config.app_offset + region.address, region.size, region.bytes,
         PROT_READ | (region.writable ? PROT_WRITE : 0) | (region.executable ? PROT_EXEC : 0));
  }
  open(config.heap_offset, heap_bytes, PROT_READ | PROT_WRITE);
  std::memset(at<void>(base + config.heap_offset), 0xa5, 16 * kPage);  // not zero: a host might

  SmallSgx out{.enclave = std::make_unique<SmallEnclave>(), .tcs_offsets = {}, .config = config};
  for (std::uint64_t index = 0; index < threads; ++index) {
    const std::uint64_t start = config.threads_offset + index * config.thread_stride;
    KeepThread self{};
    self.config_offset = config_offset;
    self.self_offset = start + kSelf * kPage;
    self.stack_top = start + (1 + kKeepStackPages) * kPage;
    self.tcs_offset = start + kTcs * kPage;
    self.ssa_offset = start + kSsa * kPage;
    self.index = index;
    open(start + kPage, kKeepStackPages * kPage, PROT_READ | PROT_WRITE);
    open(start + kSelf * kPage, (2 + kSsaFrames * kSsaFramePages) * kPage, PROT_READ | PROT_WRITE);
    std::memcpy(at<void>(base + self.self_offset), &self, sizeof(self));
    out.tcs_offsets.push_back(self.tcs_offset);
    slots[index].cssa = 0;
  }
  machine.first_self = base + config.threads_offset + kSelf * kPage;
  machine.first_tcs = machine.first_self + kPage;
  machine.first_ssa = machine.first_tcs + kPage;
  machine.entry = base + header.e_entry;
  for (const int signal : {SIGILL, SIGSYS, SIGSEGV, SIGFPE}) catch_signal(signal);
  return out;
}

}  // namespace adyton
