// SPDX-License-Identifier: Apache-2.0
// Calls that few programs make, and structures where the compiler would not have put them.
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <iostream>
#include <string>

namespace {

std::string told(long result) { return std::to_string(result) + (result < 0 ? std::strerror(errno) : "") + " "; }

void positioned() {
  const int file = open("/tmp/positioned", O_CREAT | O_TRUNC | O_RDWR, 0600);
  char bytes[16] = "0123456789";
  iovec parts[2] = {{bytes, 4}, {bytes + 4, 6}};
  std::cout << told(pwritev(file, parts, 2, 5)) << told(pwritev2(file, parts, 2, -1, 0)) << lseek(file, 0, SEEK_CUR);
  std::memset(bytes, 0, sizeof(bytes));
  std::cout << " " << told(preadv(file, parts, 2, 7)) << bytes << told(preadv2(file, parts, 1, 0, 0))
            << told(preadv2(file, parts, 2, -1, 0)) << told(preadv(file, parts, 2, -1))
            << told(preadv(file, nullptr, 0, 0)) << told(preadv2(file, parts, 2, 0, 0x1000))
            << told(preadv(-1, parts, 2, 0));
  int pipe_ends[2], ends[2], waiting = -1;
  (void)!pipe(pipe_ends);
  (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  std::cout << told(preadv(pipe_ends[0], parts, 2, 0)) << "\n";

  lseek(file, 3, SEEK_SET);
  std::cout << told(ioctl(file, FIONREAD, &waiting)) << waiting;
  (void)!write(pipe_ends[1], "12345", 5);
  (void)!write(ends[1], "123", 3);
  std::cout << told(ioctl(pipe_ends[0], FIONREAD, &waiting)) << waiting << told(ioctl(ends[0], FIONREAD, &waiting))
            << waiting << told(fcntl(pipe_ends[0], F_GETPIPE_SZ)) << told(fcntl(pipe_ends[1], F_SETPIPE_SZ, 65536))
            << told(fcntl(file, F_GETPIPE_SZ)) << "\n";
  for (const int one : {pipe_ends[0], pipe_ends[1], ends[0], ends[1], file}) close(one);
  unlink("/tmp/positioned");
}

void ranges() {
  const int first = dup(0);
  for (int more = 1; more < 5; ++more) dup(0);
  std::cout << told(close_range(unsigned(first + 1), unsigned(first + 2), 0)) << fcntl(first, F_GETFD)
            << fcntl(first + 1, F_GETFD) << fcntl(first + 2, F_GETFD) << fcntl(first + 3, F_GETFD);
  std::cout << told(close_range(unsigned(first), ~0U, CLOSE_RANGE_CLOEXEC)) << fcntl(first, F_GETFD);
  std::cout << told(close_range(unsigned(first), ~0U, 0)) << fcntl(first + 4, F_GETFD) << told(close_range(5, 4, 0))
            << told(close_range(5, 6, 64)) << "\n";
}

void limits() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 20;
  limit.rlim_max = 30;
  std::cout << told(setrlimit(RLIMIT_NOFILE, &limit));
  int last = 0, next = 0;
  while ((next = dup(0)) >= 0) last = next;
  std::cout << last << told(next) << told(dup2(0, 20)) << told(fcntl(0, F_DUPFD, 20));
  close_range(10, ~0U, 0);
  limit.rlim_cur = 30;
  std::cout << told(setrlimit(RLIMIT_NOFILE, &limit)) << told(dup2(0, 29));
  limit.rlim_cur = 31;
  std::cout << told(setrlimit(RLIMIT_NOFILE, &limit));
  getrlimit(RLIMIT_NOFILE, &limit);
  std::cout << limit.rlim_cur << " " << limit.rlim_max;
  limit.rlim_cur = 1;
  limit.rlim_max = 0;
  std::cout << told(setrlimit(RLIMIT_NOFILE, &limit)) << "\n";
}

int statics[1024] = {1};

void memory() {
  // SAFETY: fresh addresses, of which only the first page is used after munmap().
  const auto pages =
      static_cast<char*>(mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  pages[0] = pages[4096] = pages[8192] = 1;
  unsigned char there[3] = {};
  std::cout << told(mincore(pages, 3 * 4096, there)) << int(there[0] & 1) << int(there[2] & 1)
            << told(mincore(pages + 1, 4096, there));
  // SAFETY: nobody uses what was there.
  munmap(pages + 4096, 4096);
  std::cout << told(mincore(pages, 3 * 4096, there)) << told(msync(pages, 3 * 4096, MS_ASYNC))
            << told(msync(pages, 4096, MS_ASYNC)) << "\n";
  // As unwinders ask: of a stack's page, and of static data's.
  for (void* const of : {static_cast<void*>(there), static_cast<void*>(&statics)}) {
    const auto page = static_cast<char*>(of) - reinterpret_cast<std::uintptr_t>(of) % 4096;
    there[0] = 0;
    std::cout << told(mincore(page, 4096, there)) << int(there[0] & 1) << told(msync(page, 1, MS_ASYNC))
              << told(madvise(page, 4096, MADV_WILLNEED));
  }
  // SAFETY: no command that there is.
  std::cout << told(syscall(SYS_membarrier, 1 << 20, 0, 0)) << "\n";
}

void unaligned() {
  struct [[gnu::packed]] Packed {
    char first;
    timespec time;
    int ends[2];
    struct stat found;
    iovec parts[1];
  };
  static Packed packed;
  // SAFETY: addresses in a static structure, of fields that have the sizes the calls fill.
  const auto call = [](long number, auto... arguments) { return told(syscall(number, arguments...)); };
  char* base = &packed.first;
  std::cout << call(SYS_clock_gettime, CLOCK_MONOTONIC, base + offsetof(Packed, time));
  packed.time = {0, 1000};
  std::cout << call(SYS_nanosleep, base + offsetof(Packed, time), nullptr)
            << call(SYS_pipe, base + offsetof(Packed, ends))
            << call(SYS_fstat, packed.ends[0], base + offsetof(Packed, found)) << S_ISFIFO(packed.found.st_mode);
  char byte[] = "x";
  packed.parts[0] = {byte, 1};
  std::cout << call(SYS_writev, packed.ends[1], base + offsetof(Packed, parts), 1);

  timeval left{5, 0};
  fd_set set;
  FD_ZERO(&set);
  FD_SET(packed.ends[0], &set);
  std::cout << select(packed.ends[0] + 1, &set, nullptr, nullptr, &left) << (left.tv_sec <= 5) << (left.tv_sec >= 4);
  left = {0, 20'000};
  FD_ZERO(&set);
  std::cout << select(0, &set, nullptr, nullptr, &left) << left.tv_sec << left.tv_usec << std::endl;
}

void odd_files() {
  const int file = open("/tmp/odd", O_CREAT | O_TRUNC | O_RDWR | O_APPEND, 0600);
  std::cout << told(write(file, "first", 5)) << told(pwrite(file, "last", 4, 0)) << lseek(file, 0, SEEK_END);
  struct flock lock{.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
  std::cout << told(fcntl(file, F_OFD_SETLK, &lock)) << told(fcntl(file, F_OFD_GETLK, &lock)) << lock.l_type;
  close(file);
  close(open("/tmp/odd", O_RDONLY | O_TRUNC));
  struct stat after{};
  std::cout << told(stat("/tmp/odd", &after)) << after.st_size << told(unlink("/tmp/odd")) << told(rmdir("/tmp/."))
            << told(mkdir("/dev/shm/odd", 0700)) << told(rmdir("/dev/shm/odd")) << "\n";
  static const int kNeverChanged = 5;
  // SAFETY: a word that is not what is expected, so that nobody waits.
  std::cout << sched_get_priority_max(SCHED_FIFO) << sched_get_priority_min(SCHED_RR)
            << told(syscall(SYS_futex, &kNeverChanged, FUTEX_WAIT_PRIVATE, 4, nullptr, nullptr, 0)) << "\n";
}

// Whether somebody is there, which the C library's aio asks of itself.
void nothing_sent() {
  std::cout << told(sigqueue(getpid(), 0, {})) << told(pthread_sigqueue(pthread_self(), 0, {})) << "\n";
}

}  // namespace

int main() {
  positioned();
  ranges();
  limits();
  memory();
  unaligned();
  nothing_sent();
  odd_files();
  return 0;
}
