// SPDX-License-Identifier: Apache-2.0
#include "audit_log.h"

#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "refuse.h"

namespace device_ca {
namespace {

adyton::Error failed(std::string_view doing, const std::string& path) {
  const ErrorCode code = errno == ENOSPC || errno == EDQUOT ? ErrorCode::kExhausted : ErrorCode::kIo;
  return refuse(code, "{} {}: {}", doing, path, std::strerror(errno));
}

}  // namespace

AuditLog::~AuditLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> AuditLog::open(const std::string& path) {
  path_ = path;
  descriptor_ = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor_ < 0) return failed("opening", path_);
  const off_t size = ::lseek(descriptor_, 0, SEEK_END);
  char last = '\n';
  if (size > 0 && ::pread(descriptor_, &last, 1, size - 1) != 1) return failed("reading", path_);
  ends_within_line_ = last != '\n';
  return {};
}

Result<void> AuditLog::append(const std::vector<std::string>& lines) {
  const std::lock_guard lock(mutex_);
  if (descriptor_ < 0) return refuse(ErrorCode::kUnavailable, "the audit log is not open");
  std::string text(ends_within_line_ ? "\n" : "");
  for (const std::string& line : lines) {
    text += line;
    text += '\n';
  }
  ends_within_line_ = true;  // until all of it is there
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) return failed("writing", path_);
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
  ends_within_line_ = false;
  if (::fdatasync(descriptor_) != 0) return failed("syncing", path_);
  return {};
}

}  // namespace device_ca
