// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/refusals.h"

#include <cerrno>

#include "base/error.h"

namespace adyton::sgx {
namespace {

struct Words {
  DeviceStep step;
  int error_number;
  ErrorCode code;
  std::string_view text;  // what it means, and after a colon what to do
};

constexpr std::string_view kLost =
    "the processor has lost its enclave memory, as it does when the machine sleeps: launch the enclave again";
constexpr std::string_view kNoMemory =
    "no enclave memory is left: end other enclaves, lower memory.heap_bytes in the manifest, or give SGX more memory "
    "in "
    "the firmware";
constexpr std::string_view kTwoAtOnce = "another thread is building the same enclave";

constexpr Words kWords[] = {
    {DeviceStep::kOpen, ENOENT, ErrorCode::kUnavailable,
     "there is no such device: use Linux 5.11 or newer with CONFIG_X86_SGX on a processor with SGX and flexible launch "
     "control, both on in the firmware; into a container pass it (--device /dev/sgx_enclave)"},
    {DeviceStep::kOpen, EACCES, ErrorCode::kDenied,
     "it may not be opened: add this user to the device's group (usually sgx: usermod -aG sgx USER, and log in again)"},
    {DeviceStep::kOpen, EPERM, ErrorCode::kDenied,
     "it may not be opened: allow the device in the container's or the service's device list"},
    {DeviceStep::kOpen, ENOMEM, ErrorCode::kExhausted, "the kernel has no memory left"},
    {DeviceStep::kOpenProvision, ENOENT, ErrorCode::kUnavailable,
     "the enclave wants the provisioning key, and there is no such device: into a container pass it (--device "
     "/dev/sgx_provision)"},
    {DeviceStep::kOpenProvision, EACCES, ErrorCode::kDenied,
     "the enclave wants the provisioning key, and this user may not hand it out: add the user to the device's group "
     "(usually sgx_prv: usermod -aG sgx_prv USER, and log in again)"},
    {DeviceStep::kReserve, ENOMEM, ErrorCode::kExhausted,
     "no addresses for the enclave: raise the limit on address space (ulimit -v)"},
    {DeviceStep::kCreate, EINVAL, ErrorCode::kInvalid, "the size of the enclave is no power of two"},
    {DeviceStep::kCreate, EIO, ErrorCode::kInvalid,
     "ECREATE refuses the enclave's control structure: its state save area's size or XFRM do not suit this processor"},
    {DeviceStep::kCreate, ENOMEM, ErrorCode::kExhausted, kNoMemory},
    {DeviceStep::kCreate, ENOTTY, ErrorCode::kUnavailable,
     "it is no device of Linux's own SGX driver: remove the out-of-tree driver (/dev/isgx, sgx_dkms)"},
    {DeviceStep::kProvision, EINVAL, ErrorCode::kInvalid, "what was opened is not /dev/sgx_provision"},
    {DeviceStep::kAdd, EINVAL, ErrorCode::kInvalid,
     "pages that do not lie within the enclave, or with a type or permissions that no page can have"},
    {DeviceStep::kAdd, EBUSY, ErrorCode::kInvalid, "there is a page already"},
    {DeviceStep::kAdd, ENOMEM, ErrorCode::kExhausted, kNoMemory},
    {DeviceStep::kAdd, EIO, ErrorCode::kIo, kLost},
    {DeviceStep::kAdd, EACCES, ErrorCode::kDenied, "the pages' content lies in memory that may not be executed"},
    {DeviceStep::kInit, EACCES, ErrorCode::kDenied,
     "EINIT: the enclave wants an attribute that this kernel does not give: AEX-Notify takes Linux 6.2 or newer, the "
     "provisioning key /dev/sgx_provision"},
    {DeviceStep::kInit, EINVAL, ErrorCode::kInvalid,
     "EINIT: the signature fixes an attribute, MISCSELECT or XFRM bit that this processor has not, or names an unknown "
     "vendor: sign for this processor"},
    {DeviceStep::kInit, EIO, ErrorCode::kIo, kLost},
    {DeviceStep::kInit, EBUSY, ErrorCode::kInvalid, kTwoAtOnce},
    {DeviceStep::kInit, ENOMEM, ErrorCode::kExhausted, "the kernel has no memory left"},
    {DeviceStep::kMap, EACCES, ErrorCode::kInternal,
     "the kernel allows fewer permissions than the pages were added with"},
    {DeviceStep::kMap, EPERM, ErrorCode::kDenied,
     "the device lies in a file system that forbids executing: remount it (mount -o remount,exec /dev), or in a "
     "service "
     "set ExecPaths=/dev"},
    {DeviceStep::kMap, ENOMEM, ErrorCode::kExhausted,
     "too many mappings: raise vm.max_map_count, or lower sgx.threads in the manifest"},
    {DeviceStep::kPages, ENODEV, ErrorCode::kUnavailable,
     "this processor has SGX1 only: pages of an initialised enclave cannot change"},
    {DeviceStep::kPages, ENOTTY, ErrorCode::kUnavailable,
     "this kernel cannot change pages of an initialised enclave: use Linux 6.0 or newer"},
    {DeviceStep::kPages, EINVAL, ErrorCode::kInvalid,
     "the enclave is not initialised, or these are not pages of a type that can be changed so"},
    {DeviceStep::kPages, EPERM, ErrorCode::kInvalid,
     "the pages are not trimmed and accepted, or were added without the permissions a TCS takes"},
    {DeviceStep::kPages, EFAULT, ErrorCode::kInvalid, "there is no such page, or the processor refuses"},
    {DeviceStep::kPages, EBUSY, ErrorCode::kUnavailable, "the pages are in use by the kernel: try again"},
};

std::string_view name_of(DeviceStep step) {
  switch (step) {
    case DeviceStep::kOpen: return "opening the SGX device";
    case DeviceStep::kOpenProvision: return "opening the provisioning device";
    case DeviceStep::kReserve: return "reserving the enclave's addresses";
    case DeviceStep::kCreate: return "SGX_IOC_ENCLAVE_CREATE";
    case DeviceStep::kProvision: return "SGX_IOC_ENCLAVE_PROVISION";
    case DeviceStep::kAdd: return "SGX_IOC_ENCLAVE_ADD_PAGES";
    case DeviceStep::kInit: return "SGX_IOC_ENCLAVE_INIT";
    case DeviceStep::kMap: return "mapping the enclave";
    case DeviceStep::kPages: return "changing pages";
  }
  return "an unknown step";
}

}  // namespace

Error describe_refusal(DeviceStep step, int error_number) {
  for (const Words& words : kWords) {
    if (words.step == step && words.error_number == error_number)
      return make_error(words.code, "{}: {} ({})", name_of(step), words.text, errno_text(error_number));
  }
  return io_error("{}: {}", name_of(step), errno_text(error_number));
}

}  // namespace adyton::sgx
