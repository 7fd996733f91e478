// SPDX-License-Identifier: Apache-2.0
// Trusts its host as far as docs/keep.md says that it can, and says which promise was broken. argv[1]: what is looked
// at, argv[2]: how often.
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "promise.h"
#include "wary.h"

namespace {

// In read-only memory, in data, on the heap and in registers while the host is asked.
const volatile std::uint64_t read_only_secret[512] = {kWarySecret, kWarySecret};
volatile std::uint64_t data_secret[512] = {kWarySecret, kWarySecret};

constexpr long kLost = -10000;

}  // namespace

// long guarded(number, a, b, c, d, e): a system call with secrets in every register that it keeps; kLost if they were
// not kept.
// SAFETY: saves what a function has to; the system call uses no more of memory than its arguments say.
asm(R"(
guarded:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rdi, %rax
  mov %rsi, %rdi
  mov %rdx, %rsi
  mov %rcx, %rdx
  mov %r8, %r10
  mov %r9, %r8
  movabs $0x5ec7e7a11ced0c0d, %rbx
  mov %rbx, %rbp
  mov %rbx, %r12
  mov %rbx, %r13
  mov %rbx, %r14
  mov %rbx, %r15
  mov %rbx, %r9
  movq %rbx, %xmm0
  punpcklqdq %xmm0, %xmm0
  .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movdqa %xmm0, %xmm\n
  .endr
  syscall
  cmp %rbx, %rbp
  jne 1f
  cmp %rbx, %r12
  jne 1f
  cmp %rbx, %r13
  jne 1f
  cmp %rbx, %r14
  jne 1f
  cmp %rbx, %r15
  jne 1f
  movabs $0x5ec7e7a11ced0c0d, %rcx
  cmp %rbx, %rcx
  jne 1f
  movq %rbx, %xmm0
  punpcklqdq %xmm0, %xmm0
  .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  pcmpeqb %xmm0, %xmm\n
  .endr
  .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  pand %xmm\n, %xmm1
  .endr
  pmovmskb %xmm1, %ecx
  cmp $0xffff, %ecx
  je 2f
1:
  mov $-10000, %rax
2:
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
)");
extern "C" [[gnu::visibility("hidden")]] long guarded(long number, ...);

namespace {

template <typename... Arguments>
long ask(long number, Arguments... arguments) {
  const long result = guarded(number, arguments...);
  PROMISE(result != kLost);
  PROMISE(read_only_secret[0] == kWarySecret && data_secret[0] == kWarySecret);
  return result;
}

bool small_error(long result) { return result < 0 && result >= -133; }

timespec now(clockid_t clock = CLOCK_MONOTONIC) {
  timespec out{};
  PROMISE(ask(SYS_clock_gettime, clock, &out) == 0);
  PROMISE(out.tv_nsec >= 0 && out.tv_nsec < 1'000'000'000 && out.tv_sec >= 0);
  return out;
}
bool before(const timespec& a, const timespec& b) {
  return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

void look_at_reads(long times, std::size_t most, bool in_parts) {
  constexpr std::size_t kCanary = 4096;
  constexpr char kUntouched = 0x33;
  char* const memory = static_cast<char*>(malloc(most + 2 * kCanary));
  for (long time = 0; time < times; ++time) {
    memset(memory, kUntouched, most + 2 * kCanary);
    char* const buffer = memory + kCanary;
    const iovec parts[2] = {{buffer, most / 2}, {buffer + most / 2, most - most / 2}};
    const long given = in_parts ? ask(SYS_readv, 0, parts, 2) : ask(SYS_read, 0, buffer, most);
    PROMISE(small_error(given) || (given >= 0 && static_cast<std::size_t>(given) <= most));
    const std::size_t taken = given < 0 ? 0 : static_cast<std::size_t>(given);
    for (std::size_t i = 0; i < kCanary; ++i) {
      PROMISE(memory[i] == kUntouched && buffer[most + i] == kUntouched);
      if (i < most - taken && !in_parts) PROMISE(buffer[taken + i] == kUntouched);
    }
  }
  free(memory);
}

void look_at_writes(long times, std::size_t bytes) {
  char* const memory = static_cast<char*>(malloc(bytes));
  memset(memory, 'w', bytes);
  for (long time = 0; time < times; ++time) {
    const long taken = ask(SYS_write, 1, memory, bytes);
    PROMISE(small_error(taken) || (taken >= 0 && static_cast<std::size_t>(taken) <= bytes));
  }
  free(memory);
}

void look_at_clocks(long times) {
  timespec last[2] = {};
  for (long time = 0; time < times; ++time) {
    for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC}) {
      const timespec next = now(clock);
      PROMISE(!before(next, last[clock]));
      last[clock] = next;
    }
  }
}

void look_at_sleep() {
  const timespec start = now(), second{1, 0};
  PROMISE(ask(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &second, nullptr) == 0);
  const timespec end = now();
  PROMISE(!before(end, {start.tv_sec + 1, start.tv_nsec}));
}

// Nobody wakes it, whatever the host says.
void look_at_futex() {
  static std::uint32_t word = 5;
  const timespec start = now(), second{1, 0};
  PROMISE(ask(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &second) == -ETIMEDOUT);
  const timespec end = now();
  PROMISE(!before(end, {start.tv_sec + 1, start.tv_nsec}));
  PROMISE(ask(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 4, &second) == -EAGAIN);
  PROMISE(ask(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1) == 0);
}

volatile int threads_run = 0;
void* run_thread(void*) {
  __atomic_add_fetch(&threads_run, 1, __ATOMIC_SEQ_CST);
  PROMISE(read_only_secret[1] == kWarySecret);
  return nullptr;
}

void look_at_threads(long times) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 32768);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (long time = 0; time < times; ++time) {
    pthread_t thread;
    const int error = pthread_create(&thread, &attributes, &run_thread, nullptr);
    PROMISE(error == 0 || error == EAGAIN);
    (void)now();
  }
  PROMISE(threads_run <= times);
}

std::uint64_t own_base = 0, own_bytes = 0;

// Wakes a thread that waits: the host hears of it, and may do what it likes.
std::uint32_t woken_word = 0;
void* wait_for_word(void*) {
  const long waited = ask(SYS_futex, &woken_word, FUTEX_WAIT_PRIVATE, 0, nullptr);
  PROMISE(waited == 0 || waited == -EAGAIN);
  return nullptr;
}
void look_at_wakes() {
  pthread_t thread;
  PROMISE(pthread_create(&thread, nullptr, &wait_for_word, nullptr) == 0);
  PROMISE(ask(SYS_futex, &woken_word, FUTEX_WAKE_PRIVATE, 5) == 1);  // it has come to sleep by now
  PROMISE(ask(SYS_futex, &woken_word, FUTEX_WAKE_PRIVATE, 5) == 0);
}

// Either there is none, or all of it lies outside the enclave.
volatile std::uint32_t* map_host_memory(std::size_t bytes) {
  void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
  if (mapped == MAP_FAILED) return nullptr;
  const auto begin = reinterpret_cast<std::uint64_t>(mapped);  // SAFETY: compared only.
  PROMISE(begin % 4096 == 0 && begin < 1ull << 47 && bytes <= (1ull << 47) - begin);
  PROMISE(begin + bytes <= own_base || begin >= own_base + own_bytes);
  return static_cast<volatile std::uint32_t*>(mapped);
}

void look_at_host_memory(std::size_t bytes) {
  (void)map_host_memory(bytes);
  // SAFETY: all of these are refused.
  PROMISE(map_host_memory(bytes + 4096) == nullptr);
  PROMISE(mmap(nullptr, bytes, PROT_READ | PROT_EXEC, MAP_SHARED, 3, 0) == MAP_FAILED);
  PROMISE(mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, 3, 0) == MAP_FAILED);
  PROMISE(mmap(nullptr, bytes, PROT_READ, MAP_SHARED, 3, 4096) == MAP_FAILED);
}

void look_at_host_futex(long times) {
  volatile std::uint32_t* const words = map_host_memory(kWaryMemoryBytes);
  PROMISE(words != nullptr);
  const timespec soon{0, 1000};
  for (long time = 0; time < times; ++time) {
    const long waited = ask(SYS_futex, words, FUTEX_WAIT, 0, &soon);
    PROMISE(waited == 0 || small_error(waited));
    const long woken = ask(SYS_futex, words, FUTEX_WAKE, 7);
    PROMISE((woken >= 0 && woken <= 7) || small_error(woken));
  }
}

void look_at_processors(long times) {
  for (long time = 0; time < times; ++time) {
    std::uint64_t mask[4] = {0, 1, 2, 3};
    const long bytes = ask(SYS_sched_getaffinity, 0, 8, mask);
    PROMISE(bytes == 8 && mask[0] != 0 && mask[1] == 1);
    const std::uint64_t first = 1;
    const long set = ask(SYS_sched_setaffinity, 0, 8, &first);
    PROMISE(set == 0 || small_error(set));
    unsigned processor = 7, node = 7;
    const long asked = ask(SYS_getcpu, &processor, &node, nullptr);
    PROMISE(asked == 0 && processor <= 0xfff);
    PROMISE(ask(SYS_sched_yield) == 0);
  }
}

// What the host lists: whole entries, with names that lead nowhere else.
void look_at_list(const char* buffer, long bytes) {
  for (long done = 0; done < bytes;) {
    std::uint16_t length = 0;
    std::int64_t offset = 0;
    PROMISE(bytes - done >= 21);
    memcpy(&offset, buffer + done + 8, sizeof(offset));
    memcpy(&length, buffer + done + 16, sizeof(length));
    PROMISE(length >= 21 && length <= bytes - done && offset >= 0);
    const char* const name = buffer + done + 19;
    const void* const end = memchr(name, 0, static_cast<std::size_t>(length) - 19);
    PROMISE(end != nullptr && *name != 0 && memchr(name, '/', strlen(name)) == nullptr && strlen(name) <= 255);
    done += length;
  }
}

void look_at_shared_files(long times) {
  constexpr long kMost = 1000, kCanary = 4096;
  constexpr char kUntouched = 0x33;
  alignas(8) static char memory[kMost + 2 * kCanary];
  char* const buffer = memory + kCanary;
  const auto kept = [&](long result, long most) { return small_error(result) || (result >= 0 && result <= most); };
  for (long time = 0; time < times; ++time) {
    memset(memory, kUntouched, sizeof(memory));
    const long folder = ask(SYS_openat, AT_FDCWD, "/shared", O_RDONLY | O_DIRECTORY, 0);
    const long file = ask(SYS_openat, AT_FDCWD, "/shared/a/b", O_RDWR, 0);
    PROMISE(kept(folder, 1023) && kept(file, 1023));
    const long listed = folder < 0 ? 0 : ask(SYS_getdents64, folder, buffer, kMost);
    PROMISE(kept(listed, kMost));
    look_at_list(buffer, listed);
    if (file >= 0) {
      PROMISE(kept(ask(SYS_pread64, file, buffer, kMost, 5), kMost) && kept(ask(SYS_read, file, buffer, kMost), kMost));
      PROMISE(kept(ask(SYS_write, file, buffer, kMost), kMost));
      PROMISE(ask(SYS_lseek, file, 0, SEEK_CUR) >= 0 && kept(ask(SYS_lseek, file, 0, SEEK_END), INT64_MAX));
      PROMISE(ask(SYS_fcntl, file, F_SETFL, O_APPEND) == 0 && kept(ask(SYS_write, file, buffer, kMost), kMost));
      PROMISE(ask(SYS_lseek, file, 0, SEEK_CUR) >= 0);
      PROMISE(kept(ask(SYS_ftruncate, file, 7), 0) && kept(ask(SYS_fsync, file), 0) &&
              kept(ask(SYS_flock, file, 6), 0));
      struct flock lock{};
      PROMISE(kept(ask(SYS_fcntl, file, F_SETLK, &lock), 0) && kept(ask(SYS_fcntl, file, F_GETLK, &lock), 0));
      PROMISE(lock.l_start >= 0 && lock.l_len >= 0);
      struct stat info{};
      PROMISE(kept(ask(SYS_fstat, file, &info), 0));
      PROMISE(info.st_size >= 0 && info.st_mtim.tv_nsec >= 0 && info.st_mtim.tv_nsec < 1'000'000'000);
      const long mapped = ask(SYS_mmap, 0, kMost, PROT_READ | PROT_WRITE, MAP_PRIVATE, file);
      PROMISE(small_error(mapped) || (static_cast<std::uint64_t>(mapped) - own_base < own_bytes));
      if (mapped > 0) PROMISE(ask(SYS_munmap, mapped, kMost) == 0);
      PROMISE(ask(SYS_close, file) == 0);
    }
    if (folder >= 0) PROMISE(ask(SYS_close, folder) == 0);
    PROMISE(kept(ask(SYS_mkdir, "/shared/c", 0755), 0) && kept(ask(SYS_unlink, "/shared/c"), 0));
    PROMISE(kept(ask(SYS_rename, "/shared/c", "/shared/d"), 0) && kept(ask(SYS_access, "/shared/c", 0), 0));
    for (long i = 0; i < kCanary; ++i) PROMISE(memory[i] == kUntouched && buffer[kMost + i] == kUntouched);
  }
}

void skip(int, siginfo_t*, void* context) {
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP] += 2;
  threads_run = threads_run + 1;
}

void trap(long times) {
  struct sigaction action{};
  action.sa_sigaction = &skip;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, nullptr);
  for (long time = 0; time < times; ++time) asm volatile("ud2" : : : "memory");  // SAFETY: skipped by the handler.
  PROMISE(threads_run == times);
}

// Inside, and asking for nothing, until the host lets it go on.
void spin() {
  volatile std::uint32_t* const words = map_host_memory(kWaryMemoryBytes);
  PROMISE(words != nullptr);
  words[0] = 1;
  while (words[1] == 0) {
  }
  PROMISE(read_only_secret[0] == kWarySecret && data_secret[0] == kWarySecret);
}

}  // namespace

int main(int count, char** arguments) {
  const auto* config = reinterpret_cast<const std::uint64_t*>(getauxval(0x4144594b));  // SAFETY: kAuxiliaryKeepConfig
  if (config != nullptr) {
    own_bytes = config[1];
    own_base = reinterpret_cast<std::uint64_t>(config) - config[2];  // SAFETY: for arithmetic only.
  }
  volatile std::uint64_t* const heap_secret = static_cast<std::uint64_t*>(malloc(4096));
  for (int i = 0; i < 512; ++i) heap_secret[i] = kWarySecret;
  const char* const what = count > 1 ? arguments[1] : "nothing";
  const long times = count > 2 ? atol(arguments[2]) : 1;
  const auto is = [&](const char* name) { return strcmp(what, name) == 0; };
  if (is("read")) look_at_reads(times, 1000, false);
  if (is("read-much")) look_at_reads(times, 200'000, false);
  if (is("readv")) look_at_reads(times, 1000, true);
  if (is("write")) look_at_writes(times, 1000);
  if (is("write-much")) look_at_writes(times, 200'000);
  if (is("clock")) look_at_clocks(times);
  if (is("sleep")) look_at_sleep();
  if (is("futex")) look_at_futex();
  if (is("threads")) look_at_threads(times);
  if (is("wake")) look_at_wakes();
  if (is("memory")) look_at_host_memory(static_cast<std::size_t>(times));
  if (is("host-futex")) look_at_host_futex(times);
  if (is("processors")) look_at_processors(times);
  if (is("time-stamp")) {
    for (long time = 0; time < times; ++time) (void)__builtin_ia32_rdtsc();
  }
  if (is("shared")) look_at_shared_files(times);
  if (is("trap")) trap(times);
  if (is("spin")) spin();
  if (is("touch")) (void)*reinterpret_cast<volatile char*>(16);  // SAFETY: faults, as it should.
  PROMISE(heap_secret[511] == kWarySecret);
  _exit(0);
}
