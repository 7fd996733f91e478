// SPDX-License-Identifier: Apache-2.0
#include "platform/process/layers.h"

#include <cerrno>

#include "base/error.h"

namespace adyton {
namespace {

using supervisor::Layer;
using supervisor::Step;

struct Words {
  Layer layer;
  std::string_view name;
  std::string_view without;  // what is so when the layer is missing
  std::string_view remedy;
};

constexpr std::string_view kAllowNamespaces =
    "allow namespaces here: in a container its security profile (for example --security-opt seccomp=unconfined), on a "
    "machine the sysctls user.max_user_namespaces, kernel.unprivileged_userns_clone and "
    "kernel.apparmor_restrict_unprivileged_userns";
constexpr std::string_view kNewerKernel =
    "enable Landlock (lsm=landlock,... on the kernel command line) or use a newer kernel";

constexpr Words kWords[] = {
    {Layer::kOwnUser, "own user", "the enclave runs under the user id of its host",
     "give the host CAP_SETUID and CAP_SETGID, and in a container more users than one (/etc/subuid)"},
    {Layer::kUserNamespace, "user namespace", "an ordinary user cannot have the other namespaces", kAllowNamespaces},
    {Layer::kMountNamespace, "mount namespace", "the enclave's root folder is this machine's", kAllowNamespaces},
    {Layer::kPidNamespace, "pid namespace", "the enclave's system calls can name this machine's processes",
     kAllowNamespaces},
    {Layer::kNetworkNamespace, "network namespace",
     "only the system call filter and Landlock keep the enclave from the network", kAllowNamespaces},
    {Layer::kIpcNamespace, "ipc namespace", "the enclave shares this machine's System V objects", kAllowNamespaces},
    {Layer::kUtsNamespace, "uts namespace", "the enclave sees this machine's name", kAllowNamespaces},
    {Layer::kCgroupNamespace, "cgroup namespace", "the enclave could see its cgroup's path", kAllowNamespaces},
    {Layer::kEmptyRoot, "empty root folder", "only the system call filter and Landlock keep the enclave from files",
     kAllowNamespaces},
    {Layer::kFileOwner, "own files",
     "the manifest's files keep their owners, and the enclave is any other user to them",
     "use a file system with idmapped mounts (ext4, xfs, btrfs, tmpfs from Linux 6.3), or let others read the files"},
    {Layer::kLandlock, "landlock", "only the root folder and the system call filter keep the enclave from files",
     kNewerKernel},
    {Layer::kLandlockNetwork, "landlock ports", "an enclave whose manifest lists ports can use any TCP port",
     "use Linux 6.7 or newer with Landlock"},
    {Layer::kLandlockScope, "landlock scope",
     "only the system call filter keeps the enclave from signals and abstract sockets",
     "use Linux 6.12 or newer with Landlock"},
    {Layer::kExecOnce, "single execution",
     "the enclave could execute a file of its root folder, with no rights beyond its own",
     "use Linux 5.8 or newer, in a container without a seccomp listener of its own"},
    {Layer::kLockedMemory, "locked memory", "secret memory ends at the limit of locked memory",
     "raise it (ulimit -l, LimitMEMLOCK=infinity of a systemd service), or launch as root"},
    {Layer::kHiddenFromOwner, "hidden from its user", "other programs of the same user can trace the enclave",
     "start the host as a member of a second group, or as root, or take the files out of the manifest"},
};
static_assert(std::size(kWords) == static_cast<std::size_t>(Layer::kCount));

const Words& words_of(Layer layer) {
  for (const Words& words : kWords) {
    if (words.layer == layer) return words;
  }
  return kWords[0];
}

std::string_view text_of(Step step) {
  switch (step) {
    case Step::kOrdersRead: return "reading its orders";
    case Step::kDescriptors: return "arranging descriptors";
    case Step::kFork: return "making a process";
    case Step::kNoNewPrivileges: return "setting no_new_privs";
    case Step::kLimits: return "setting resource limits";
    case Step::kIdentity: return "giving up its rights";
    case Step::kFilter: return "installing the system call filter";
    case Step::kTrace: return "stopping for a debugger";
    case Step::kExecute: return "executing the image";
  }
  return "an unknown step";
}

}  // namespace

std::string_view name_of(Layer layer) { return words_of(layer).name; }

std::string describe_missing(const LayerState& state) {
  const Words& words = words_of(state.layer);
  return fmt::format("no {} ({}): {}", words.name, errno_text(state.error), words.without);
}

Check check_of(const LayerState& state) {
  const Words& words = words_of(state.layer);
  Check check{.name = std::string(words.name), .state = Check::State::kOk, .detail = "tried, and had", .remedy = ""};
  if (state.layer == Layer::kLandlock && state.error == 0) check.detail = fmt::format("version {}", state.detail);
  if (state.layer == Layer::kOwnUser && state.error == 0) check.detail = "a user id that nothing else has";
  if (state.layer == Layer::kLockedMemory && state.error == 0) check.detail = "not limited";
  if (state.error == 0) return check;
  check.state = Check::State::kDegraded;
  check.detail = fmt::format("{}: {}", errno_text(state.error), words.without);
  if (state.layer == Layer::kLockedMemory) check.detail = fmt::format("{}, {} KiB", words.without, state.detail);
  check.remedy = std::string(words.remedy);
  return check;
}

Error describe_failure(Step step, int error_number) {
  if (step == Step::kExecute && error_number == EACCES) {
    return unavailable("executing the image: {}; a security module or vm.memfd_noexec forbids executable memory files",
                       errno_text(error_number));
  }
  return unavailable("the sandbox could not be made: {}: {}", text_of(step), errno_text(error_number));
}

}  // namespace adyton
