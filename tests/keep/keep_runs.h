// SPDX-License-Identifier: Apache-2.0
// Programs of tests/keep/programs run natively and on the keep kernel.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "keep_loader.h"
#include "platform/sgx/host_requests.h"

namespace adyton {

struct Setting {
  SgxEmulatorOptions emulator;
  Manifest manifest;
  std::vector<std::string> environment;
  bool interrupting = false;  // a host that interrupts every thread all the time
  BytesView keep = keep_program();
  std::function<void(std::string&)> change;  // of the program, before it is signed
};

inline Loaded load(std::string_view name, Setting setting = {}) {
  setting.manifest.memory.heap_bytes = 128 << 20;
  return load(signed_image(name, std::move(setting.manifest), setting.keep, setting.change),
              std::move(setting.emulator));
}

struct Outcome {
  int status = -1, signal = 0;
  std::string output;
};

inline Outcome run_natively(std::string_view name, std::string_view arguments) {
  Outcome out;
  FILE* pipe = popen(("exec " + program(name) + " " + std::string(arguments)).c_str(), "r");
  for (int next = fgetc(pipe); next != EOF; next = fgetc(pipe)) out.output.push_back(static_cast<char>(next));
  const int status = pclose(pipe);
  if (WIFEXITED(status)) out.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) out.signal = WTERMSIG(status);
  return out;
}

inline Outcome run_on_keep(std::string_view name, std::vector<std::string> arguments, const Setting& setting = {}) {
  const Loaded sgx = load(name, setting);
  const int output = memfd_create("output", MFD_CLOEXEC);
  KeepStart start{.arguments = std::move(arguments),
                  .environment = setting.environment,
                  .streams = {.output = output, .error = 2},
                  .files = KeepFiles::of(setting.manifest)};
  start.arguments.insert(start.arguments.begin(), program(name));
  std::atomic<bool> over = !setting.interrupting;
  std::thread interrupter([&] {
    for (std::size_t next = 0; !over; ++next) {
      sgx.enclave->interrupt(sgx.tcs_offsets[next % sgx.tcs_offsets.size()]);
      if (next % sgx.tcs_offsets.size() == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  const auto end = run_keep(*sgx.enclave, sgx.tcs_offsets, start);
  over = true;
  interrupter.join();
  Outcome out;
  if (end) {
    out.status = end->status;
    out.signal = end->signal;
  } else {
    ADD_FAILURE() << end.error().message;
  }
  std::array<char, 65536> bytes{};
  const ssize_t count = pread(output, bytes.data(), bytes.size(), 0);
  out.output.assign(bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  close(output);
  return out;
}

}  // namespace adyton
