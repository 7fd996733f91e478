// SPDX-License-Identifier: Apache-2.0
// The tests of the sandbox once more where hosts run in real life: as an ordinary user, as root of a container that may
// not make namespaces, as an ordinary user of such a container, and under somebody else's seccomp listener. Each runs
// this test program again after giving up what that place does not have.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "platform/process/sandbox_fixture.h"
#include "platform/process/supervisor/sys.h"

namespace adyton {
namespace {

constexpr uid_t kNobody = 65534;

bool become_nobody() {
  return ::setgroups(0, nullptr) == 0 && ::setresgid(kNobody, kNobody, kNobody) == 0 &&
         ::setresuid(kNobody, kNobody, kNobody) == 0;
}

// What Docker's and Podman's default profiles refuse to a container without CAP_SYS_ADMIN.
bool forbid_namespaces() {
  const std::unique_ptr<void, decltype(&::seccomp_release)> filter(::seccomp_init(SCMP_ACT_ALLOW), &::seccomp_release);
  bool good = filter != nullptr;
  const auto refuse = [&](int call, auto... conditions) {
    good = good &&
           ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, sizeof...(conditions), conditions...) == 0;
  };
  for (const int call :
       {SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(fsopen),
        SCMP_SYS(fsmount), SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(mount_setattr)}) {
    refuse(call);
  }
  for (const std::uint64_t flag :
       {CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP}) {
    refuse(SCMP_SYS(clone), SCMP_A0_64(SCMP_CMP_MASKED_EQ, flag, flag));
  }
  good = good && ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
  return good && ::seccomp_load(filter.get()) == 0;
}

// The capabilities that container engines leave to root.
bool keep_container_capabilities() {
  std::uint64_t kept = 0;
  for (const int capability : {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID,
                               CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_SETFCAP}) {
    kept |= std::uint64_t{1} << capability;
  }
  for (int capability = 0; capability < 64; ++capability) {
    if ((kept >> capability & 1) == 0) ::prctl(PR_CAPBSET_DROP, capability);
  }
  return supervisor::set_capabilities(kept) == 0;
}

// Root of a user namespace that has no other user, as unshare -r, bubblewrap and engines without /etc/subuid make it.
bool be_the_only_user() {
  const std::string user = std::to_string(::geteuid()), group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER) != 0) return false;
  ::prctl(PR_SET_DUMPABLE, 1);  // the files below belong to root otherwise
  const std::pair<const char*, std::string> maps[] = {{"/proc/self/uid_map", "0 " + user + " 1"},
                                                      {"/proc/self/setgroups", "deny"},
                                                      {"/proc/self/gid_map", "0 " + group + " 1"}};
  for (const auto& [path, text] : maps) {
    if (!(std::ofstream(path) << text << std::flush)) return false;
  }
  return true;
}

bool give_up_all_capabilities() {
  for (int capability = 0; capability < 64; ++capability) ::prctl(PR_CAPBSET_DROP, capability);
  return supervisor::set_capabilities(0) == 0;
}

// A listener for a call that nothing here makes; it stays open over the execve.
bool have_a_listener() {
  const std::unique_ptr<void, decltype(&::seccomp_release)> filter(::seccomp_init(SCMP_ACT_ALLOW), &::seccomp_release);
  if (filter == nullptr || ::seccomp_rule_add(filter.get(), SCMP_ACT_NOTIFY, SCMP_SYS(swapoff), 0) != 0) return false;
  if (::seccomp_load(filter.get()) != 0) return false;
  return ::fcntl(::seccomp_notify_fd(filter.get()), F_SETFD, 0) == 0;
}

constexpr int kCannotPrepare = 126;

// Runs the tests `filter` in this program again, after `prepare`. Returns their exit status; what they say is shown if
// it is not 0.
int run_tests(const std::string& filter, const std::function<bool()>& prepare) {
  const std::string argument = "--gtest_filter=" + filter;
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> output(std::tmpfile(), &std::fclose);
  if (output == nullptr) return 125;
  std::fflush(nullptr);
  const pid_t process = ::fork();
  if (process == 0) {
    ::dup2(::fileno(output.get()), STDOUT_FILENO);
    ::dup2(::fileno(output.get()), STDERR_FILENO);
    if (!prepare()) ::_exit(kCannotPrepare);
    ::execl("/proc/self/exe", "sandbox", argument.c_str(), "--gtest_brief=1", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  if (status != 0) {
    std::rewind(output.get());
    for (int c = std::fgetc(output.get()); c != EOF; c = std::fgetc(output.get())) std::fputc(c, stderr);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

constexpr char kAll[] = "SandboxTest.*:SandboxWatchTest.*:SandboxLeakTest.*:ProcessBackendTest.*";

// Where the enclave is the same root as its host. Without what takes another user to see.
constexpr char kSameRoot[] =
    "SandboxTest.*:ProcessBackendTest.*-SandboxTest.HasAUserOfItsOwnIfItCan:"
    "SandboxTest.IsHiddenFromItsUserUnlessDebuggable";

class SandboxEnvironmentTest : public SandboxTest {
 protected:
  static void need_root() {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give up root's rights";
  }
};

TEST_F(SandboxEnvironmentTest, OrdinaryUser) {
  need_root();
  EXPECT_EQ(run_tests(kAll, become_nobody), 0);
}

TEST_F(SandboxEnvironmentTest, RootOfAContainer) {
  need_root();
  EXPECT_EQ(run_tests(kAll, [] { return keep_container_capabilities() && forbid_namespaces(); }), 0);
}

TEST_F(SandboxEnvironmentTest, RootOfAContainerThatMayHaveUserNamespaces) {
  need_root();
  EXPECT_EQ(run_tests(kAll, keep_container_capabilities), 0);
}

TEST_F(SandboxEnvironmentTest, OrdinaryUserOfAContainer) {
  EXPECT_EQ(run_tests(kAll, [] { return (::geteuid() != 0 || become_nobody()) && forbid_namespaces(); }), 0);
}

TEST_F(SandboxEnvironmentTest, RootWithoutCapabilities) {
  need_root();
  EXPECT_EQ(run_tests(kSameRoot, give_up_all_capabilities), 0);
}

TEST_F(SandboxEnvironmentTest, UnderAnotherListener) { EXPECT_EQ(run_tests(kAll, have_a_listener), 0); }

// The names of the layers that a host in such a place reports as missing.
std::set<std::string> missing(const std::function<bool()>& prepare) {
  Hosted host = start_host("missing", prepare);
  std::set<std::string> names;
  for (std::string line = host.line_with(" "); !line.empty(); line = host.line_with(" ")) {
    EXPECT_FALSE(line.starts_with("error")) << line;
    if (line.starts_with("missing ")) names.insert(line.substr(8));
  }
  int status = 0;
  ::waitpid(host.process, &status, 0);
  EXPECT_EQ(status, 0);
  return names;
}

TEST_F(SandboxEnvironmentTest, WhatIsMissingIsNamed) {
  const auto names = missing([] { return (::geteuid() != 0 || become_nobody()) && forbid_namespaces(); });
  for (const char* name : {"user namespace", "mount namespace", "pid namespace", "network namespace", "ipc namespace",
                           "uts namespace", "cgroup namespace"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  EXPECT_TRUE(missing(have_a_listener).contains("single execution"));
  EXPECT_EQ(missing(give_up_all_capabilities).contains("own user"), ::geteuid() == 0);
}

// Nothing could be launched there.
TEST_F(SandboxEnvironmentTest, OnlyUserOfANamespace) {
  const int status = run_tests(kSameRoot, be_the_only_user);
  if (status == kCannotPrepare) GTEST_SKIP() << "no user namespaces here";
  EXPECT_EQ(status, 0);
  EXPECT_EQ(run_tests(kSameRoot, [] { return be_the_only_user() && forbid_namespaces(); }), 0);
  EXPECT_TRUE(missing(be_the_only_user).contains("own user"));
}

}  // namespace
}  // namespace adyton
