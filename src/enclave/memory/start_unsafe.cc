// SPDX-License-Identifier: Apache-2.0
// The first code of an enclave: moves the program's writable data and its stack into secret memory, sets up the pool,
// and goes on to the C library's own start. Runs before relocation: no C library, no address stored in data, no
// thread-local storage, no stack protector (src/enclave/CMakeLists.txt sets the flags).
#include <cstddef>
#include <cstdint>

#include <elf.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "enclave/memory/boot_options.h"
#include "enclave/memory/kernel_unsafe.h"
#include "enclave/memory/pool.h"

// SAFETY: the kernel enters here with the stack of the System V ABI (3.4.1): argc, argv, environment, auxiliary vector.
// rdx is a function for atexit and goes on as it came. adyton_prepare returns the stack to start with.
__asm__(R"(
  .text
  .globl adyton_start
  .type adyton_start, @function
adyton_start:
  xor %ebp, %ebp
  mov %rsp, %rdi
  mov %rdx, %r12
  and $-16, %rsp
  call adyton_prepare
  mov %rax, %rsp
  mov %r12, %rdx
  xor %ebp, %ebp
  jmp _start
  .size adyton_start, .-adyton_start
)");

extern "C" [[gnu::visibility("hidden")]] const Elf64_Ehdr __ehdr_start;

namespace adyton {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kPageMask = kPage - 1;

// Exit statuses of an enclave that never started (docs/secret-memory.md).
constexpr int kBadBootOptions = 120;
constexpr int kNoSecretMemory = 121;
constexpr int kNoMemory = 122;
constexpr char kNoSecretMemoryHere[] =
    "adyton: the manifest requires secret memory, and this machine has none: it needs Linux 5.14 with "
    "CONFIG_SECRETMEM (before 6.5 also the boot option secretmem.enable=1), and a sandbox that allows memfd_secret\n";
constexpr char kLimitTooLow[] =
    "adyton: the manifest requires secret memory, and the limit of locked memory is too low for it: raise it "
    "(`ulimit -l`, LimitMEMLOCK=), lower the manifest's memory.heap, or launch as root\n";

constexpr char kNoRoom[] = "adyton: no room for the enclave's memory: lower the manifest's memory.heap\n";
constexpr char kTooManyArguments[] =
    "adyton: the arguments and the environment fill more than half of the enclave's stack: pass less, or raise the "
    "manifest's memory.stack\n";

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  [[nodiscard]] std::uint64_t size() const { return end - begin; }
};

// The stack as the kernel made it: pointers and the auxiliary vector first, the strings they point to after.
struct InitialStack {
  std::uint64_t argc = 0;
  std::uint64_t* arguments = nullptr;
  std::uint64_t* environment = nullptr;
  Elf64_auxv_t* auxiliary = nullptr;
};

// SAFETY: a NUL-terminated string of the initial stack.
const char* text_at(std::uint64_t address) { return reinterpret_cast<const char*>(address); }

void copy_bytes(std::uint64_t to, std::uint64_t from, std::uint64_t size) {
  // SAFETY: both ranges are `size` bytes of mapped memory, and do not overlap.
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

void zero_bytes(std::uint64_t at, std::uint64_t size) {
  // SAFETY: `size` bytes of mapped, writable memory.
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(0) : "memory");
}

[[noreturn]] void refuse(int status, const char* message) {
  std::uint64_t length = 0;
  while (message[length] != 0) ++length;
  kernel_call(SYS_write, 2, address_of(message), length);
  for (;;) kernel_call(SYS_exit_group, static_cast<std::uint64_t>(status));
}

InitialStack read_stack(std::uint64_t* stack) {
  InitialStack out;
  out.argc = stack[0];
  out.arguments = stack + 1;
  out.environment = out.arguments + out.argc + 1;
  std::uint64_t* after = out.environment;
  while (*after != 0) ++after;
  // SAFETY: the auxiliary vector follows the environment's null pointer.
  out.auxiliary = reinterpret_cast<Elf64_auxv_t*>(after + 1);
  return out;
}

// The value of the variable if `text` is "name=value".
const char* value_if_named(const char* text, const char* name) {
  return boot_detail::skip(text, name) && *text == '=' ? text + 1 : nullptr;
}

// Variables that steer the C library's allocator and loader are the launcher's business, not the program's.
bool is_dropped(const char* text) {
  return value_if_named(text, "ADYTON_BOOT") != nullptr || value_if_named(text, "GLIBC_TUNABLES") != nullptr ||
         boot_detail::skip(text, "MALLOC_") || boot_detail::skip(text, "LD_");
}

bool is_pointer(std::uint64_t type) {
  return type == AT_RANDOM || type == AT_EXECFN || type == AT_PLATFORM || type == AT_BASE_PLATFORM;
}

// Where the string at `address` ends, if that is beyond `end`.
std::uint64_t later_end(std::uint64_t end, std::uint64_t address) {
  const char* text = text_at(address);
  while (*text != 0) ++text;
  const std::uint64_t text_end = address_of(text) + 1;
  return text_end > end ? text_end : end;
}

// All of the initial stack, strings included.
Range extent(std::uint64_t begin, const InitialStack& stack) {
  std::uint64_t end = begin;
  for (std::uint64_t i = 0; i < stack.argc; ++i) end = later_end(end, stack.arguments[i]);
  for (const std::uint64_t* variable = stack.environment; *variable != 0; ++variable) end = later_end(end, *variable);
  const Elf64_auxv_t* entry = stack.auxiliary;
  for (; entry->a_type != AT_NULL; ++entry) {
    if (entry->a_type == AT_RANDOM && entry->a_un.a_val + 16 > end) end = entry->a_un.a_val + 16;
    if (is_pointer(entry->a_type) && entry->a_type != AT_RANDOM) end = later_end(end, entry->a_un.a_val);
  }
  const std::uint64_t vector_end = address_of(entry + 1);
  return {begin, vector_end > end ? vector_end : end};
}

// Copies the initial stack to the end of another, with every pointer into it moved along and the launcher's own
// variables left out; wipes the old one but for the program's name, which `ps` shows. Returns the new stack pointer.
std::uint64_t move_stack(std::uint64_t* old_stack, Range to_stack) {
  const Range old = extent(address_of(old_stack), read_stack(old_stack));
  if (old.size() > to_stack.size() / 2) refuse(kNoMemory, kTooManyArguments);
  const std::uint64_t begin = (to_stack.end - old.size()) & ~std::uint64_t{15};
  const std::uint64_t shift = begin - old.begin;
  copy_bytes(begin, old.begin, old.size());
  const std::uint64_t name = read_stack(old_stack).argc == 0 ? old.end : old_stack[1];
  const std::uint64_t name_end = name == old.end ? name : later_end(0, name);
  zero_bytes(old.begin, name - old.begin);
  zero_bytes(name_end, old.end - name_end);

  // SAFETY: the copy just made.
  const InitialStack stack = read_stack(reinterpret_cast<std::uint64_t*>(begin));
  for (std::uint64_t i = 0; i < stack.argc; ++i) stack.arguments[i] += shift;
  std::uint64_t* kept = stack.environment;
  for (const std::uint64_t* variable = stack.environment; *variable != 0; ++variable) {
    if (!is_dropped(text_at(*variable + shift))) *kept++ = *variable + shift;
  }
  *kept++ = 0;
  // SAFETY: the auxiliary vector has to follow the environment at once; it moves down, if at all.
  auto* to = reinterpret_cast<Elf64_auxv_t*>(kept);
  const Elf64_auxv_t* entry = stack.auxiliary;
  for (;; ++entry, ++to) {
    const Elf64_auxv_t moved = *entry;
    to->a_type = moved.a_type;
    to->a_un.a_val = moved.a_un.a_val + (is_pointer(moved.a_type) && moved.a_un.a_val != 0 ? shift : 0);
    if (moved.a_type == AT_NULL) return begin;
  }
}

std::uint64_t auxiliary_value(const InitialStack& stack, std::uint64_t type) {
  for (const Elf64_auxv_t* entry = stack.auxiliary; entry->a_type != AT_NULL; ++entry) {
    if (entry->a_type == type) return entry->a_un.a_val;
  }
  return 0;
}

bool is_zero_page(std::uint64_t page) {
  // SAFETY: a mapped page of the program's data.
  const auto* words = reinterpret_cast<const volatile std::uint64_t*>(page);
  for (std::uint64_t i = 0; i < kPage / sizeof(std::uint64_t); ++i) {
    if (words[i] != 0) return false;
  }
  return true;
}

// Puts secret memory with the same contents where the program's data is; from `file_end` on it is zero. 0 or -errno.
long move_data(Range data, std::uint64_t file_end) {
  const long fresh = map_secret(data.size());
  if (failed(fresh)) return fresh;
  const auto copy = static_cast<std::uint64_t>(fresh);
  for (std::uint64_t page = data.begin; page < data.end && page < file_end; page += kPage) {
    if (!is_zero_page(page)) copy_bytes(copy + (page - data.begin), page, kPage);
  }
  return move_mapping(copy, data.size(), data.begin);
}

// Makes secret the writable data of the program that stays writable: what follows PT_GNU_RELRO in the writable
// segments, in whole pages. 0 or -errno.
long move_program_data(const InitialStack& stack, PoolState& state) {
  const std::uint64_t base = address_of(&__ehdr_start);
  // SAFETY: the kernel tells where it mapped the program's headers, and how many there are.
  const auto* headers = reinterpret_cast<const Elf64_Phdr*>(auxiliary_value(stack, AT_PHDR));
  const std::uint64_t count = auxiliary_value(stack, AT_PHNUM);
  Range relro;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (headers[i].p_type != PT_GNU_RELRO) continue;
    relro = {(base + headers[i].p_vaddr) & ~kPageMask, (base + headers[i].p_vaddr + headers[i].p_memsz) & ~kPageMask};
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (headers[i].p_type != PT_LOAD || (headers[i].p_flags & PF_W) == 0) continue;
    const std::uint64_t begin = base + headers[i].p_vaddr;
    Range data{begin & ~kPageMask, (begin + headers[i].p_memsz + kPageMask) & ~kPageMask};
    if (relro.begin <= data.begin && data.begin < relro.end) data.begin = relro.end;
    if (data.begin >= data.end) continue;
    const long moved = move_data(data, begin + headers[i].p_filesz);
    if (moved != 0) return moved;
    if (state.data == 0) state.data = data.begin;
    state.data_end = data.end;
    state.secret_bytes += data.size();
  }
  return 0;
}

// Makes part of the reserved area usable. False if the machine will not promise so much memory.
bool open_up(Range part) {
  kernel_call(SYS_madvise, part.begin, part.size(), MADV_DONTDUMP);
  return !failed(kernel_call(SYS_mprotect, part.begin, part.size(), PROT_READ | PROT_WRITE));
}

// Raises the limit of locked memory as far as it goes, and says how far that is.
std::uint64_t locked_memory_limit() {
  rlimit limit{};
  kernel_call(SYS_prlimit64, 0, RLIMIT_MEMLOCK, 0, address_of(&limit));
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (!failed(kernel_call(SYS_prlimit64, 0, RLIMIT_MEMLOCK, address_of(&raised), 0))) limit = raised;
  return limit.rlim_cur & ~kPageMask;
}

// Makes data, main stack and pool secret; where that is too much, data and the end of the stack that is used first, and
// leaves the rest of what is allowed to the pool. Notes in `state` how far it got.
void make_secret(PoolState& state, Range stack, const InitialStack& initial) {
  constexpr std::uint64_t kHotStack = 256u << 10;
  const std::uint64_t limit = locked_memory_limit();
  long result = move_program_data(initial, state);
  if (result == 0) {
    const Range both{stack.begin, state.pool + state.heap_bytes};
    result = make_secret_at(both.begin, both.size());
    if (result == 0) {
      kernel_call(SYS_mprotect, stack.end, state.pool - stack.end, PROT_NONE);
      state.kind = MemoryKind::kSecret;
      state.secret_bytes += stack.size() + state.heap_bytes;
      return;
    }
    state.kind = MemoryKind::kPartly;
    const std::uint64_t hot = stack.size() < kHotStack ? stack.size() : kHotStack;
    if (make_secret_at(stack.end - hot, hot) == 0) state.secret_bytes += hot;
    const std::uint64_t left = limit > state.secret_bytes ? limit - state.secret_bytes : 0;
    state.secret_left = left < state.heap_bytes ? left : state.heap_bytes;
  }
  state.error = static_cast<int>(-result);
}

extern "C" [[gnu::visibility("hidden"), gnu::used]] std::uint64_t adyton_prepare(std::uint64_t* initial) {
  const InitialStack stack = read_stack(initial);
  const char* boot = nullptr;
  for (const std::uint64_t* variable = stack.environment; *variable != 0 && boot == nullptr; ++variable) {
    boot = value_if_named(text_at(*variable), "ADYTON_BOOT");
  }
  if (boot == nullptr) return address_of(initial);
  BootOptions options;
  if (!parse_boot_options(boot, options)) {
    refuse(kBadBootOptions,
           "adyton: the launcher passed a malformed ADYTON_BOOT: use the launcher this was built for\n");
  }

  // The main stack and the pool, with a page that cannot be touched before, between and after.
  PoolState state{};
  state.asked = options.secret;
  state.heap_bytes = options.heap_bytes;
  state.stack_bytes = options.stack_bytes;
  const std::uint64_t area_bytes = options.stack_bytes + options.heap_bytes + 3 * kPage;
  const long area = kernel_call(SYS_mmap, 0, area_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                                ~std::uint64_t{0}, 0);
  if (failed(area)) refuse(kNoMemory, kNoRoom);
  state.area = static_cast<std::uint64_t>(area);
  state.area_end = state.area + area_bytes;
  const Range new_stack{state.area + kPage, state.area + kPage + options.stack_bytes};
  state.pool = new_stack.end + kPage;
  state.kind = MemoryKind::kOrdinary;
  if (!open_up(new_stack) || !open_up({state.pool, state.pool + options.heap_bytes})) refuse(kNoMemory, kNoRoom);

  if (options.secret != 0) {
    kernel_call(SYS_prctl, PR_SET_DUMPABLE, 0);
    make_secret(state, new_stack, stack);
    if (options.secret == 2 && state.kind != MemoryKind::kSecret) {
      refuse(kNoSecretMemory, state.kind == MemoryKind::kPartly ? kLimitTooLow : kNoSecretMemoryHere);
    }
  }
  pool_state = state;
  return move_stack(initial, new_stack);
}

}  // namespace
}  // namespace adyton
