// SPDX-License-Identifier: Apache-2.0
#include "platform/process/supervisor/isolation.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/process/supervisor/sys.h"

namespace adyton::supervisor {
namespace {

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << capability; }

int write_file(const char* path, const char* text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  const auto size = static_cast<ssize_t>(std::strlen(text));
  const int error = ::write(file, text, static_cast<std::size_t>(size)) == size ? 0 : -errno;
  ::close(file);
  return error;
}

// The group id stays unmapped unless a file has to be made in the new root. The executable belongs to that group, so
// the kernel sees that the enclave's namespace does not own it, and lets nobody look into the enclave who has no
// rights in the namespace above (would_dump() in fs/exec.c). The owner of a user namespace would have them in it.
int enter_user_namespace(bool needs_group) {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER) != 0) return -errno;
  ::prctl(PR_SET_DUMPABLE, 1);  // the files below belong to root otherwise
  char line[64];
  std::snprintf(line, sizeof line, "%u %u 1\n", user, user);
  if (const int error = write_file("/proc/self/uid_map", line); error != 0) return error;
  if (!needs_group) return 0;
  std::snprintf(line, sizeof line, "%u %u 1\n", group, group);
  if (const int error = write_file("/proc/self/setgroups", "deny"); error != 0) return error;
  return write_file("/proc/self/gid_map", line);
}

// A user namespace in which the host's user is the enclave's: files bound with it look like the enclave's own.
int make_owner_map(std::uint32_t enclave_user) {
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) != 0) return -errno;
  const int child = clone_process(CLONE_NEWUSER);
  if (child == 0) {
    ::close(gate[1]);
    char byte = 0;
    ::_exit(static_cast<int>(::read(gate[0], &byte, 1)));
  }
  int map = child;
  if (child > 0) {
    char path[64], line[64];
    std::snprintf(line, sizeof line, "%u %u 1\n", ::geteuid(), enclave_user);
    std::snprintf(path, sizeof path, "/proc/%d/uid_map", child);
    map = write_file(path, line);
    std::snprintf(line, sizeof line, "%u %u 1\n", ::getegid(), enclave_user);
    std::snprintf(path, sizeof path, "/proc/%d/gid_map", child);
    if (map == 0) map = write_file(path, line);
    std::snprintf(path, sizeof path, "/proc/%d/ns/user", child);
    if (map == 0) map = ::open(path, O_RDONLY | O_CLOEXEC);
    if (map == -1) map = -errno;
  }
  ::close(gate[1]);
  ::close(gate[0]);
  if (child > 0) ::waitpid(child, nullptr, 0);
  return map;
}

// Whether all users there can be are users here, as outside of any user namespace.
bool has_every_user() {
  char text[64] = "";
  const int file = ::open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t size = ::read(file, text, sizeof text - 1);
  ::close(file);
  unsigned inside = 1, outside = 1, count = 0;
  return size > 0 && std::sscanf(text, "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 && outside == 0 &&
         count == 0xffffffff;
}

// Whether become() would work: the capabilities count for nothing where there are no other users to become, as in a
// user namespace that has one. Tried there by a child; elsewhere that would only take time.
int try_to_become(std::uint32_t user) {
  if (has_every_user()) return 0;
  const int child = clone_process(0);
  if (child == 0) ::_exit(-become(user));
  int status = 0;
  if (child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status)) return -WEXITSTATUS(status);
  return child < 0 ? child : -ECHILD;
}

}  // namespace

Isolation isolate(const ReceivedOrders& orders, HostLink& host) {
  Isolation got;
  const std::uint64_t capabilities = effective_capabilities();
  const bool has_rights = (capabilities & bit(CAP_SETUID)) != 0 && (capabilities & bit(CAP_SETGID)) != 0;
  const int own_user = has_rights ? try_to_become(orders.header.user) : -EPERM;
  const bool may_change_user = own_user == 0;
  got.administrator = (capabilities & bit(CAP_SYS_ADMIN)) != 0 && may_change_user;
  if (got.administrator && orders.has_files()) got.file_owner = make_owner_map(orders.header.user);

  if (!got.administrator) {
    // Root of a container without CAP_SYS_ADMIN: everything from here on runs as the enclave's own user.
    if (may_change_user) {
      const int error = become(orders.header.user);
      host.layer(Layer::kOwnUser, error, static_cast<int>(::geteuid()));
      if (orders.has_files()) host.layer(Layer::kFileOwner, -EPERM);  // that takes CAP_SYS_ADMIN
    } else if (::geteuid() == 0) {
      host.layer(Layer::kOwnUser, own_user);  // an ordinary user has no other to become
    }
    const int error = enter_user_namespace(orders.has_files());
    got.user_namespace = error == 0;
    host.layer(Layer::kUserNamespace, error);
  }
  struct {
    Layer layer;
    int flag;
    bool* had;
  } const wanted[] = {
      {Layer::kMountNamespace, CLONE_NEWNS, &got.mount_namespace},
      {Layer::kPidNamespace, CLONE_NEWPID, &got.pid_namespace},
      {Layer::kNetworkNamespace, CLONE_NEWNET, nullptr},
      {Layer::kIpcNamespace, CLONE_NEWIPC, nullptr},
      {Layer::kUtsNamespace, CLONE_NEWUTS, nullptr},
      {Layer::kCgroupNamespace, CLONE_NEWCGROUP, nullptr},
  };
  for (const auto& each : wanted) {
    if (each.flag == CLONE_NEWNET && orders.has(kKeepNetwork)) continue;
    if (each.flag == CLONE_NEWPID && orders.has(kWaitForDebugger)) continue;  // gdb confuses threads across one
    const int error = ::unshare(each.flag) == 0 ? 0 : -errno;
    if (each.had != nullptr) *each.had = error == 0;
    if (each.flag == CLONE_NEWUTS && error == 0) ::sethostname("enclave", 7);
    host.layer(each.layer, error);
  }
  return got;
}

int become(std::uint32_t user) {
  ::prctl(PR_SET_KEEPCAPS, 1);  // until keep_capabilities()
  if (::setgroups(0, nullptr) != 0) return -errno;
  const std::uint32_t choices[] = {user, 65534};
  for (const std::uint32_t id : choices) {
    if (::setresgid(id, id, id) == 0 && ::setresuid(id, id, id) == 0) return 0;
  }
  return -errno;
}

int keep_capabilities(std::uint64_t kept, bool ambient) {
  for (int capability = 0; capability < 64; ++capability) {
    // Refused without CAP_SETPCAP, where it does not matter: no_new_privs lets nothing gain from the bounding set.
    if ((kept & bit(capability)) == 0 && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;
  }
  if (const int error = set_capabilities(kept); error != 0) return error;
  for (int capability = 0; ambient && capability < 64; ++capability) {
    if ((kept & bit(capability)) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return -errno;
  }
  return 0;
}

}  // namespace adyton::supervisor
