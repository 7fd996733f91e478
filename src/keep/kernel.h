// SPDX-License-Identifier: Apache-2.0
// The keep kernel as one object: what it knows of the enclave, and its parts.
#pragma once

#include <cstdint>

#include "image/sgx/keep_config.h"
#include "image/sgx/keep_interface.h"
#include "keep/channels.h"
#include "keep/clock.h"
#include "keep/cpuid.h"
#include "keep/descriptors.h"
#include "keep/epolls.h"
#include "keep/file_system.h"
#include "keep/host_memory.h"
#include "keep/malloc_arenas.h"
#include "keep/measured_manifest.h"
#include "keep/page_allocator.h"
#include "keep/shared_numbers.h"
#include "keep/signal_queue.h"
#include "keep/sockets.h"
#include "keep/spin_lock.h"
#include "keep/stacks.h"
#include "keep/text.h"
#include "keep/threads.h"
#include "keep/timers.h"
#include "keep/user_memory.h"

namespace adyton::keep {

struct SignalAction {  // as rt_sigaction(2) takes it on x86-64
  std::uint64_t handler, flags, restorer, mask;
};

struct Kernel {
  std::uint64_t base = 0;
  std::uint64_t config_address = 0;
  KeepConfig config{};
  MeasuredManifest manifest;
  UserMemory user;
  SpinLock memory_lock;
  bool lists_files = false;  // of the host, in sgx.file_sha256
  PageAllocator memory;
  Stacks stacks;  // by the same lock
  MallocArenas arenas;
  Clock clock;
  CpuidCache cpuid;
  std::uint64_t timestamp = 0;   // __atomic_: the highest that was told
  std::uint64_t processors = 0;  // __atomic_: mask of those that there are, 0: the host has not been asked
  Threads threads;
  Descriptors descriptors;
  FileSystem files;
  Channels channels;
  HostMemory host_memory;
  std::uint32_t mode_mask = 022;             // umask()
  Area segments[UserMemory::kMostRanges]{};  // of the application
  std::uint64_t segment_count = 0;
  std::uint64_t arguments = 0, argument_bytes = 0;  // address of argv's strings, one after the other
  Epolls epolls;
  Sockets sockets;
  SharedNumbers shared;
  Timers timers;
  struct Limited {
    std::uint64_t soft = 0, hard = 0;
    bool lowered = false;
  };
  Limited limits[16]{};  // of setrlimit()
  bool traced = false;   // the host is told of each system call: never of a production image
  SpinLock signal_lock;  // of the next three, and of ThreadState::pending
  SignalAction actions[kSignals + 1]{};
  SignalQueue signal_queue;
  std::uint64_t stops_told = 0;           // __atomic_: of the signals that stop, those the log has named
  std::uint64_t process_pending = 0;      // __atomic_: signals for whichever thread does not block them
  std::uint32_t started = 0, ended = 0;   // __atomic_: the application has been started, has ended
  std::uint64_t named_calls[512 / 64]{};  // of the calls answered ENOSYS, which the log has named
  std::uint32_t named_files = 0;          // __atomic_: of files.read without a digest, which the log has named
};

// From the measured configuration: memory ranges, allocator, threads. `self`: the page of the thread that runs this.
// False: the configuration contradicts itself.
[[nodiscard]] bool prepare(Kernel& kernel, std::uint64_t base, const KeepThread& self);

// The application's first thread: strings from the host's page, stack, frame. Then keep_go_on. Returns the failure, or
// 0.
[[nodiscard]] std::uint64_t start_application(Kernel& kernel, ThreadState& thread, std::uint64_t string_bytes,
                                              std::uint64_t argument_count, std::uint64_t environment_count);

// The system call in the thread's frame: its result is the frame's rax. May not return: exit, exit_group.
void answer_syscall(Kernel& kernel, ThreadState& thread);

// What the exception handler sent here: cpuid, rdtsc, a signal, an interruption.
void answer_trap(Kernel& kernel, ThreadState& thread);

// One line to the host's standard error.
void log(const ThreadState& thread, const Line& line);

[[noreturn]] void end_application(Kernel& kernel, ThreadState& thread, KeepExit exit, std::uint64_t a, std::uint64_t b);

}  // namespace adyton::keep
