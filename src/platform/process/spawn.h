// SPDX-License-Identifier: Apache-2.0
// Processes by descriptor: starting one from a memory file, cheaply however large and however many-threaded this
// process is; naming, killing and burying one without the races of process ids.
#pragma once

#include <string>

#include <sys/types.h>

#include <adyton/result.h>
#include "base/descriptor.h"

namespace adyton {

struct Spawned {
  pid_t pid = 0;
  Descriptor process;  // its pidfd
};

// Executes the file `program` under `name`, with no environment and with `control` as its descriptor 3. All other
// descriptors that are not close-on-exec are inherited: the program has to close them. Requires program > 3.
Result<Spawned> spawn(int program, const std::string& name, int control);

// The pidfd of a process. Requires that its number is no other's meanwhile: a child that is not reaped, oneself.
// Errors: not found (it has ended, and nobody had to wait for it), unavailable.
Result<Descriptor> open_process(pid_t pid);

// SIGKILL; a process that has ended needs none.
void kill_process(const Descriptor& process);

// Waits for a child's end and lets the kernel forget it. Returns at once if somebody else already has.
void reap(const Descriptor& process);

}  // namespace adyton
