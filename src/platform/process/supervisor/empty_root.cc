// SPDX-License-Identifier: Apache-2.0
// The root folder of an enclave: nothing but the manifest's files (isolation.h).
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/process/supervisor/isolation.h"
#include "platform/process/supervisor/sys.h"

namespace adyton::supervisor {
namespace {

constexpr std::uint64_t kInert = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

class Root {
 public:
  Root(const Isolation& isolation, HostLink& host) : isolation_(isolation), host_(host) {}

  // Makes the new root and attaches it over the old one, which stays the root of this process until enter(). Where the
  // host runs in a chroot, whose root is no mount that could be covered or exchanged, the new one stays attached to
  // nothing.
  int attach() {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      if (errno != EINVAL) return -errno;
      attached_ = false;
    }
    const int files = ::fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (files < 0) return -errno;
    if (::fsconfig(files, FSCONFIG_SET_STRING, "mode", "0755", 0) != 0 ||
        ::fsconfig(files, FSCONFIG_SET_STRING, "size", "64k", 0) != 0 ||
        ::fsconfig(files, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
      return -errno;
    }
    root_ = ::fsmount(files, FSMOUNT_CLOEXEC, kInert);
    if (root_ < 0) return -errno;
    ::close(files);
    if (!attached_) return 0;
    return ::move_mount(root_, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) == 0 ? 0 : -errno;
  }

  // Shows an absolute path of the old root at the same place in the new one.
  int bind(const char* path, bool writable) {
    const int tree = ::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0) return -errno;
    mount_attr attributes{};
    attributes.attr_set = kInert | (writable ? 0 : MOUNT_ATTR_RDONLY);
    if (::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0) return -errno;
    if (isolation_.administrator) give_to_enclave(tree);
    struct stat info{};
    if (::fstat(tree, &info) != 0) return -errno;
    const char* place = path + 1;
    if (const int error = make_mount_point(place, S_ISDIR(info.st_mode)); error != 0) return error;
    if (::move_mount(tree, "", root_, place, MOVE_MOUNT_F_EMPTY_PATH) != 0) return -errno;
    ::close(tree);
    return 0;
  }

  // Nothing can be changed in it any more, and it becomes the root of this process.
  int enter() {
    mount_attr attributes{};
    attributes.attr_set = kInert | MOUNT_ATTR_RDONLY;
    if (::mount_setattr(root_, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) return -errno;
    if (::fchdir(root_) != 0) return -errno;
    if (attached_) {
      if (const int error = pivot_root(".", "."); error != 0) return error;
      // The old root now lies over the new one (pivot_root(2), notes); lazily, because it is busy elsewhere.
      if (::umount2(".", MNT_DETACH) != 0) return -errno;
      ::close(root_);
    } else if (::chroot(".") != 0) {
      // (Out of a chroot comes who may make another: the enclave has neither the capability nor the call.) The
      // descriptor stays open in the supervisor: with its last one an unattached mount loses what is mounted in it.
      return -errno;
    }
    return ::chdir("/") == 0 ? 0 : -errno;
  }

 private:
  // File systems that cannot do it keep their owners, and then the enclave has the rights of any other user there.
  void give_to_enclave(int tree) {
    int error = isolation_.file_owner;
    if (error >= 0) {
      mount_attr attributes{};
      attributes.attr_set = MOUNT_ATTR_IDMAP;
      attributes.userns_fd = static_cast<std::uint64_t>(isolation_.file_owner);
      error = ::mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0 ? 0 : -errno;
    }
    host_.layer(Layer::kFileOwner, error);
  }

  int make_mount_point(const char* place, bool folder) const {
    char path[4096];
    const std::size_t size = std::strlen(place);
    if (size >= sizeof path) return -ENAMETOOLONG;
    std::memcpy(path, place, size + 1);
    for (char* slash = std::strchr(path, '/'); slash != nullptr; slash = std::strchr(slash + 1, '/')) {
      *slash = '\0';
      if (::mkdirat(root_, path, 0755) != 0 && errno != EEXIST) return -errno;
      *slash = '/';
    }
    if (::faccessat(root_, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return 0;  // in a folder that was bound before
    if (folder) return ::mkdirat(root_, path, 0755) == 0 ? 0 : -errno;
    return ::mknodat(root_, path, S_IFREG | 0644, 0) == 0 ? 0 : -errno;
  }

  const Isolation& isolation_;
  HostLink& host_;
  int root_ = -1;
  bool attached_ = true;
};

int make(const ReceivedOrders& orders, const Isolation& isolation, HostLink& host) {
  Root root(isolation, host);
  if (const int error = root.attach(); error != 0) return error;
  for (char** path = orders.read_paths; *path != nullptr; ++path) {
    if (const int error = root.bind(*path, false); error != 0) return error;
  }
  for (char** path = orders.write_paths; *path != nullptr; ++path) {
    if (const int error = root.bind(*path, true); error != 0) return error;
  }
  return root.enter();
}

}  // namespace

void make_empty_root(const ReceivedOrders& orders, const Isolation& isolation, HostLink& host) {
  host.layer(Layer::kEmptyRoot, make(orders, isolation, host));
}

}  // namespace adyton::supervisor
