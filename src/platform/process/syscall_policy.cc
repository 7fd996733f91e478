// SPDX-License-Identifier: Apache-2.0
#include "platform/process/syscall_policy.h"

#include <memory>
#include <set>
#include <span>

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "platform/process/syscall_tables.h"

namespace adyton {
namespace {

using Context = std::unique_ptr<void, decltype(&::seccomp_release)>;

class Compiler {
 public:
  Compiler(scmp_filter_ctx context, const SyscallPolicy& policy) : context_(context), policy_(policy) {}

  Result<void> compile() {
    using namespace syscalls;
    for (const std::span<const int> table :
         {std::span<const int>(kMemory), std::span<const int>(kThreads), std::span<const int>(kTime),
          std::span<const int>(kSignals), std::span<const int>(kDescriptors), std::span<const int>(kQuestions)}) {
      TRY(allow(table));
    }
    const bool network = policy_.connect || policy_.listen;
    if (has_files()) TRY(allow(kReadFiles));
    if (policy_.write_files) TRY(allow(kWriteFiles));
    if (network) TRY(allow(kNetwork));
    if (policy_.connect) TRY(allow(kConnect));
    if (policy_.listen) TRY(allow(kListen));
    for (const Rule& rule : kConditional) {
      if (given(rule.needs)) TRY(add(rule.action, rule.call, std::span(rule.conditions).first(rule.count)));
    }
    if (policy_.ask_supervisor) {
      TRY(add(SCMP_ACT_NOTIFY, SYS_execveat, {}));
    } else {
      TRY(add(kAllow, SYS_execveat, std::array{is(0, policy_.executable_descriptor), is(4, AT_EMPTY_PATH)}));
    }
    for (const int call : kRefused) {
      if (!decided_.contains(call)) TRY(add(kRefuse, call, {}));
    }
    return {};
  }

 private:
  [[nodiscard]] bool has_files() const { return policy_.read_files || policy_.write_files; }

  [[nodiscard]] bool given(syscalls::Needs needs) const {
    switch (needs) {
      case syscalls::Needs::kNothing: return true;
      case syscalls::Needs::kFiles: return has_files();
      case syscalls::Needs::kFilesOnlyToRead: return policy_.read_files && !policy_.write_files;
      case syscalls::Needs::kFilesToWrite: return policy_.write_files;
      case syscalls::Needs::kNoFiles: return !has_files();
      case syscalls::Needs::kEmulator: return policy_.hosting == Hosting::kEmulated;
      case syscalls::Needs::kNoEmulator: return policy_.hosting != Hosting::kEmulated;
      case syscalls::Needs::kDevice: return policy_.hosting == Hosting::kDevice;
      case syscalls::Needs::kNoDevice: return policy_.hosting != Hosting::kDevice;
      case syscalls::Needs::kPorts: return policy_.connect || policy_.listen;
    }
    return false;
  }

  Result<void> allow(std::span<const int> calls) {
    for (const int call : calls) TRY(add(SCMP_ACT_ALLOW, call, {}));
    return {};
  }

  Result<void> add(std::uint32_t action, int call, std::span<const scmp_arg_cmp> conditions) {
    const int error =
        ::seccomp_rule_add_array(context_, action, call, static_cast<unsigned>(conditions.size()), conditions.data());
    if (error != 0) return internal("a system call rule (call {}): {}", call, errno_text(-error));
    decided_.insert(call);
    return {};
  }

  scmp_filter_ctx context_;
  const SyscallPolicy& policy_;
  std::set<int> decided_;
};

// libseccomp 2.5 writes its program to a descriptor.
Result<std::vector<sock_filter>> export_program(scmp_filter_ctx context) {
  const Descriptor file(::memfd_create("adyton-filter", MFD_CLOEXEC));
  if (!file.valid()) return io_error("memfd_create: {}", errno_text(errno));
  if (const int error = ::seccomp_export_bpf(context, file.get()); error != 0) {
    return internal("exporting the system call filter: {}", errno_text(-error));
  }
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(file.get(), program.data(), static_cast<std::size_t>(size), 0) != size || program.empty() ||
      program.size() > BPF_MAXINSNS) {
    return internal("a system call filter of {} bytes", size);
  }
  return program;
}

}  // namespace

Result<std::vector<sock_filter>> compile_policy(const SyscallPolicy& policy) {
  const Context context(::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &::seccomp_release);
  if (context == nullptr) return internal("seccomp_init failed");
  ::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree instead of a list
  TRY(Compiler(context.get(), policy).compile());
  return export_program(context.get());
}

}  // namespace adyton
