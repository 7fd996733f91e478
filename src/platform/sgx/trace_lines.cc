// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/trace_lines.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include <asm/prctl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "image/sgx/call_shapes.h"

namespace adyton {
namespace {

struct Name {
  std::uint64_t value;
  std::string_view text;
};
constexpr Name kAt[] = {{AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW"},
                        {AT_REMOVEDIR, "AT_REMOVEDIR"},
                        {AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW"},
                        {AT_NO_AUTOMOUNT, "AT_NO_AUTOMOUNT"},
                        {AT_EMPTY_PATH, "AT_EMPTY_PATH"}};
constexpr Name kDescriptor[] = {
    {F_DUPFD, "F_DUPFD"},           {F_GETFD, "F_GETFD"},           {F_SETFD, "F_SETFD"},
    {F_GETFL, "F_GETFL"},           {F_SETFL, "F_SETFL"},           {F_GETLK, "F_GETLK"},
    {F_SETLK, "F_SETLK"},           {F_SETLKW, "F_SETLKW"},         {F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC"},
    {F_GETPIPE_SZ, "F_GETPIPE_SZ"}, {F_SETPIPE_SZ, "F_SETPIPE_SZ"}, {F_ADD_SEALS, "F_ADD_SEALS"},
    {F_GET_SEALS, "F_GET_SEALS"},   {F_OFD_SETLK, "F_OFD_SETLK"}};
constexpr Name kEpoll[] = {
    {EPOLL_CTL_ADD, "EPOLL_CTL_ADD"}, {EPOLL_CTL_DEL, "EPOLL_CTL_DEL"}, {EPOLL_CTL_MOD, "EPOLL_CTL_MOD"}};
constexpr Name kFamilies[] = {{AF_UNSPEC, "AF_UNSPEC"}, {AF_UNIX, "AF_UNIX"},       {AF_INET, "AF_INET"},
                              {AF_INET6, "AF_INET6"},   {AF_NETLINK, "AF_NETLINK"}, {AF_PACKET, "AF_PACKET"}};
constexpr Name kRandom[] = {{GRND_NONBLOCK, "GRND_NONBLOCK"}, {GRND_RANDOM, "GRND_RANDOM"}};
constexpr Name kShutdown[] = {{SHUT_RD, "SHUT_RD"}, {SHUT_WR, "SHUT_WR"}, {SHUT_RDWR, "SHUT_RDWR"}};
constexpr Name kItimers[] = {
    {ITIMER_REAL, "ITIMER_REAL"}, {ITIMER_VIRTUAL, "ITIMER_VIRTUAL"}, {ITIMER_PROF, "ITIMER_PROF"}};
constexpr Name kMemoryFile[] = {{MFD_CLOEXEC, "MFD_CLOEXEC"}, {MFD_ALLOW_SEALING, "MFD_ALLOW_SEALING"}};
constexpr Name kLevels[] = {
    {SOL_SOCKET, "SOL_SOCKET"}, {IPPROTO_IP, "SOL_IP"}, {IPPROTO_TCP, "SOL_TCP"}, {IPPROTO_IPV6, "SOL_IPV6"}};
constexpr Name kMessage[] = {{MSG_OOB, "MSG_OOB"},         {MSG_PEEK, "MSG_PEEK"},
                             {MSG_TRUNC, "MSG_TRUNC"},     {MSG_DONTWAIT, "MSG_DONTWAIT"},
                             {MSG_WAITALL, "MSG_WAITALL"}, {MSG_NOSIGNAL, "MSG_NOSIGNAL"},
                             {MSG_MORE, "MSG_MORE"},       {MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC"}};
constexpr Name kProcess[] = {{PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG"},
                             {PR_GET_DUMPABLE, "PR_GET_DUMPABLE"},
                             {PR_SET_DUMPABLE, "PR_SET_DUMPABLE"},
                             {PR_SET_NAME, "PR_SET_NAME"},
                             {PR_GET_NAME, "PR_GET_NAME"},
                             {PR_GET_SECCOMP, "PR_GET_SECCOMP"},
                             {PR_CAPBSET_READ, "PR_CAPBSET_READ"},
                             {PR_GET_NO_NEW_PRIVS, "PR_GET_NO_NEW_PRIVS"},
                             {PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS"},
                             {PR_SET_VMA, "PR_SET_VMA"}};
constexpr Name kPriorities[] = {{PRIO_PROCESS, "PRIO_PROCESS"}, {PRIO_PGRP, "PRIO_PGRP"}, {PRIO_USER, "PRIO_USER"}};
constexpr Name kLimits[] = {{RLIMIT_CPU, "RLIMIT_CPU"},         {RLIMIT_FSIZE, "RLIMIT_FSIZE"},
                            {RLIMIT_DATA, "RLIMIT_DATA"},       {RLIMIT_STACK, "RLIMIT_STACK"},
                            {RLIMIT_CORE, "RLIMIT_CORE"},       {RLIMIT_RSS, "RLIMIT_RSS"},
                            {RLIMIT_NPROC, "RLIMIT_NPROC"},     {RLIMIT_NOFILE, "RLIMIT_NOFILE"},
                            {RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK"}, {RLIMIT_AS, "RLIMIT_AS"}};
constexpr Name kSchedulers[] = {{SCHED_OTHER, "SCHED_OTHER"},
                                {SCHED_FIFO, "SCHED_FIFO"},
                                {SCHED_RR, "SCHED_RR"},
                                {SCHED_BATCH, "SCHED_BATCH"},
                                {SCHED_IDLE, "SCHED_IDLE"}};
constexpr Name kSockets[] = {{SOCK_STREAM, "SOCK_STREAM"},
                             {SOCK_DGRAM, "SOCK_DGRAM"},
                             {SOCK_RAW, "SOCK_RAW"},
                             {SOCK_SEQPACKET, "SOCK_SEQPACKET"}};
constexpr Name kClone[] = {{CLONE_VM, "CLONE_VM"},
                           {CLONE_FS, "CLONE_FS"},
                           {CLONE_FILES, "CLONE_FILES"},
                           {CLONE_SIGHAND, "CLONE_SIGHAND"},
                           {CLONE_VFORK, "CLONE_VFORK"},
                           {CLONE_THREAD, "CLONE_THREAD"},
                           {CLONE_SYSVSEM, "CLONE_SYSVSEM"},
                           {CLONE_SETTLS, "CLONE_SETTLS"},
                           {CLONE_PARENT_SETTID, "CLONE_PARENT_SETTID"},
                           {CLONE_CHILD_CLEARTID, "CLONE_CHILD_CLEARTID"},
                           {CLONE_CHILD_SETTID, "CLONE_CHILD_SETTID"}};
constexpr Name kBases[] = {{ARCH_SET_GS, "ARCH_SET_GS"},
                           {ARCH_SET_FS, "ARCH_SET_FS"},
                           {ARCH_GET_FS, "ARCH_GET_FS"},
                           {ARCH_GET_GS, "ARCH_GET_GS"}};
constexpr Name kLocks[] = {{LOCK_SH, "LOCK_SH"}, {LOCK_EX, "LOCK_EX"}, {LOCK_NB, "LOCK_NB"}, {LOCK_UN, "LOCK_UN"}};
constexpr Name kClocks[] = {{CLOCK_REALTIME, "CLOCK_REALTIME"},
                            {CLOCK_MONOTONIC, "CLOCK_MONOTONIC"},
                            {CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID"},
                            {CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID"},
                            {CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW"},
                            {CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE"},
                            {CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE"},
                            {CLOCK_BOOTTIME, "CLOCK_BOOTTIME"}};
constexpr Name kEnds[] = {{SEEK_SET, "SEEK_SET"}, {SEEK_CUR, "SEEK_CUR"}, {SEEK_END, "SEEK_END"}};
constexpr Name kOpen[] = {{O_CREAT, "O_CREAT"},     {O_EXCL, "O_EXCL"},           {O_NOCTTY, "O_NOCTTY"},
                          {O_TRUNC, "O_TRUNC"},     {O_APPEND, "O_APPEND"},       {O_NONBLOCK, "O_NONBLOCK"},
                          {O_CLOEXEC, "O_CLOEXEC"}, {O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"},
                          {O_PATH, "O_PATH"}};
constexpr Name kMasks[] = {{SIG_BLOCK, "SIG_BLOCK"}, {SIG_UNBLOCK, "SIG_UNBLOCK"}, {SIG_SETMASK, "SIG_SETMASK"}};
constexpr Name kDevice[] = {{TCGETS, "TCGETS"},   {TIOCGWINSZ, "TIOCGWINSZ"}, {FIONREAD, "FIONREAD"},
                            {FIONBIO, "FIONBIO"}, {FIOCLEX, "FIOCLEX"},       {FIONCLEX, "FIONCLEX"}};
constexpr Name kAccess[] = {{R_OK, "R_OK"}, {W_OK, "W_OK"}, {X_OK, "X_OK"}};
constexpr Name kMapping[] = {
    {MAP_SHARED, "MAP_SHARED"},       {MAP_PRIVATE, "MAP_PRIVATE"},     {MAP_FIXED, "MAP_FIXED"},
    {MAP_ANONYMOUS, "MAP_ANONYMOUS"}, {MAP_NORESERVE, "MAP_NORESERVE"}, {MAP_STACK, "MAP_STACK"},
    {MAP_POPULATE, "MAP_POPULATE"},   {MAP_HUGETLB, "MAP_HUGETLB"},     {MAP_FIXED_NOREPLACE, "MAP_FIXED_NOREPLACE"}};
constexpr Name kProtection[] = {{PROT_READ, "PROT_READ"}, {PROT_WRITE, "PROT_WRITE"}, {PROT_EXEC, "PROT_EXEC"}};
constexpr Name kTimer[] = {{TIMER_ABSTIME, "TIMER_ABSTIME"}};
constexpr Name kRemap[] = {{MREMAP_MAYMOVE, "MREMAP_MAYMOVE"}, {MREMAP_FIXED, "MREMAP_FIXED"}};
constexpr Name kAdvice[] = {
    {MADV_NORMAL, "MADV_NORMAL"},     {MADV_RANDOM, "MADV_RANDOM"},         {MADV_SEQUENTIAL, "MADV_SEQUENTIAL"},
    {MADV_WILLNEED, "MADV_WILLNEED"}, {MADV_DONTNEED, "MADV_DONTNEED"},     {MADV_FREE, "MADV_FREE"},
    {MADV_HUGEPAGE, "MADV_HUGEPAGE"}, {MADV_NOHUGEPAGE, "MADV_NOHUGEPAGE"}, {MADV_DONTDUMP, "MADV_DONTDUMP"}};

// Kinds of arguments (call_shapes.h) whose numbers have names: bits of a set, which is called `none` if it is empty, or
// one of them.
struct Words {
  char kind;
  std::span<const Name> names;
  std::string_view none = {};
};
constexpr Words kWords[] = {
    {'A', kAt, "0"},     {'C', kDescriptor},     {'E', kEpoll},        {'F', kFamilies},
    {'G', kRandom, "0"}, {'H', kShutdown},       {'I', kItimers},      {'K', kMemoryFile, "0"},
    {'L', kLevels},      {'M', kMessage, "0"},   {'P', kProcess},      {'Q', kPriorities},
    {'R', kLimits},      {'S', kSchedulers},     {'V', kClone, "0"},   {'Z', kBases},
    {'b', kLocks, "0"},  {'c', kClocks},         {'e', kEnds},         {'h', kMasks},
    {'i', kDevice},      {'j', kAccess, "F_OK"}, {'k', kMapping, "0"}, {'m', kProtection, "PROT_NONE"},
    {'t', kTimer, "0"},  {'v', kRemap, "0"},     {'y', kAdvice},
};

constexpr std::string_view kFutexOperations[] = {
    "FUTEX_WAIT",    "FUTEX_WAKE",      "FUTEX_FD",         "FUTEX_REQUEUE",     "FUTEX_CMP_REQUEUE", "FUTEX_WAKE_OP",
    "FUTEX_LOCK_PI", "FUTEX_UNLOCK_PI", "FUTEX_TRYLOCK_PI", "FUTEX_WAIT_BITSET", "FUTEX_WAKE_BITSET"};

consteval bool know_every_kind() {
  for (const CallShape& shape : kCallShapes) {
    for (const char kind : std::string_view(shape.kinds)) {
      if (!std::string_view("s<>dluxopafgnTw").contains(kind) &&
          std::ranges::find(kWords, kind, &Words::kind) == std::end(kWords))
        return false;
    }
  }
  return true;
}
static_assert(know_every_kind());

std::string flags_of(std::uint64_t value, std::span<const Name> known, std::string_view none, std::string first = {}) {
  std::string out = std::move(first);
  for (const Name& flag : known) {
    if ((value & flag.value) != flag.value) continue;
    out += (out.empty() ? "" : "|") + std::string(flag.text);
    value &= ~flag.value;
  }
  if (value != 0) out += fmt::format("{}{:#x}", out.empty() ? "" : "|", value);
  return out.empty() ? std::string(none) : out;
}

std::string open_flags(std::uint64_t value) {
  constexpr std::string_view kModes[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
  return flags_of(value & ~std::uint64_t{O_ACCMODE}, kOpen, "", std::string(kModes[value & O_ACCMODE]));
}

// The flags that each call which makes a descriptor has names of its own for, and the same numbers.
std::string descriptor_flags(std::uint64_t number, std::uint64_t value, std::string first = {}) {
  static_assert(EFD_CLOEXEC == O_CLOEXEC && EPOLL_CLOEXEC == O_CLOEXEC && TFD_CLOEXEC == O_CLOEXEC &&
                SFD_CLOEXEC == O_CLOEXEC && SOCK_CLOEXEC == O_CLOEXEC && SOCK_NONBLOCK == O_NONBLOCK);
  std::string prefix = "O";
  switch (number) {
    case SYS_eventfd2: prefix = "EFD"; break;
    case SYS_epoll_create1: prefix = "EPOLL"; break;
    case SYS_timerfd_create: prefix = "TFD"; break;
    case SYS_signalfd4: prefix = "SFD"; break;
    case SYS_socket:
    case SYS_socketpair:
    case SYS_accept4: prefix = "SOCK"; break;
    default: break;
  }
  const std::string close = prefix + "_CLOEXEC", wait = prefix + "_NONBLOCK", semaphore = prefix + "_SEMAPHORE";
  const Name names[] = {{O_CLOEXEC, close}, {O_NONBLOCK, wait}, {EFD_SEMAPHORE, semaphore}};
  return flags_of(value, std::span(names).first(number == SYS_eventfd2 ? 3 : 2), "0", std::move(first));
}

std::string one_of(std::span<const Name> names, std::uint64_t value) {
  const auto found = std::ranges::find(names, value, &Name::value);
  if (found != names.end()) return std::string(found->text);
  return value < 0x1000 ? fmt::format("{}", value) : fmt::format("{:#x}", value);
}

std::string socket_type(std::uint64_t number, std::uint64_t value) {
  constexpr std::uint64_t kType = 0xf;
  return descriptor_flags(number, value & ~kType, one_of(kSockets, value & kType));
}

std::string futex_operation(std::uint64_t value) {
  const std::uint64_t operation = value & FUTEX_CMD_MASK;
  std::string out = operation < std::size(kFutexOperations) ? std::string(kFutexOperations[operation])
                                                            : fmt::format("{:#x}", operation);
  if ((value & FUTEX_PRIVATE_FLAG) != 0) out += "_PRIVATE";
  if ((value & FUTEX_CLOCK_REALTIME) != 0) out += "|FUTEX_CLOCK_REALTIME";
  return out;
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

std::string text_of(const TraceRecord& record, std::size_t index, bool path) {
  constexpr std::size_t kMostOfBuffer = 32;  // as strace has it
  for (std::size_t i = 0; i < std::min<std::size_t>(record.count, std::size(record.bytes)); ++i) {
    if (record.bytes[i].argument == index) {
      return quoted(record.bytes[i], path ? TraceRecord::kMostBytes : kMostOfBuffer);
    }
  }
  return address(record.arguments[index]);
}

std::string argument(const TraceRecord& record, std::size_t index, char kind) {
  const std::uint64_t value = record.arguments[index];
  const auto whole = static_cast<std::int32_t>(value);
  const std::uint64_t low = value & 0xffff'ffff;
  const auto* words = std::ranges::find(kWords, kind, &Words::kind);
  if (words != std::end(kWords)) {
    return words->none.empty() ? one_of(words->names, low) : flags_of(low, words->names, words->none);
  }
  switch (kind) {
    case 'd': return fmt::format("{}", whole);
    case 'l': return fmt::format("{}", static_cast<std::int64_t>(value));
    case 'u': return fmt::format("{}", value);
    case 'x': return value == 0 ? "0" : fmt::format("{:#x}", value);
    case 's':
    case '<':
    case '>': return text_of(record, index, kind == 's');
    case 'a': return whole == AT_FDCWD ? "AT_FDCWD" : fmt::format("{}", whole);
    case 'f': return open_flags(low);
    case 'n': return descriptor_flags(record.number, low);
    case 'T': return socket_type(record.number, low);
    case 'o': return fmt::format("{:#o}", low);
    case 'w': return futex_operation(value);
    case 'g': return signal_name(value);
    default: return address(value);
  }
}

}  // namespace

std::string name_of_system_call(std::uint64_t number) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      number < 4096 ? ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, static_cast<int>(number)) : nullptr,
      &std::free);
  return name != nullptr ? name.get() : fmt::format("syscall_{:#x}", number);
}

namespace {

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
  const auto* shape = std::ranges::find(kCallShapes, record.number, &CallShape::number);
  const bool known = shape != std::end(kCallShapes);
  std::string_view kinds = known ? shape->kinds : "pppppp";
  const bool opens = record.number == SYS_open || record.number == SYS_openat;
  if (opens && (record.arguments[kinds.size() - 2] & (O_CREAT | __O_TMPFILE)) == 0) kinds.remove_suffix(1);
  std::string arguments;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    arguments += (i == 0 ? "" : ", ") + argument(record, i, kinds[i]);
  }
  std::string out = fmt::format("[{}] {}({}) = {}", record.thread, name_of_system_call(record.number), arguments,
                                result_of(record, known && shape->gives_address));
  if (record.requests != 0) out += " -> host";
  if (record.requests > 1) out += fmt::format(" ({} times)", record.requests);
  return out;
}

}  // namespace adyton
