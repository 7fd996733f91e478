// SPDX-License-Identifier: Apache-2.0
// The host's side of the keep kernel (image/sgx/keep_interface.h, docs/keep.md): enters an enclave's threads, does what
// they ask for, and tells how the application ended. Whatever device the enclave is on.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/result.h>
#include "image/sgx/keep_interface.h"
#include "platform/sgx/device.h"
#include "platform/sgx/host_files.h"

namespace adyton {

// Open descriptors that the application's 0, 1 and 2 are; they are used, not owned. -1: none (reads end at once, what
// is written is lost).
struct KeepStreams {
  int input = -1, output = -1, error = -1;
};

struct KeepStart {
  std::vector<std::string> arguments;    // argv, at least one
  std::vector<std::string> environment;  // "NAME=value"; the keep kernel takes only some
  KeepStreams streams;
  KeepFiles files;
  int trace = -1;               // a debug image's system calls are told here, a line each; used, not owned
  std::span<std::byte> memory;  // whole pages that the application may map, as descriptor 3; outlives the run
};

// How the application ended: exit status, or the signal that would have killed it as a process.
struct KeepEnd {
  int status = 0;
  int signal = 0;
  std::uint64_t offset = 0;  // with `signal`: of the instruction, from the enclave's base
};

// argv and the environment as an enclave is handed them, each string with its zero. Errors: exhausted (more than fit
// into HostPage::kDataBytes), invalid (a zero byte within).
Result<Bytes> start_strings(const std::vector<std::string>& arguments, const std::vector<std::string>& environment);

// Runs the application of an initialised enclave to its end, on this thread and one of its own for each further thread
// that the application starts. Only once for an enclave. Errors: internal (the keep kernel gave up, with its reason; an
// exception that it may not see), and those of start_strings().
Result<KeepEnd> run_keep(SgxEnclave& enclave, const std::vector<std::uint64_t>& tcs_offsets, const KeepStart& start);

std::string_view describe(KeepRefusal refusal);
std::string_view describe(KeepFailure failure);

}  // namespace adyton
