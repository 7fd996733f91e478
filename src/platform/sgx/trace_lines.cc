// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/trace_lines.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace adyton {
namespace {

// How arguments are shown, a letter each: d number, l long number, u number without sign, p address, s what it points
// to as text (else the address), a folder's descriptor, f flags of open(), o mode, m protection, k kind of mapping, w
// what futex() does, g signal, c clock, e which end of a file.
struct Shape {
  int number;
  std::string_view arguments;
  bool gives_address = false;
};
constexpr Shape kShapes[] = {
    {SYS_read, "dsu"},
    {SYS_write, "dsu"},
    {SYS_readv, "dpd"},
    {SYS_writev, "dpd"},
    {SYS_pread64, "dsul"},
    {SYS_pwrite64, "dsul"},
    {SYS_open, "sfo"},
    {SYS_openat, "asfo"},
    {SYS_creat, "so"},
    {SYS_close, "d"},
    {SYS_dup, "d"},
    {SYS_dup2, "dd"},
    {SYS_dup3, "ddf"},
    {SYS_fcntl, "ddp"},
    {SYS_ioctl, "dpp"},
    {SYS_pipe, "p"},
    {SYS_pipe2, "pf"},
    {SYS_eventfd2, "uf"},
    {SYS_poll, "pud"},
    {SYS_ppoll, "puppu"},
    {SYS_stat, "sp"},
    {SYS_lstat, "sp"},
    {SYS_fstat, "dp"},
    {SYS_newfstatat, "aspp"},
    {SYS_statx, "asppp"},
    {SYS_access, "so"},
    {SYS_faccessat, "aso"},
    {SYS_faccessat2, "asop"},
    {SYS_mkdir, "so"},
    {SYS_mkdirat, "aso"},
    {SYS_unlink, "s"},
    {SYS_unlinkat, "asp"},
    {SYS_rmdir, "s"},
    {SYS_rename, "ss"},
    {SYS_renameat, "asas"},
    {SYS_renameat2, "asasp"},
    {SYS_symlink, "ss"},
    {SYS_link, "ss"},
    {SYS_readlink, "spu"},
    {SYS_readlinkat, "aspu"},
    {SYS_getcwd, "pu"},
    {SYS_chdir, "s"},
    {SYS_getdents64, "dpu"},
    {SYS_lseek, "dle"},
    {SYS_truncate, "sl"},
    {SYS_ftruncate, "dl"},
    {SYS_chmod, "so"},
    {SYS_fchmodat, "aso"},
    {SYS_fsync, "d"},
    {SYS_fdatasync, "d"},
    {SYS_umask, "o"},
    {SYS_brk, "p", true},
    {SYS_mmap, "pumkdl", true},
    {SYS_munmap, "pu"},
    {SYS_mprotect, "pum"},
    {SYS_mremap, "puupp", true},
    {SYS_madvise, "pud"},
    {SYS_arch_prctl, "pp"},
    {SYS_set_tid_address, "p"},
    {SYS_set_robust_list, "pu"},
    {SYS_rseq, "pupp"},
    {SYS_prlimit64, "ddpp"},
    {SYS_getrandom, "pup"},
    {SYS_uname, "p"},
    {SYS_sysinfo, "p"},
    {SYS_prctl, "dpppp"},
    {SYS_getpid, ""},
    {SYS_getppid, ""},
    {SYS_gettid, ""},
    {SYS_getuid, ""},
    {SYS_geteuid, ""},
    {SYS_getgid, ""},
    {SYS_getegid, ""},
    {SYS_sched_yield, ""},
    {SYS_sched_getaffinity, "dup"},
    {SYS_sched_setaffinity, "dup"},
    {SYS_getcpu, "pp"},
    {SYS_clock_gettime, "cp"},
    {SYS_clock_getres, "cp"},
    {SYS_gettimeofday, "pp"},
    {SYS_time, "p"},
    {SYS_nanosleep, "pp"},
    {SYS_clock_nanosleep, "cppp"},
    {SYS_rt_sigaction, "gppu"},
    {SYS_rt_sigprocmask, "dppu"},
    {SYS_rt_sigreturn, ""},
    {SYS_sigaltstack, "pp"},
    {SYS_kill, "dg"},
    {SYS_tkill, "dg"},
    {SYS_tgkill, "ddg"},
    {SYS_clone, "ppppp"},
    {SYS_clone3, "pu"},
    {SYS_futex, "pwuppu"},
    {SYS_exit, "d"},
    {SYS_exit_group, "d"},
    {SYS_sendto, "dsuppu"},
    {SYS_recvfrom, "dsuppp"},
};

struct Flag {
  std::uint64_t bit;
  std::string_view name;
};
constexpr Flag kOpenFlags[] = {{O_CREAT, "O_CREAT"},     {O_EXCL, "O_EXCL"},           {O_NOCTTY, "O_NOCTTY"},
                               {O_TRUNC, "O_TRUNC"},     {O_APPEND, "O_APPEND"},       {O_NONBLOCK, "O_NONBLOCK"},
                               {O_CLOEXEC, "O_CLOEXEC"}, {O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"},
                               {O_PATH, "O_PATH"}};
constexpr Flag kProtection[] = {{PROT_READ, "PROT_READ"}, {PROT_WRITE, "PROT_WRITE"}, {PROT_EXEC, "PROT_EXEC"}};
constexpr Flag kMapping[] = {{MAP_SHARED, "MAP_SHARED"},       {MAP_PRIVATE, "MAP_PRIVATE"},
                             {MAP_FIXED, "MAP_FIXED"},         {MAP_ANONYMOUS, "MAP_ANONYMOUS"},
                             {MAP_NORESERVE, "MAP_NORESERVE"}, {MAP_STACK, "MAP_STACK"},
                             {MAP_POPULATE, "MAP_POPULATE"},   {MAP_FIXED_NOREPLACE, "MAP_FIXED_NOREPLACE"}};
constexpr std::string_view kFutexOperations[] = {
    "FUTEX_WAIT",    "FUTEX_WAKE",      "FUTEX_FD",         "FUTEX_REQUEUE",     "FUTEX_CMP_REQUEUE", "FUTEX_WAKE_OP",
    "FUTEX_LOCK_PI", "FUTEX_UNLOCK_PI", "FUTEX_TRYLOCK_PI", "FUTEX_WAIT_BITSET", "FUTEX_WAKE_BITSET"};

std::string flags_of(std::uint64_t value, std::span<const Flag> known, std::string first = {}) {
  std::string out = std::move(first);
  for (const Flag& flag : known) {
    if ((value & flag.bit) != flag.bit) continue;
    out += (out.empty() ? "" : "|") + std::string(flag.name);
    value &= ~flag.bit;
  }
  if (value != 0) out += fmt::format("{}{:#x}", out.empty() ? "" : "|", value);
  return out.empty() ? "0" : out;
}

std::string open_flags(std::uint64_t value) {
  constexpr std::string_view kAccess[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
  return flags_of(value & ~std::uint64_t{O_ACCMODE}, kOpenFlags, std::string(kAccess[value & O_ACCMODE]));
}

std::string futex_operation(std::uint64_t value) {
  const std::uint64_t operation = value & FUTEX_CMD_MASK;
  std::string out = operation < std::size(kFutexOperations) ? std::string(kFutexOperations[operation])
                                                            : fmt::format("{:#x}", operation);
  if ((value & FUTEX_PRIVATE_FLAG) != 0) out += "_PRIVATE";
  if ((value & FUTEX_CLOCK_REALTIME) != 0) out += "|FUTEX_CLOCK_REALTIME";
  return out;
}

std::string one_of(std::span<const std::string_view> names, std::uint64_t value) {
  return value < names.size() ? std::string(names[value]) : fmt::format("{}", value);
}

std::string signal_name(std::uint64_t number) {
  const char* name = number < 65 ? ::sigabbrev_np(static_cast<int>(number)) : nullptr;
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("{}", number);
}

std::string quoted(const TraceRecord::Bytes& bytes, std::size_t most) {
  const std::size_t size = std::min<std::size_t>({bytes.size, most, TraceRecord::kMostBytes});
  std::string out = "\"";
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t byte = bytes.content[i];
    switch (byte) {
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      default:
        if (byte >= 0x20 && byte < 0x7f) {
          out += static_cast<char>(byte);
        } else {
          out += fmt::format("\\x{:02x}", byte);
        }
    }
  }
  return out + (size < bytes.whole ? "\"..." : "\"");
}

std::string address(std::uint64_t value) { return value == 0 ? "NULL" : fmt::format("{:#x}", value); }

std::string text_of(const TraceRecord& record, std::size_t index) {
  constexpr std::size_t kMostOfBuffer = 32;  // as strace has it
  const bool path = record.number != SYS_read && record.number != SYS_write && record.number != SYS_pread64 &&
                    record.number != SYS_pwrite64 && record.number != SYS_sendto && record.number != SYS_recvfrom;
  for (std::size_t i = 0; i < std::min<std::size_t>(record.count, std::size(record.bytes)); ++i) {
    if (record.bytes[i].argument == index) {
      return quoted(record.bytes[i], path ? TraceRecord::kMostBytes : kMostOfBuffer);
    }
  }
  return address(record.arguments[index]);
}

std::string argument(const TraceRecord& record, std::size_t index, char kind) {
  constexpr std::string_view kClocks[] = {"CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID",
                                          "CLOCK_THREAD_CPUTIME_ID"};
  constexpr std::string_view kEnds[] = {"SEEK_SET", "SEEK_CUR", "SEEK_END"};
  const std::uint64_t value = record.arguments[index];
  switch (kind) {
    case 'd': return fmt::format("{}", static_cast<std::int32_t>(value));
    case 'l': return fmt::format("{}", static_cast<std::int64_t>(value));
    case 'u': return fmt::format("{}", value);
    case 's': return text_of(record, index);
    case 'a':
      return static_cast<std::int32_t>(value) == AT_FDCWD ? "AT_FDCWD"
                                                          : fmt::format("{}", static_cast<std::int32_t>(value));
    case 'f': return open_flags(value & 0xffffffff);
    case 'o': return fmt::format("{:#o}", value & 0xffffffff);
    case 'm': return value == 0 ? "PROT_NONE" : flags_of(value, kProtection);
    case 'k': return flags_of(value, kMapping);
    case 'w': return futex_operation(value);
    case 'g': return signal_name(value);
    case 'c': return one_of(kClocks, value);
    case 'e': return one_of(kEnds, value);
    default: return address(value);
  }
}

std::string name_of(std::uint64_t number) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      number < 4096 ? ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, static_cast<int>(number)) : nullptr,
      &std::free);
  return name != nullptr ? name.get() : fmt::format("syscall_{:#x}", number);
}

std::string result_of(const TraceRecord& record, bool is_address) {
  if (record.returned == 0) return "?";
  const auto value = static_cast<std::int64_t>(record.result);
  if (value < 0 && value >= -4095) {
    const auto error = static_cast<int>(-value);
    const char *name = ::strerrorname_np(error), *text = ::strerrordesc_np(error);
    if (name == nullptr || text == nullptr) return fmt::format("-1 (error {})", error);
    return fmt::format("-1 {} ({})", name, text);
  }
  return is_address ? fmt::format("{:#x}", record.result) : fmt::format("{}", value);
}

}  // namespace

std::string describe(const TraceRecord& record) {
  const auto* shape = std::ranges::find_if(
      kShapes, [&](const Shape& each) { return static_cast<std::uint64_t>(each.number) == record.number; });
  const bool known = shape != std::end(kShapes);
  std::string_view kinds = known ? shape->arguments : "pppppp";
  const bool opens = record.number == SYS_open || record.number == SYS_openat;
  if (opens && (record.arguments[kinds.size() - 2] & (O_CREAT | __O_TMPFILE)) == 0) kinds.remove_suffix(1);
  std::string arguments;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    arguments += (i == 0 ? "" : ", ") + argument(record, i, kinds[i]);
  }
  std::string out = fmt::format("[{}] {}({}) = {}", record.thread, name_of(record.number), arguments,
                                result_of(record, known && shape->gives_address));
  if (record.requests != 0) out += " -> host";
  if (record.requests > 1) out += fmt::format(" ({} times)", record.requests);
  return out;
}

}  // namespace adyton
