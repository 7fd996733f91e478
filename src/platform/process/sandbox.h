// SPDX-License-Identifier: Apache-2.0
// Runs any static executable in the sandbox of the process back-end (docs/process.md): no image and no calls needed.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "base/descriptor.h"
#include "platform/backend.h"
#include "platform/process/control_socket.h"
#include "platform/process/layers.h"
#include "platform/process/line_splitter.h"
#include "platform/process/syscall_policy.h"

namespace adyton {

struct SandboxSpec {
  std::string name;                      // argv[0]; also what /proc calls the executable
  BytesView executable;                  // a static ELF; copied
  std::vector<std::string> arguments;    // argv[1] and on
  std::vector<std::string> environment;  // "NAME=value"
  int channel = -1;                      // becomes descriptor 3; stays the caller's
  std::vector<int> handed;               // become descriptors 4 and on, at most 4; stay the caller's
  Hosting hosting = Hosting::kNothing;   // of an enclave that this program runs inside of itself
  bool inherit_stdio = false;            // else /dev/null and two pipes
  bool debuggable = false;               // may be read and traced by its own user
  bool wait_for_debugger = false;        // stopped before the first instruction; requires debuggable

  // What it may use beyond its own memory. Paths are absolute, exist, and are not "/".
  std::vector<std::string> read_paths, write_paths;
  std::vector<std::uint16_t> connect_ports, listen_ports;

  std::uint64_t stack_bytes = 8 << 20;
  std::uint64_t address_space_bytes = 0;  // 0: no limit
  std::uint32_t open_files = 256;         // at least 32
  std::size_t line_bytes = 4096;          // longer lines of output come in pieces
  std::chrono::milliseconds launch_timeout{10'000};
  std::chrono::milliseconds stop_grace{1'000};  // before on_stopped

  // All from one thread of the sandbox, one at a time, and possibly before launch() returns; they must not destroy the
  // Sandboxed. While one runs, nothing else is noticed. Any may be empty. `process`: the program's process id.
  std::function<void(StandardStream, std::string_view line)> on_line;
  // With inherit_stdio: standard error comes here as it is written, instead of being the host's own.
  std::function<void(std::string_view text)> on_error_text;
  std::function<void(int process, int signal)> on_stopped;  // it has been stopped for the grace
  std::function<void()> on_continued;                       // after on_stopped
  std::function<void(int process, const Exit&)> on_end;     // after the last line
};

// A running program. Destroying it kills the program and waits until nothing of it is left. Thread-safe.
class Sandboxed {
 public:
  Sandboxed(const Sandboxed&) = delete;
  Sandboxed& operator=(const Sandboxed&) = delete;
  ~Sandboxed();

  [[nodiscard]] int process_id() const { return process_id_; }                     // of the program, as seen here
  [[nodiscard]] const std::vector<LayerState>& layers() const { return layers_; }  // all that were tried
  Result<Exit> wait(std::chrono::nanoseconds timeout);                             // 0: no limit; unavailable in time
  void kill();                                                                     // returns at once

 private:
  friend class SandboxLauncher;
  Sandboxed() = default;
  void monitor();
  bool handle_messages();
  void handle(const supervisor::Message& message);
  void finish(Exit exit);
  bool pump_output();
  bool pump_errors();

  SandboxSpec spec_;
  ControlSocket control_;
  Descriptor supervisor_;       // pidfd
  Descriptor output_, errors_;  // non-blocking pipe ends
  int process_id_ = 0;
  std::vector<LayerState> layers_;
  std::optional<std::chrono::steady_clock::time_point> stopped_since_;
  int stop_signal_ = 0;
  bool stop_reported_ = false;
  std::unique_ptr<LineSplitter> output_lines_, error_lines_;
  std::vector<char> buffer_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<Exit> exit_;  // guarded by mutex_
  std::atomic<bool> killed_ = false;
  std::thread thread_;
};

// Launches sandboxes. Holds the supervisor's program and the compiled filters. Thread-safe.
class SandboxLauncher {
 public:
  static Result<std::unique_ptr<SandboxLauncher>> make();

  // Errors: invalid (the specification), not_found (a path), unavailable (a required layer, time), io.
  Result<std::unique_ptr<Sandboxed>> launch(SandboxSpec spec);

 private:
  explicit SandboxLauncher(Descriptor supervisor) : supervisor_(std::move(supervisor)) {}
  Result<std::vector<sock_filter>> filter(const SyscallPolicy& policy);

  Descriptor supervisor_;
  std::mutex mutex_;
  std::map<SyscallPolicy, std::vector<sock_filter>> filters_;  // guarded by mutex_
};

}  // namespace adyton
