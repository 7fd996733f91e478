// SPDX-License-Identifier: Apache-2.0
// The contract of a back-end: one way to launch an image. Nothing outside a back-end's folder mentions its TEE.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <adyton/result.h>
#include <adyton/storage.h>
#include "attest/collateral/bundle.h"
#include "call/endpoint.h"
#include "image/image.h"

namespace adyton {

// One thing a back-end needs or uses on this machine, as `adyton doctor` prints it. (adyton::Check is a step of a
// verification.)
struct BackendCheck {
  enum class State { kOk, kDegraded, kMissing };  // degraded: works with one layer less; missing: cannot run
  std::string name;                               // "memfd_secret"
  State state = State::kOk;
  std::string detail;  // what was found
  std::string remedy;  // what to do about it; empty if ok
};

enum class StandardStream { kOutput, kError };

struct LaunchConfig {
  std::vector<std::string> arguments;                            // argv[1] and on
  std::vector<std::pair<std::string, std::string>> environment;  // only names the manifest lists
  Handlers host_calls;                                           // what the enclave may call here
  std::shared_ptr<Storage> storage;                              // null: the enclave has none
  bool inherit_stdio = false;                                    // a program of its own: 0, 1 and 2 are the host's
  std::function<void(StandardStream, std::string_view line)>
      output;  // otherwise: whole lines, from one thread; null: to standard error with the enclave's name
  std::function<void(std::string_view line)> log;  // the back-end's own remarks; null: standard error
  std::chrono::milliseconds stop_grace{2000};      // between asking an enclave to end and killing it
  bool strict = false;             // sgx-emulated: every ENCLU traps, however slow (docs/sgx-emulator.md)
  bool wait_for_debugger = false;  // debug images: stop before the first instruction
  int trace = -1;                  // debug images: system calls are told here, a line each; stays the caller's
  ChannelLimits limits;
};

// How an enclave ended.
struct Exit {
  bool signalled = false;
  int status = 0;    // exit status, or signal number
  std::string text;  // "exited with status 3", "killed by signal 11 (Segmentation fault)"
};

// A running enclave. Destroying it ends the enclave and reaps all it held.
class Instance {
 public:
  virtual ~Instance() = default;
  virtual Endpoint& endpoint() = 0;
  virtual int process_id() const = 0;  // as this process sees it; 0 if there is none
  // Of an enclave that waits for a debugger: gdb's arguments that lead to main(), with the symbols of this image file.
  virtual std::vector<std::string> debugger_arguments(std::string_view image) const = 0;
  virtual Result<Exit> wait(std::chrono::nanoseconds timeout) = 0;  // 0: no limit; unavailable when time is up
  virtual Result<Exit> stop() = 0;                                  // asks, waits stop_grace, kills
};

// Offline, per back-end: what the TEE's hardware will report for this image.
struct Measurement {
  std::string name;  // "MRENCLAVE"; for the process back-end "image"
  Bytes value;
};

// What a verifier of a back-end's evidence needs, and no vendor's service has for it.
struct Endorsements {
  Bundle collateral;  // to be given beside the evidence; may be empty
  std::string root;   // what it has to trust, PEM: a key, or a certificate. Empty: a vendor's, which it has
  std::filesystem::path root_path;  // where this machine keeps that, if it does
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;            // "process"
  virtual bool isolates() const { return true; }        // else it is for development, and never taken by "auto"
  virtual std::vector<BackendCheck> probe() const = 0;  // can it run here; if not, the remedy
  // Whether this image was made for it, and wants nothing that this machine's lacks. Starts nothing. Errors: not_found,
  // unavailable, denied, with what is missing: "auto" then takes another one; all others: the file is damaged.
  virtual Result<void> suits(const VerifiedImage&) const { return {}; }
  virtual Result<std::vector<Measurement>> measure(const VerifiedImage& image) const = 0;  // pure
  virtual Result<std::unique_ptr<Instance>> launch(const VerifiedImage& image, LaunchConfig config) = 0;
  // Made anew, as of now. None, where vendors vouch.
  virtual Result<Endorsements> endorsements() { return Endorsements{}; }
};

}  // namespace adyton
