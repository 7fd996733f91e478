// SPDX-License-Identifier: Apache-2.0
// How the keep kernel and the host program that enters it speak: what the registers of EENTER and EEXIT mean, and the
// host's page. The one header that both sides of that boundary share; docs/keep.md says what each side checks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adyton {

// rdi at EENTER with CSSA 0. With CSSA above 0 what happened is in the state save area, and only kInterrupt is known.
// But a debug image's enclave believes, of a page fault that is not told there, that r8 is its address (kCrashReport).
enum class KeepEntry : std::uint64_t {
  kStart = 1,      // rsi: address of the thread's HostPage. The first thread also: rdx: bytes of arguments in
                   // HostPage::data, r8: how many are argv, r9: how many are environment. Each ends with a zero byte
  kAnswer = 2,     // rsi: result, or minus errno; rdx, r8, r9: further values, as KeepRequest says
  kInterrupt = 3,  // at CSSA 1: the thread was interrupted because of KeepRequest::kInterrupt or kAlarm
  kAnswerAndLook = 4,  // kAnswer, and what kInterrupt would say
};

// rdi at EEXIT.
enum class KeepExit : std::uint64_t {
  kRequest = 1,      // rsi: KeepRequest; rdx, r8, r9: its arguments. Enter the same TCS again with the answer
  kResume = 2,       // the exception is dealt with: ERESUME this TCS
  kRefused = 3,      // rsi: KeepRefusal. Nothing was done
  kThreadEnded = 4,  // this TCS is free: enter it again only after kStartThread. rsi: 0, or 1 and the index of a thread
                     // for which this is a kWake
  kExited = 5,       // rsi: exit status of the application: enter no TCS any more
  kKilled = 6,       // rsi: number of the signal that ended the application, rdx: where, from the enclave's base
  kFailed = 7,       // rsi: KeepFailure: the keep kernel could not start the application, or met a fault of its own
};

enum class KeepRefusal : std::uint64_t {
  kBusy = 1,        // the thread is inside, or its exception is being looked at
  kNotWaiting = 2,  // an answer without a request, or a start of a thread that runs
  kNotWanted = 3,   // a start of a thread that nobody asked for
  kBadEntry = 4,    // rdi is no KeepEntry
  kBadPage = 5,     // the HostPage does not lie wholly outside the enclave, or is not aligned
  kNoException =
      7,        // CSSA above 0, but the state save area tells of no exception; of kInterrupt: nothing to do about it
  kNested = 8,  // CSSA above 1
  kEnded = 9,   // the application has ended
};

enum class KeepFailure : std::uint64_t {
  kConfig = 1,     // the measured configuration is not this keep kernel's
  kMemory = 2,     // there is no room for what the start takes
  kRandom = 3,     // RDRAND gives nothing
  kStack = 4,      // the keep kernel's own stack ran over
  kException = 5,  // an exception within the keep kernel
  kArguments = 6,  // argv and environment: longer than the page, or not as many strings as said
};

// What the keep kernel asks. Any result that is neither listed nor a small negative number counts as EIO.
enum class KeepRequest : std::uint64_t {
  kWrite = 1,  // (descriptor 1 or 2, bytes in HostPage::data) -> bytes taken
  kRead = 2,   // (descriptor 0, most bytes) -> bytes given in HostPage::data; 0: the end
  // (clockid_t: 0 real time, 1 monotonic; 2 processor time of the application, 3 of the thread whose index follows,
  // each since its start) -> seconds; rdx: nanoseconds
  kClock = 3,
  kWait = 4,         // (nanoseconds at most, or kForever) -> 0: woken or not, it looks for itself
  kWake = 5,         // (index of a thread) -> 0: its kWait, now or the next, ends
  kStartThread = 6,  // (index of a thread) -> 0: a thread of the host will enter that TCS with KeepEntry::kStart
  kCpuid = 7,        // (eax, ecx) -> eax; rdx: ebx; r8: ecx; r9: edx
  kTimestamp = 8,    // () -> the processor's time stamp counter
  kYield = 9,        // () -> 0
  kHostMemory = 10,  // () -> address of memory that the application may map; rdx: its bytes, 0: there is none
  // (address in the host's memory, the 32 bits expected there, nanoseconds of CLOCK_MONOTONIC at most, or kForever)
  // -> 0, or minus EAGAIN, ETIMEDOUT, EINTR, as FUTEX_WAIT
  kHostFutexWait = 11,
  kHostFutexWake = 12,  // (address in the host's memory, how many at most) -> how many
  kAffinity = 13,       // (mask of the first 64 processors, 0: only tell) -> the mask that the thread has
  kProcessor = 14,      // () -> number of the processor it is on
  kNotThere = 15,       // (number of a system call) -> any: the log is to name it, as one that is answered ENOSYS
  kTerminal = 16,       // (descriptor 0, 1 or 2) -> 1: it is a terminal; rdx: its struct winsize
  kPoll = 20,   // (nanoseconds at most, count) -> any; KeepPolled entries in HostPage::data, `found` as poll() says.
                // kWake ends it too
  kAlarm = 21,  // (nanoseconds or kForever, index of a thread) -> 0: after that time, as if kInterrupt had been asked.
                // One at a time: a new one is instead of the last
  kInterrupt = 22,  // (index of a thread) -> 0: as kWake; if its TCS is inside and computes, an asynchronous exit, then
                    // EENTER at CSSA 1, and ERESUME whatever the keep kernel says
  // TCP sockets, under numbers that the keep kernel gives, from 3 on. They do not block: -EAGAIN, and kPoll. An address
  // is a struct sockaddr_in or sockaddr_in6 in HostPage::data, and so is what is sent or received.
  kSocket = 30,       // (number, AF_INET or AF_INET6) -> 0
  kCloseSocket = 31,  // (number) -> 0
  kBind = 32,         // (number, bytes of address) -> 0
  kListen = 33,       // (number, backlog) -> 0
  kConnect = 34,      // (number, bytes of address) -> 0
  kAccept = 35,       // (number, number of the new one) -> bytes of the peer's address
  kSend = 36,         // (number, bytes) -> bytes taken
  kReceive = 37,      // (number, most bytes, 0 or MSG_PEEK) -> bytes given
  kSocketName = 38,   // (number, 0: own, 1: the peer's) -> bytes of address
  kShutdown = 39,     // (number, how) -> 0
  kGetOption = 40,    // (number, level << 32 | name) -> the option's int
  kSetOption = 41,    // (number, level << 32 | name, the option's int) -> 0

  // (bytes of path in HostPage::data, offset) -> bytes of that file given there; 0: its end
  kReadFile = 50,

  // Files of the host that the manifest's files.write lists. `place` is entry << 32 | bytes of path: which of the list,
  // and how the path in HostPage::data goes on from there, names with a slash between two, none of them empty, "." or
  // ".."; no bytes are the entry itself. Symbolic links are followed nowhere. Open ones have numbers that the keep
  // kernel gives, below 2^32.
  kFileOpen = 70,    // (number, place, mode << 32 | flags of open(), of kKeepOpenFlags) -> 0: a file, 1: a folder
  kFileClose = 71,   // (number) -> 0
  kFileRead = 72,    // (number, most bytes, offset) -> bytes given in HostPage::data; fewer: its end
  kFileWrite = 73,   // (number, bytes, offset or kKeepAtEnd) -> bytes taken; rdx of kKeepAtEnd: where they end
  kFileResize = 74,  // (number, size) -> 0
  kFileSync = 75,    // (number, 1: as fdatasync()) -> 0
  kFileTimes = 76,   // (number, seconds, nanoseconds) -> 0
  kFileLock = 77,    // (number, F_SETLK, F_GETLK or their F_OFD_) -> 0; the struct flock in HostPage::data, both ways
  kFileFlock = 78,   // (number, operation of flock(), with LOCK_NB) -> 0
  kFileInfo = 79,    // (number) -> 0; KeepFileInfo in HostPage::data
  kFolderList =
      80,          // (number, most bytes, offset) -> bytes of whole struct linux_dirent64 in HostPage::data; 0: the end
  kPathInfo = 81,  // (place) -> 0; KeepFileInfo in HostPage::data, of a link itself
  kPathTimes = 82,   // (place, seconds, nanoseconds) -> 0
  kMakeFolder = 83,  // (place, mode) -> 0
  kRemove = 84,      // (place, 0 or AT_REMOVEDIR) -> 0
  kRename = 85,      // (place, bytes of the new path, behind the old one, 0 or RENAME_NOREPLACE) -> 0

  // Of debug images only, as the measured KeepConfig says:
  kTrace = 64,      // () -> 1: the host wants to be told of each system call
  kTraceCall = 65,  // (TraceRecord in HostPage::data); the answer is not looked at
};
inline constexpr std::uint64_t kKeepAddressBytes = 128;

struct KeepPolled {
  std::uint32_t handle;         // 0, 1, 2: the streams; else a socket's number
  std::uint16_t wanted, found;  // POLLIN and the others
};
inline constexpr std::uint64_t kForever = ~std::uint64_t{0};

inline constexpr std::uint64_t kKeepAtEnd = ~std::uint64_t{0};
// O_ACCMODE, O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_DSYNC, O_SYNC
inline constexpr std::uint64_t kKeepOpenFlags = 03 | 0100 | 0200 | 01000 | 0200000 | 010000 | 04010000;
struct KeepFileInfo {
  std::uint64_t mode;  // as st_mode
  std::uint64_t number, size;
  std::int64_t seconds;  // of its last change
  std::uint64_t nanoseconds;
};

// Untrusted memory, one for each thread, aligned to 8 bytes: the host's for as long as the enclave lives.
struct HostPage {
  static constexpr std::size_t kDataBytes = 64 * 1024;
  std::uint8_t data[kDataBytes];
};

// One system call that has returned, or (exit, exit_group, rt_sigreturn) will not.
struct TraceRecord {
  static constexpr std::size_t kMostBytes = 256;
  struct Bytes {             // what an argument points to: a path, or bytes written or read
    std::uint64_t argument;  // index
    std::uint64_t whole;     // how many there are
    std::uint64_t size;      // how many of them are here
    std::uint8_t content[kMostBytes];
  };
  std::uint64_t thread, number;
  std::uint64_t arguments[6];
  std::uint64_t returned, result;  // 1 if it has
  std::uint64_t requests;          // how often the host was asked for it
  std::uint64_t count;             // of `bytes`
  Bytes bytes[2];
};
static_assert(sizeof(TraceRecord) <= HostPage::kDataBytes);

}  // namespace adyton
