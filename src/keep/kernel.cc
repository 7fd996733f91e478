// SPDX-License-Identifier: Apache-2.0
#include "keep/kernel.h"

#include <elf.h>
#include <linux/mman.h>

#include "keep/extended_state.h"
#include "keep/host_files.h"
#include "keep/host_interface.h"
#include "keep/initial_stack.h"
#include "keep/shared_files.h"
#include "keep/signals.h"

namespace adyton::keep {
namespace {

// Whether [offset, offset + bytes) lies in an enclave of `size` bytes.
bool in_enclave(std::uint64_t offset, std::uint64_t bytes, std::uint64_t size) {
  return offset <= size && bytes <= size - offset;
}

// The application's segments: what its system calls may name beside the heap.
bool add_segments(Kernel& kernel) {
  const KeepConfig& config = kernel.config;
  if (!in_enclave(config.app_headers, config.app_header_count * sizeof(Elf64_Phdr), config.app_bytes)) return false;
  const auto* headers = at<const Elf64_Phdr>(kernel.base + config.app_offset + config.app_headers);
  for (std::uint64_t index = 0; index < config.app_header_count; ++index) {
    const Elf64_Phdr& header = headers[index];
    if (header.p_type != PT_LOAD) continue;
    if (!in_enclave(header.p_vaddr, header.p_memsz, config.app_bytes)) return false;
    const std::uint64_t begin = kernel.base + config.app_offset + header.p_vaddr;
    if (!kernel.user.add(page_floor(begin), page_ceiling(begin + header.p_memsz), (header.p_flags & PF_W) != 0)) {
      return false;
    }
    constexpr std::uint32_t kProtection[] = {0, PROT_EXEC, PROT_WRITE, PROT_EXEC | PROT_WRITE};
    kernel.segments[kernel.segment_count++] = {
        .begin = page_floor(begin),
        .end = page_ceiling(begin + header.p_memsz),
        .protection = kProtection[header.p_flags & 3] | ((header.p_flags & PF_R) != 0 ? PROT_READ : 0U)};
  }
  return true;
}

// Whether the application's C library has that tunable: its list of them, by name, is in the data of every static
// program of glibc 2.35 and later. An earlier one would take arenas and have no addresses for them.
bool malloc_has_huge_pages(const Kernel& kernel) {
  constexpr char kName[] = "glibc.malloc.hugetlb";
  const KeepConfig& config = kernel.config;
  const std::uint64_t app = kernel.base + config.app_offset;
  const auto* headers = at<const Elf64_Phdr>(app + config.app_headers);  // in their place, as add_segments() saw
  for (std::uint64_t index = 0; index < config.app_header_count; ++index) {
    const Elf64_Phdr& header = headers[index];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0 || header.p_filesz > header.p_memsz) continue;
    const auto* data = at<const char>(app + header.p_vaddr);
    for (std::uint64_t byte = 0; byte + sizeof(kName) <= header.p_filesz; ++byte) {
      if (data[byte] == *kName && same(data + byte, kName)) return true;
    }
  }
  return false;
}

constexpr std::uint64_t kBreakpoint = 3, kInvalidOpcode = 6, kProtectionFault = 13, kX87 = 16, kSse = 19;

// FPE_..., in the order in which Linux asks for the exceptions.
std::int32_t code_of_float(std::uint32_t raised) {
  if ((raised & 1) != 0) return 7;      // FPE_FLTINV
  if ((raised & 4) != 0) return 3;      // FPE_FLTDIV
  if ((raised & 8) != 0) return 4;      // FPE_FLTOVF
  if ((raised & 0x12) != 0) return 5;   // FPE_FLTUND
  return (raised & 0x20) != 0 ? 6 : 0;  // FPE_FLTRES
}

// si_code of a fault, as Linux gives it for the exception's vector.
std::int32_t code_of(std::uint64_t vector) {
  switch (vector) {
    case kX87:
    case kSse: return code_of_float(raised_float_exceptions(vector == kX87));
    case kBreakpoint:
    case kProtectionFault: return kSentByKernel;
    case 1:                         // TRAP_TRACE
    case kInvalidOpcode: return 2;  // ILL_ILLOPN
    default: return 1;              // FPE_INTDIV, SEGV_MAPERR, BUS_ADRALN: each signal's first
  }
}

// RDTSC does not run backwards, whatever the host says: the highest that any thread was told, at least.
std::uint64_t told_timestamp(Kernel& kernel, std::uint64_t now) {
  std::uint64_t highest = __atomic_load_n(&kernel.timestamp, __ATOMIC_RELAXED);
  while (now > highest) {
    if (__atomic_compare_exchange_n(&kernel.timestamp, &highest, now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
      return now;
    }
  }
  return highest;
}

}  // namespace

bool prepare(Kernel& kernel, std::uint64_t base, const KeepThread& self) {
  kernel.base = base;
  kernel.config_address = base + self.config_offset;
  kernel.config = *at<const KeepConfig>(kernel.config_address);
  const KeepConfig& config = kernel.config;
  const std::uint64_t size = config.enclave_bytes;
  if (config.magic != KeepConfig::kMagic || config.app_header_count > 64 ||
      !in_enclave(config.app_offset, config.app_bytes, size) || config.app_entry >= config.app_bytes ||
      !in_enclave(config.heap_offset, config.heap_bytes, size) ||
      config.thread_count > size / (config.stack_stride | 1) ||
      !in_enclave(config.stacks_offset, config.thread_count * config.stack_stride, size) ||
      config.thread_count > size / (config.thread_stride | 1) ||
      !in_enclave(config.threads_offset, config.thread_count * config.thread_stride, size) ||
      self.index >= config.thread_count || !in_enclave(config.manifest_offset, config.manifest_bytes, size)) {
    return false;
  }
  kernel.manifest = MeasuredManifest(at<const void>(base + config.manifest_offset), config.manifest_bytes);
  const std::uint64_t heap = base + config.heap_offset;
  if (!add_segments(kernel) || !kernel.memory.initialise(heap, heap + config.heap_bytes) ||
      !kernel.user.add(kernel.memory.begin(), kernel.memory.end(), true) ||
      !kernel.stacks.initialise(base + config.stacks_offset, config.stack_stride, config.stack_bytes,
                                config.thread_count)) {
    return false;
  }
  kernel.user.add_stacks(kernel.stacks);
  kernel.threads.initialise(base + self.self_offset - self.index * config.thread_stride, config.thread_stride,
                            config.thread_count);
  kernel.cpuid.initialise(config.xfrm, enabled_state());
  kernel.descriptors.initialise();
  return kernel.files.initialise(kernel.memory, kernel.memory_lock);
}

std::uint64_t start_application(Kernel& kernel, ThreadState& thread, std::uint64_t string_bytes,
                                std::uint64_t argument_count, std::uint64_t environment_count) {
  const KeepConfig& config = kernel.config;
  const std::uint64_t app = kernel.base + config.app_offset;
  const std::uint64_t arenas = kernel.manifest.malloc_arenas();
  if (arenas > 1 && malloc_has_huge_pages(kernel)) kernel.arenas = malloc_arenas(config.heap_bytes, arenas);
  InitialStack stack{.begin = kernel.stacks.stack(0),
                     .end = kernel.stacks.stack(0) + config.stack_bytes,
                     .strings = 0,
                     .string_bytes = string_bytes,
                     .argument_count = argument_count,
                     .environment_count = environment_count,
                     .program_headers = app + config.app_headers,
                     .program_header_count = config.app_header_count,
                     .entry = app + config.app_entry,
                     .config = kernel.config_address,
                     .signal_frame_bytes = signal_frame_bytes(),
                     .manifest = kernel.manifest,
                     .arenas = kernel.arenas};
  if (string_bytes <= HostPage::kDataBytes && string_bytes <= config.stack_bytes / 4) {
    stack.strings = stack.end - string_bytes;
    copy_from_host(at<void>(stack.strings), thread.host_page, string_bytes);
  }
  if (stack.strings == 0 || !check_strings(stack)) {
    // What the host gave is no reason to fail for ever, but the enclave is started only once.
    return static_cast<std::uint64_t>(KeepFailure::kArguments);
  }
  kernel.arguments = stack.strings;
  for (std::uint64_t left = argument_count; left > 0; ++kernel.argument_bytes) {
    left -= at<const char>(stack.strings)[kernel.argument_bytes] == 0 ? 1 : 0;
  }
  __builtin_memcpy(thread.name, "enclave", 8);
  const std::uint64_t top = build_initial_stack(stack);
  if (top == 0) return static_cast<std::uint64_t>(KeepFailure::kRandom);
  kernel.host_memory.ask(kernel.base, config.enclave_bytes);
  if (kernel.host_memory.bytes() != 0) {
    const OpenFile memory{.kind = FileKind::kHostMemory, .readable = true, .writable = true};
    if (kernel.descriptors.open(memory, true) != HostMemory::kDescriptor) {
      return static_cast<std::uint64_t>(KeepFailure::kMemory);
    }
  }
  if (!add_shared_entries(kernel)) return static_cast<std::uint64_t>(KeepFailure::kMemory);
  list_host_files(kernel);
  kernel.traced = config.debug == 1 && ask_host(KeepRequest::kTrace).result == 1;
  thread.frame = {};
  thread.frame.rsp = top;
  thread.frame.rip = stack.entry;
  thread.frame.flags = 0x202;
  return 0;
}

void answer_trap(Kernel& kernel, ThreadState& thread) {
  Frame& frame = thread.frame;
  switch (thread.trap) {
    case Trap::kCpuid: {
      const CpuidAnswer answer =
          kernel.cpuid.get(static_cast<std::uint32_t>(frame.rax), static_cast<std::uint32_t>(frame.rcx));
      frame.rax = answer.eax;
      frame.rbx = answer.ebx;
      frame.rcx = answer.ecx;
      frame.rdx = answer.edx;
      return;
    }
    case Trap::kTimestampAndId: frame.rcx = 0; [[fallthrough]];
    case Trap::kTimestamp: {
      const std::uint64_t now = told_timestamp(kernel, ask_host(KeepRequest::kTimestamp).result);
      frame.rax = now & 0xffffffff;
      frame.rdx = now >> 32;
      return;
    }
    case Trap::kInterrupt: attend(kernel, thread); return;
    default: break;
  }
  raise_fault(kernel, thread,
              {.number = thread.signal,
               .code = code_of(thread.signal_trap),
               .address = thread.signal_trap == kBreakpoint ? 0 : thread.signal_address,
               .trap = thread.signal_trap,
               .error = thread.signal_error});
}

void end_application(Kernel& kernel, ThreadState& thread, KeepExit exit, std::uint64_t a, std::uint64_t b) {
  __atomic_store_n(&kernel.ended, 1, __ATOMIC_SEQ_CST);
  thread.set_phase(ThreadPhase::kEnded);
  leave(exit, a, b);
}

}  // namespace adyton::keep
