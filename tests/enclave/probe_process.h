// SPDX-License-Identifier: Apache-2.0
// Starts the probe as a launcher would, under conditions a test chooses, and watches it end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/descriptor.h"

namespace adyton::test {

struct ProbeStart {
  std::string program = MEMORY_PROBE;
  std::vector<std::string> arguments;          // argv[1] and on
  std::vector<std::string> environment;        // "NAME=value"
  std::optional<std::string> boot;             // ADYTON_BOOT
  bool without_secret_memory = false;          // memfd_secret fails with ENOSYS, as under other kernels
  bool as_nobody = false;                      // a user without privileges
  std::optional<std::uint64_t> locked_memory;  // RLIMIT_MEMLOCK in bytes
  int channel = -1;                            // what its descriptor 3 is to be
};

// "heap=...;stack=1048576;secret=..."
std::string boot_text(std::uint64_t heap_bytes, int secret);

class Probe {
 public:
  explicit Probe(const ProbeStart& start);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // One line of its output, without the end of line; nothing at its end.
  std::optional<std::string> read_line();
  // Closes its input, waits for its end, and leaves the rest of its output and its errors here.
  struct End {
    int status = -1;  // exit status, or 1000 + signal
    std::string output, errors;
  };
  End end();

 private:
  pid_t pid_ = -1;
  Descriptor input_, output_, errors_;
  std::string read_;
};

// Whether this process may do what only root may.
bool is_root();

}  // namespace adyton::test
