// SPDX-License-Identifier: Apache-2.0
// What the host and a supervisor tell each other: compiled into both, therefore without exceptions and allocation.
// Both ends come from one build, and both are trusted: this is no boundary, but every length is checked all the same.
//
// The host sends one message with the descriptors of enum OrderedDescriptor; the orders themselves are in a memfd:
// OrdersHeader, then the two seccomp programs, then the ports (16 bits each), then NUL-terminated strings. What the
// supervisor says are datagrams of 1 to kBatch Messages; the kernel adds who sent them (SCM_CREDENTIALS), which is how
// the host learns pids.
#pragma once

#include <cstdint>

#include <linux/filter.h>

namespace adyton::supervisor {

// The one descriptor a supervisor is started with: its end of a SOCK_SEQPACKET pair.
inline constexpr int kControlDescriptor = 3;
// Where the enclave finds its channel.
inline constexpr int kChannelDescriptor = 3;
// And from here on a program that runs an enclave of another kind what it needs for that.
inline constexpr int kFirstHandedDescriptor = 4;
inline constexpr std::uint32_t kMostHanded = 4;

// In this order in the first message. The channel may be missing (see the flags), and OrdersHeader says how many more
// there are.
enum OrderedDescriptor : std::uint8_t {
  kOrders,
  kExecutable,
  kInput,
  kOutput,
  kErrors,
  kHostProcess,  // pidfd of the host, so that its death is noticed even if others hold its sockets
  kChannel,
  kFirstHanded,
  kOrderedDescriptors = kFirstHanded + kMostHanded,
};

inline constexpr std::uint32_t kOrdersMagic = 0x41445931;  // "ADY1"

enum OrderFlag : std::uint32_t {
  kKeepNetwork = 1u << 0,      // no network namespace of its own: the manifest lists ports
  kKeepSession = 1u << 1,      // stays in the terminal's session: a program with the host's own streams
  kWaitForDebugger = 1u << 2,  // stopped before the first instruction
  kHasChannel = 1u << 3,
  kDebuggable = 1u << 4,    // a debug image: its executable may be read
  kForeignGroup = 1u << 5,  // the executable's group is not the host's own: no user namespace here maps it
};

struct OrdersHeader {
  std::uint32_t magic = kOrdersMagic;
  std::uint32_t flags = 0;
  std::uint32_t user = 0;        // id to take when that is allowed
  std::uint32_t open_files = 0;  // RLIMIT_NOFILE; also the number of the executable's descriptor until it runs
  std::uint64_t stack_bytes = 0;
  std::uint64_t address_space_bytes = 0;              // 0: no limit
  std::uint32_t filter_instructions = 0;              // the program that asks the supervisor about execveat
  std::uint32_t fallback_instructions = 0;            // and the one for kernels or containers where it cannot ask
  std::uint32_t connect_ports = 0, listen_ports = 0;  // counts, from here on
  std::uint32_t read_paths = 0, write_paths = 0;
  std::uint32_t arguments = 0, environment = 0;
  std::uint32_t handed = 0;  // descriptors, to kFirstHandedDescriptor and on
};

// The constant that stands for the enclave's own process id in a seccomp program until the supervisor knows it: larger
// than any process id (at most 2^22).
inline constexpr std::uint32_t kOwnProcessPlaceholder = 0x5e1f5e1f;

// Layers that are tried and reported, not required.
enum class Layer : std::uint8_t {
  kOwnUser,        // a user id that nothing else has
  kUserNamespace,  // only where namespaces need it
  kMountNamespace,
  kPidNamespace,
  kNetworkNamespace,
  kIpcNamespace,
  kUtsNamespace,
  kCgroupNamespace,
  kEmptyRoot,        // a root folder with nothing but the manifest's files
  kFileOwner,        // the manifest's files appear as the enclave's own (idmapped mounts)
  kLandlock,         // detail: ABI version
  kLandlockNetwork,  // TCP ports
  kLandlockScope,    // signals and abstract sockets
  kExecOnce,         // one execveat, answered by the supervisor
  kLockedMemory,     // memory beyond RLIMIT_MEMLOCK can be locked, and so kept secret
  kHiddenFromOwner,  // not readable and not traceable by other programs of the same user
  kCount,
};

// What a launch cannot do without.
enum class Step : std::uint8_t {
  kOrdersRead,
  kDescriptors,
  kFork,
  kNoNewPrivileges,
  kLimits,
  kIdentity,
  kFilter,
  kTrace,
  kExecute,
};

struct Message {
  enum Kind : std::uint32_t {
    kSupervisor,  // its sender is the supervisor for good
    kEnclave,     // its sender will be the enclave
    kLayer,       // first: Layer, second: errno or 0, third: detail
    kFailed,      // first: Step, second: errno; nothing was started
    kStarted,     // the enclave's program runs (or waits for a debugger)
    kStopped,     // first: signal
    kContinued,
    kEnded,  // first: 1 if killed by a signal, second: the signal or the exit status; the last message
    kKill,   // from the host: end the enclave now
  };
  std::uint32_t kind = 0;
  std::int32_t first = 0, second = 0, third = 0;
};

inline constexpr int kBatch = 32;

// Puts the process id in the place of the placeholder. Returns how many there were.
inline std::uint32_t patch_own_process(sock_filter* program, std::uint32_t instructions, std::uint32_t process) {
  std::uint32_t found = 0;
  for (sock_filter* i = program; i != program + instructions; ++i) {
    if (i->code == (BPF_JMP | BPF_JEQ | BPF_K) && i->k == kOwnProcessPlaceholder) {
      i->k = process;
      ++found;
    }
  }
  return found;
}

}  // namespace adyton::supervisor
