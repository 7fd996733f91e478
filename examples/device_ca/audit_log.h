// SPDX-License-Identifier: Apache-2.0
// The audit log on the host: a file that only grows, one JSON object a line.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include <adyton/result.h>

namespace device_ca {

// Thread-safe. Not movable: the enclave's calls refer to it.
class AuditLog {
 public:
  AuditLog() = default;
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;
  ~AuditLog();

  // Makes the file (mode 0600) if it is missing. A line that a crash cut short is ended, so that it spoils no other.
  adyton::Result<void> open(const std::string& path);

  // Returns when the lines would survive a power cut. Errors: exhausted (no space), io, unavailable (not open); after
  // an error part of the lines may be there.
  adyton::Result<void> append(const std::vector<std::string>& lines);

 private:
  std::mutex mutex_;
  std::string path_;
  int descriptor_ = -1;
  bool ends_within_line_ = false;
};

}  // namespace device_ca
