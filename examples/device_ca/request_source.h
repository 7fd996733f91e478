// SPDX-License-Identifier: Apache-2.0
// Where requests come from: a folder or a tar archive with thousands of files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <adyton/result.h>
#include "device_ca_calls.h"

namespace device_ca {

// One file: a request, or why it is none.
struct SourceItem {
  Request request;  // `pem` holds at most kRequestBytes + 1 bytes of the file
  std::optional<Refused> refused;
};

// Not thread-safe.
class RequestSource {
 public:
  virtual ~RequestSource() = default;
  // Up to `count` more; none at the end.
  virtual adyton::Result<std::vector<SourceItem>> next(std::size_t count) = 0;
  // How much has been read, from 0 to 1; less than 0 if that is not known.
  [[nodiscard]] virtual double done() const = 0;
};

// All files below `folder` in the order of their names, but those whose own or whose folder's name starts with a dot.
// Errors: not_found, io.
adyton::Result<std::unique_ptr<RequestSource>> open_folder(const std::string& folder);

// The files in a tar archive ("-": standard input), in its order. Errors: not_found, io.
adyton::Result<std::unique_ptr<RequestSource>> open_tar(const std::string& path);

}  // namespace device_ca
