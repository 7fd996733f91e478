// SPDX-License-Identifier: Apache-2.0
#include <asm/errno.h>
#include <asm/prctl.h>
#include <linux/prctl.h>
#include <linux/resource.h>

#include "keep/calls.h"
#include "keep/host_interface.h"
#include "keep/random.h"

namespace adyton::keep {
namespace {

// linux/utsname.h: new_utsname
struct SystemName {
  char system[65], node[65], release[65], version[65], machine[65], domain[65];
};

void set(char (&to)[65], const char* text) {
  __builtin_memset(to, 0, sizeof(to));
  __builtin_memcpy(to, text, length_of(text));
}

struct Limit {
  std::uint64_t soft, hard;
};

struct SystemInfo {  // linux/sysinfo.h
  std::int64_t uptime;
  std::uint64_t loads[3], total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
  std::uint16_t processes, pad;
  std::uint64_t total_high, free_high;
  std::uint32_t unit;
};

// The processors that there are, as the host said when it was first asked, or the first alone if it said none: whoever
// makes something for each of them is told of no others later.
std::uint64_t processors_of(Kernel& kernel) {
  std::uint64_t known = __atomic_load_n(&kernel.processors, __ATOMIC_RELAXED);
  if (known != 0) return known;
  std::uint64_t told = ask_host(KeepRequest::kAffinity).result;
  if (told == 0) told = 1;
  const bool first =
      __atomic_compare_exchange_n(&kernel.processors, &known, told, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return first ? told : known;
}

// That processor, if it is one of `all`, or else the next that is.
std::uint32_t one_within(std::uint64_t all, std::uint32_t processor) {
  const std::uint32_t from = processor % 64;
  const std::uint64_t turned = from == 0 ? all : all >> from | all << (64 - from);
  return (from + static_cast<std::uint32_t>(__builtin_ctzll(turned))) % 64;
}

}  // namespace

std::int64_t call_arch_prctl(Kernel& kernel, std::uint64_t code, std::uint64_t address) {
  switch (code) {
    case ARCH_SET_FS:
      if (address >> 47 != 0) return -EPERM;
      set_fs_base(address);
      return 0;
    case ARCH_GET_FS: {
      auto* to = kernel.user.out<std::uint64_t>(address);
      if (to == nullptr) return -EFAULT;
      *to = fs_base();
      return 0;
    }
    default: return -EINVAL;  // GS is the keep kernel's
  }
}

std::int64_t call_uname(Kernel& kernel, std::uint64_t buffer) {
  auto* name = kernel.user.out<SystemName>(buffer);
  if (name == nullptr) return -EFAULT;
  set(name->system, "Linux");
  set(name->node, "enclave");
  set(name->release, "6.1.0-adyton");
  set(name->version, "Adyton keep kernel");
  set(name->machine, "x86_64");
  set(name->domain, "(none)");
  return 0;
}

namespace {

// As the manifest has it.
Limit measured_limit(const Kernel& kernel, std::uint64_t resource) {
  switch (resource) {
    case RLIMIT_STACK: return {kernel.config.stack_bytes, kernel.config.stack_bytes};
    case RLIMIT_NOFILE: return {Descriptors::kMost, Descriptors::kMost};
    case RLIMIT_CORE: return {0, 0};
    case RLIMIT_AS:
    case RLIMIT_DATA: return {kernel.config.heap_bytes, kernel.config.heap_bytes};
    case RLIMIT_NPROC: return {kernel.config.thread_count, kernel.config.thread_count};
    default: return {~std::uint64_t{0}, ~std::uint64_t{0}};
  }
}

}  // namespace

// They can be lowered, and the soft one be raised again: that of descriptors is heeded, the others are only told.
std::int64_t call_prlimit(Kernel& kernel, const Frame& frame) {
  const std::uint64_t process = frame.rdi, resource = frame.rsi, new_limit = frame.rdx, old_limit = frame.r10;
  if (process != 0 && process != kProcess) return -ESRCH;
  if (resource >= RLIM_NLIMITS) return -EINVAL;
  Limit wanted{};
  if (new_limit != 0) {
    const auto* given = kernel.user.in<Limit>(new_limit);
    if (given == nullptr) return -EFAULT;
    wanted = *given;
    if (wanted.soft > wanted.hard) return -EINVAL;
  }
  auto* to = old_limit != 0 ? kernel.user.out<Limit>(old_limit) : nullptr;
  if (old_limit != 0 && to == nullptr) return -EFAULT;
  Limit before{};
  {
    const Locked locked(kernel.memory_lock);
    Kernel::Limited& kept = kernel.limits[resource];
    before = kept.lowered ? Limit{kept.soft, kept.hard} : measured_limit(kernel, resource);
    if (new_limit != 0 && wanted.hard > before.hard) return -EPERM;
    if (new_limit != 0) kept = {wanted.soft, wanted.hard, true};
  }
  if (new_limit != 0 && resource == RLIMIT_NOFILE) kernel.descriptors.limit(wanted.soft);
  if (to != nullptr) *to = before;
  return 0;
}

std::int64_t call_getrandom(Kernel& kernel, std::uint64_t buffer, std::uint64_t bytes, std::uint64_t flags) {
  if ((flags & ~std::uint64_t{7}) != 0) return -EINVAL;
  constexpr std::uint64_t kMost = 0x1ffffff;  // as Linux gives at once
  if (bytes > kMost) bytes = kMost;
  if (bytes == 0) return 0;
  if (!kernel.user.writable(buffer, bytes)) return -EFAULT;
  return fill_random(at<void>(buffer), bytes) ? static_cast<std::int64_t>(bytes) : -EIO;
}

std::int64_t call_sched_getaffinity(Kernel& kernel, const Frame& frame) {
  const std::uint64_t bytes = frame.rsi;
  if (bytes < 8 || bytes % 8 != 0) return -EINVAL;
  auto* mask = kernel.user.out<std::uint64_t>(frame.rdx);
  if (mask == nullptr) return -EFAULT;
  const std::uint64_t all = processors_of(kernel), told = ask_host(KeepRequest::kAffinity).result & all;
  *mask = told != 0 ? told : all;
  return 8;
}

std::int64_t call_sched_setaffinity(Kernel& kernel, const ThreadState& thread, const Frame& frame) {
  if (frame.rdi != 0 && frame.rdi != thread.thread_id) return -ESRCH;
  if (frame.rsi < 8) return -EINVAL;
  const auto* mask = kernel.user.in<std::uint64_t>(frame.rdx);
  if (mask == nullptr) return -EFAULT;
  const std::uint64_t wanted = *mask & processors_of(kernel);
  if (wanted == 0) return -EINVAL;
  return ask_host(KeepRequest::kAffinity, wanted).result != 0 ? 0 : -EINVAL;
}

std::int64_t call_getcpu(Kernel& kernel, std::uint64_t processor, std::uint64_t node) {
  constexpr std::uint32_t kRdpid = 1U << 22;  // CPUID leaf 7, ECX
  const bool by_instruction = (kernel.cpuid.get(7, 0).ecx & kRdpid) != 0;
  // The kernel keeps the processor in the low 12 bits of what RDPID tells: the host's word, too.
  const std::uint64_t told = (by_instruction ? read_processor_id() : ask_host(KeepRequest::kProcessor).result) & 0xfff;
  auto* processor_out = processor != 0 ? kernel.user.out<std::uint32_t>(processor) : nullptr;
  auto* node_out = node != 0 ? kernel.user.out<std::uint32_t>(node) : nullptr;
  if ((processor != 0 && processor_out == nullptr) || (node != 0 && node_out == nullptr)) return -EFAULT;
  if (processor_out != nullptr) *processor_out = one_within(processors_of(kernel), static_cast<std::uint32_t>(told));
  if (node_out != nullptr) *node_out = 0;
  return 0;
}

std::int64_t call_sysinfo(Kernel& kernel, std::uint64_t buffer) {
  auto* info = kernel.user.out<SystemInfo>(buffer);
  if (info == nullptr) return -EFAULT;
  *info = {};
  const HeapUse use = heap_use(kernel);
  info->total_ram = use.bytes;
  info->free_ram = use.free;
  info->processes = 1;
  info->unit = 1;
  info->uptime = kernel.clock.now(Clock::kMonotonic).seconds;
  return 0;
}

std::int64_t call_prctl(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  switch (frame.rdi) {
    case PR_SET_NAME: {
      char name[17]{};
      const std::int64_t length = kernel.user.copy_string(frame.rsi, name, 16);
      if (length == -EFAULT) return length;
      name[15] = 0;
      __builtin_memcpy(thread.name, name, sizeof(thread.name));
      return 0;
    }
    case PR_GET_NAME: {
      auto* name = kernel.user.out<char>(frame.rsi, sizeof(thread.name));
      if (name == nullptr) return -EFAULT;
      __builtin_memcpy(name, thread.name, sizeof(thread.name));
      return 0;
    }
    case PR_SET_DUMPABLE: return frame.rsi == 0 ? 0 : -EINVAL;
    case PR_GET_DUMPABLE: return 0;
    case PR_SET_NO_NEW_PRIVS: return frame.rsi == 1 ? 0 : -EINVAL;
    case PR_GET_NO_NEW_PRIVS: return 1;
    default: return -EINVAL;
  }
}

}  // namespace adyton::keep
