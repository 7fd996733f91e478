// SPDX-License-Identifier: Apache-2.0
#include "probe_process.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace adyton::test {
namespace {

constexpr uid_t kNobody = 65534;

struct Pipe {
  Descriptor read, write;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
  }
};

bool refuse_secret_memory() {
  std::array<sock_filter, 4> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_secret, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// In the child, before the probe: false with errno if the conditions cannot be had.
bool take_conditions(const ProbeStart& start) {
  if (start.locked_memory) {
    const rlimit limit{*start.locked_memory, *start.locked_memory};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return false;
  }
  if (start.as_nobody && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) return false;
  return !start.without_secret_memory || refuse_secret_memory();
}

}  // namespace

std::string boot_text(std::uint64_t heap_bytes, int secret) {
  return "heap=" + std::to_string(heap_bytes) + ";stack=1048576;secret=" + std::to_string(secret);
}

bool is_root() { return geteuid() == 0; }

Probe::Probe(const ProbeStart& start) {
  Pipe in, out, err;
  std::vector<std::string> arguments = {start.program};
  arguments.insert(arguments.end(), start.arguments.begin(), start.arguments.end());
  std::vector<std::string> environment = start.environment;
  if (start.boot) environment.insert(environment.begin(), "ADYTON_BOOT=" + *start.boot);
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);
  // Opened by the parent: an ordinary user need not be able to reach the build folder.
  const Descriptor program(open(start.program.c_str(), O_RDONLY | O_CLOEXEC));
  pid_ = fork();
  if (pid_ == 0) {
    // Duplicated first: any of these may be descriptor 3 itself.
    const int executable = fcntl(program.get(), F_DUPFD_CLOEXEC, 10);
    const int channel = start.channel < 0 ? -1 : fcntl(start.channel, F_DUPFD_CLOEXEC, 10);
    dup2(in.read.get(), 0);
    dup2(out.write.get(), 1);
    dup2(err.write.get(), 2);
    channel < 0 ? close(3) : dup2(channel, 3);
    if (take_conditions(start)) fexecve(executable, argv.data(), envp.data());
    _exit(99);
  }
  input_ = std::move(in.write);
  output_ = std::move(out.read);
  errors_ = std::move(err.read);
}

Probe::~Probe() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

std::optional<std::string> Probe::read_line() {
  for (;;) {
    const std::size_t end = read_.find('\n');
    if (end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> buffer;
    const ssize_t count = read(output_.get(), buffer.data(), buffer.size());
    if (count <= 0) return std::nullopt;
    read_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

Probe::End Probe::end() {
  input_.reset();
  End out;
  out.output = std::move(read_);
  std::array<pollfd, 2> polled = {{{output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}}};
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    poll(polled.data(), polled.size(), -1);
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      std::array<char, 4096> buffer;
      const ssize_t count = read(polled[i].fd, buffer.data(), buffer.size());
      if (count > 0) (i == 0 ? out.output : out.errors).append(buffer.data(), static_cast<std::size_t>(count));
      if (count <= 0) polled[i].fd = -1;
    }
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  return out;
}

}  // namespace adyton::test
