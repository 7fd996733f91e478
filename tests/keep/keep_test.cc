// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

#include "crypto/crypto.h"
#include "image/sgx/keep_elf.h"
#include "keep_runs.h"
#include "platform/sgx/host_requests.h"
#include "platform/sgx/keep_program.h"

namespace adyton {
namespace {

class KeepProgramTest : public testing::TestWithParam<const char*> {};

TEST_P(KeepProgramTest, DoesWhatItDoesOnLinux) {
  const Outcome native = run_natively(GetParam(), "a b"), kept = run_on_keep(GetParam(), {"a", "b"});
  EXPECT_FALSE(native.output.empty());
  EXPECT_EQ(native.output, kept.output);
  EXPECT_EQ(native.status, kept.status);
  EXPECT_EQ(kept.signal, 0);
}

INSTANTIATE_TEST_SUITE_P(All, KeepProgramTest,
                         testing::Values("alternate_stacks", "areas", "channels", "closing", "contention", "cpuid",
                                         "faults_unsafe", "files", "further_unsafe", "hello", "interrupts", "language",
                                         "libraries", "locales", "maps_unsafe", "offsets", "openssl", "pieces",
                                         "processor_time", "signals", "sqlite", "strings", "system", "system_calls",
                                         "thread_ends_unsafe", "threads", "waiting", "zlib"),
                         [](const auto& test) { return std::string(test.param); });

TEST(KeepSignalTest, AFrameThatDoesNotFitOntoTheAlternateStackEndsTheProgram) {
  for (const char* more : {"", "and handles SIGSEGV"}) {
    const Outcome native = run_natively("alternate_stacks", "overrun " + std::string(more));
    std::vector<std::string> arguments{"overrun"};
    if (*more != 0) arguments.emplace_back(more);
    const Outcome kept = run_on_keep("alternate_stacks", arguments);
    EXPECT_EQ(native.signal, SIGSEGV);
    EXPECT_EQ(kept.signal, SIGSEGV);
    EXPECT_EQ(kept.output, native.output);
  }
}

TEST(KeepEndTest, TwoThreadsThatLeaveAtOnceEndTheProgram) {
  EXPECT_EQ(run_natively("thread_ends_unsafe", "exits").status, 7);
  for (int round = 0; round < 10; ++round) {
    const Outcome kept = run_on_keep("thread_ends_unsafe", {"exits"});
    EXPECT_EQ(kept.status, 7);
    EXPECT_EQ(kept.signal, 0);
  }
}

// Of a debug image, whose handlers of this kind hear of page faults that only the host sees.
TEST(KeepStackTest, OverflowsFaultAsOnLinux) {
  const Outcome native = run_natively("overflow", ""),
                kept = run_on_keep("overflow", {}, {.manifest = {.debug = true}});
  EXPECT_EQ(native.output.find("elsewhere"), native.output.npos) << native.output;
  EXPECT_EQ(native.output, kept.output);
  EXPECT_EQ(native.status, 0);
  EXPECT_EQ(kept.status, 0);
}

TEST(KeepKernelTest, IsSmallAndHasNoRelocations) {
  const BytesView elf = keep_program();
  Elf64_Ehdr header{};
  ASSERT_GT(elf.size(), sizeof(header));
  std::memcpy(&header, elf.data(), sizeof(header));
  EXPECT_EQ(header.e_type, ET_DYN);  // linked as such, or the linker would have settled relocations without a word
  ASSERT_EQ(header.e_phnum, 3);
  std::array<Elf64_Phdr, 3> segments{};
  std::memcpy(segments.data(), elf.data() + header.e_phoff, sizeof(segments));
  const std::array<Elf64_Word, 3> flags{PF_R | PF_X, PF_R, PF_R | PF_W};
  for (std::size_t index = 0; index < 3; ++index) {
    EXPECT_EQ(segments[index].p_type, PT_LOAD);
    EXPECT_EQ(segments[index].p_flags, flags[index]);
    EXPECT_EQ(segments[index].p_vaddr % 4096, 0);
  }
  EXPECT_LE(segments[0].p_filesz, 150 << 10);
  for (std::uint16_t index = 0; index < header.e_shnum; ++index) {
    Elf64_Shdr section{};
    std::memcpy(&section, elf.data() + header.e_shoff + index * sizeof(section), sizeof(section));
    EXPECT_FALSE(section.sh_type == SHT_RELA || section.sh_type == SHT_REL || section.sh_type == SHT_DYNAMIC) << index;
  }
}

// A host that drives the entries by hand.
class HostileHostTest : public testing::Test {
 protected:
  SgxRegisters enter(const SgxRegisters& registers, std::uint64_t thread = 0) {
    const auto end = sgx_.enclave->enter(sgx_.tcs_offsets[thread], SgxLeaf::kEenter, registers);
    EXPECT_EQ(end->function, SgxLeaf::kEexit) << "an exception, vector " << end->exception_vector;
    return end->registers;
  }
  void expect_refused(const SgxRegisters& registers, KeepRefusal why, std::uint64_t thread = 0) {
    const SgxRegisters left = enter(registers, thread);
    EXPECT_EQ(left.rdi, static_cast<std::uint64_t>(KeepExit::kRefused));
    EXPECT_EQ(left.rsi, static_cast<std::uint64_t>(why));
  }
  SgxRegisters start_with(std::uint64_t page, std::uint64_t bytes = 2, std::uint64_t arguments = 1) {
    return {.rdi = 1, .rsi = page, .rdx = bytes, .r8 = arguments, .r9 = 0};
  }
  SgxRegisters good_start() {
    std::memcpy(page_->data, "x", 2);
    return start_with(std::bit_cast<std::uint64_t>(page_.get()));
  }
  // Enters until the thread asks for something or is done; its system calls trap, and are resumed.
  SgxRegisters run(SgxRegisters registers) {
    SgxLeaf leaf = SgxLeaf::kEenter;
    while (true) {
      const auto end = sgx_.enclave->enter(sgx_.tcs_offsets[0], leaf, registers);
      if (end->function == SgxLeaf::kEexit) return end->registers;
      const SgxRegisters handled = enter({});
      if (handled.rdi != static_cast<std::uint64_t>(KeepExit::kResume)) return handled;
      leaf = SgxLeaf::kEresume;
    }
  }

  std::unique_ptr<HostPage> page_ = std::make_unique<HostPage>();
  Loaded sgx_ = load("hello");
};

TEST_F(HostileHostTest, WrongEntriesAreRefusedAndDoNoHarm) {
  expect_refused({.rdi = 2}, KeepRefusal::kNotWaiting);
  expect_refused({.rdi = 0}, KeepRefusal::kBadEntry);
  expect_refused({.rdi = 3}, KeepRefusal::kBadEntry);  // an interruption, of nothing
  expect_refused({.rdi = ~0ull, .rsi = ~0ull, .rdx = ~0ull, .r8 = ~0ull, .r9 = ~0ull}, KeepRefusal::kBadEntry);
  expect_refused(good_start(), KeepRefusal::kNotWanted, 1);
  expect_refused({.rdi = 2}, KeepRefusal::kNotWaiting, kKeepTestThreads - 1);

  const std::uint64_t base = sgx_.enclave->base(), end = base + sgx_.bytes;
  for (const std::uint64_t page : {base, end - 8, end - sizeof(HostPage), base - 8, base - sizeof(HostPage) + 8,
                                   base + sgx_.heap_offset, std::uint64_t(-8), std::uint64_t(-4096)}) {
    expect_refused(start_with(page), KeepRefusal::kBadPage);
  }
  expect_refused(start_with(good_start().rsi + 1), KeepRefusal::kBadPage);

  SgxRegisters asked = run(good_start());
  ASSERT_EQ(asked.rdi, static_cast<std::uint64_t>(KeepExit::kRequest));
  expect_refused(good_start(), KeepRefusal::kNotWaiting);  // it waits for an answer now
  expect_refused({.rdi = 7}, KeepRefusal::kNotWaiting);
  expect_refused({.rdi = 3}, KeepRefusal::kNotWaiting);
  while (asked.rdi == static_cast<std::uint64_t>(KeepExit::kRequest)) {
    asked = run({.rdi = 2, .rsi = asked.rsi == static_cast<std::uint64_t>(KeepRequest::kWrite) ? asked.r8 : 0});
  }
  EXPECT_EQ(asked.rdi, static_cast<std::uint64_t>(KeepExit::kExited));
  EXPECT_EQ(asked.rsi, 7u);
  expect_refused(good_start(), KeepRefusal::kEnded);
  expect_refused({.rdi = 2}, KeepRefusal::kEnded);
}

TEST_F(HostileHostTest, StringsThatAreNotAsManyAsSaidEndTheStart) {
  const SgxRegisters left = enter(start_with(good_start().rsi, HostPage::kDataBytes + 1, ~0ull));
  EXPECT_EQ(left.rdi, static_cast<std::uint64_t>(KeepExit::kFailed));
  EXPECT_EQ(left.rsi, static_cast<std::uint64_t>(KeepFailure::kArguments));
}

class SystemCallTest : public HostileHostTest {
 protected:
  // How many exceptions there are, and what the program prints at last.
  struct Run {
    int traps = 0;
    std::string printed;
  };
  Run run_program(std::string_view arguments, BytesView keep) {
    sgx_ = {};
    sgx_ = load("system_calls", {.keep = keep});
    std::ranges::copy(arguments, page_->data);
    const auto count = static_cast<std::uint64_t>(std::ranges::count(arguments, '\0'));
    Run out;
    SgxRegisters registers = start_with(std::bit_cast<std::uint64_t>(page_.get()), arguments.size(), count);
    for (SgxLeaf leaf = SgxLeaf::kEenter;;) {
      const auto end = sgx_.enclave->enter(sgx_.tcs_offsets[0], leaf, registers);
      leaf = SgxLeaf::kEenter;
      if (end->function != SgxLeaf::kEexit) {
        ++out.traps;
        EXPECT_EQ(enter({}).rdi, static_cast<std::uint64_t>(KeepExit::kResume));
        leaf = SgxLeaf::kEresume;
      } else if (end->registers.rdi != static_cast<std::uint64_t>(KeepExit::kRequest)) {
        EXPECT_EQ(end->registers.rdi, static_cast<std::uint64_t>(KeepExit::kExited));
        EXPECT_EQ(end->registers.rsi, 0u);
        return out;
      } else {
        const bool writes = end->registers.rsi == static_cast<std::uint64_t>(KeepRequest::kWrite);
        if (writes) out.printed.assign(page_->data, page_->data + end->registers.r8);
        registers = {.rdi = 2, .rsi = writes ? end->registers.r8 : 0};
      }
    }
  }
  // The same keep kernel, but no system call finds its way there without a trap.
  static Bytes keep_without_entry() {
    Bytes out = to_bytes(keep_program());
    std::uint64_t magic = kKeepCallsMagic;
    const auto found = std::ranges::search(out, std::as_bytes(std::span(&magic, 1)));
    EXPECT_FALSE(found.empty());
    found.front() = {};
    return out;
  }
};

constexpr std::string_view kTime("x\0time\0001000\0", 12), kTrap("x\0trap\0001000\0", 12);

TEST_F(SystemCallTest, RewrittenSitesDoNotTrap) {
  const Run rewritten = run_program(kTime, keep_program()), trapped = run_program(kTime, keep_without_entry());
  EXPECT_LT(rewritten.traps, 50);
  EXPECT_GT(trapped.traps, rewritten.traps + 1100);
  EXPECT_TRUE(trapped.printed.contains('.'));
}

TEST_F(SystemCallTest, SitesThatAreLeftTrapAndWorkAllTheSame) {
  const Run run = run_program(kTrap, keep_program());
  EXPECT_GT(run.traps, 1000);
  EXPECT_LT(run.traps, 1500);  // getpid(), called as often, does not
  EXPECT_EQ(run.printed, "1000\n");
}

TEST(HostileRegistersTest, ControlRegistersOfTheHostReachNoCompiledCode) {
  constexpr std::uint64_t kDirection = 0x400, kAlignment = 0x40000;
  const Outcome kept = run_on_keep("language", {"a", "b"}, {.emulator = {.wild_flags = kDirection | kAlignment}});
  EXPECT_EQ(kept.status, 3);
  EXPECT_EQ(kept.signal, 0);
  EXPECT_EQ(kept.output, run_natively("language", "a b").output);
}

TEST(KeepEnvironmentTest, IsWhatTheManifestLists) {
  Setting setting{.environment = {"HOME=/root", "TZ=UTC", "LD_PRELOAD=x", "ADYTON_CHANNEL=3", "TZX=y"}};
  setting.manifest.environment = {"LANG", "TZ"};
  const Outcome kept = run_on_keep("environment", {}, setting);
  EXPECT_EQ(kept.output, "TZ=UTC\nADYTON_CHANNEL=3\nGLIBC_TUNABLES=glibc.malloc.arena_max=1\n");
  EXPECT_EQ(kept.status, 0);
  setting.environment = {"GLIBC_TUNABLES=glibc.malloc.arena_max=2"};
  setting.manifest.environment = {"GLIBC_TUNABLES"};
  EXPECT_EQ(run_on_keep("environment", {}, setting).output, setting.environment[0] + "\n");
}

TEST(KeepMallocTest, ThreadsHaveArenasWhereTheManifestSaysSo) {
  Setting setting;
  setting.manifest.sgx.malloc_arenas = 8;
  const Outcome native = run_natively("allocations", ""), kept = run_on_keep("allocations", {}, setting);
  EXPECT_EQ(native.output, kept.output);
  EXPECT_EQ(kept.status, 0);
  EXPECT_EQ(run_on_keep("environment", {}, setting).output,
            "GLIBC_TUNABLES=glibc.malloc.arena_max=8:glibc.malloc.hugetlb=2:glibc.malloc.mxfast=0"
            ":glibc.malloc.mmap_threshold=1048576:glibc.malloc.top_pad=1048576:glibc.malloc.trim_threshold=2097152\n");
  // Those that an older malloc wants have no place in an enclave.
  setting.change = [](std::string& elf) {
    const auto at = elf.find("glibc.malloc.hugetlb");
    ASSERT_NE(at, elf.npos);
    elf[at] = 'G';
  };
  EXPECT_EQ(run_on_keep("environment", {}, setting).output, "GLIBC_TUNABLES=glibc.malloc.arena_max=1\n");
}

TEST(KeepMallocTest, OneArenaGivesBackWhatWasManySmallBlocks) {
  const Outcome native = run_natively("allocations", "shrinks"), kept = run_on_keep("allocations", {"shrinks"});
  EXPECT_FALSE(native.output.empty());
  EXPECT_EQ(native.output, kept.output);
  EXPECT_EQ(kept.status, 0);
}

// A port that was free a moment ago; the host's.
int free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(probe, static_cast<sockaddr*>(static_cast<void*>(&address)), size), 0);
  EXPECT_EQ(getsockname(probe, static_cast<sockaddr*>(static_cast<void*>(&address)), &size), 0);
  close(probe);
  return ntohs(address.sin_port);
}

TEST(KeepSocketTest, GoesToThePortsOfTheManifestAndNoOthers) {
  const int port = free_port();
  Setting setting;
  setting.manifest.network = {.connect = {static_cast<std::uint16_t>(port)},
                              .listen = {static_cast<std::uint16_t>(port)}};
  const Outcome native = run_natively("sockets", std::to_string(port));
  EXPECT_EQ(native.status, 0);
  EXPECT_FALSE(native.output.empty());
  EXPECT_EQ(run_on_keep("sockets", {std::to_string(port)}, setting).output, native.output);
  EXPECT_EQ(run_on_keep("sockets", {std::to_string(port), "and another"}, setting).output, native.output + "-1-11\n");
}

TEST(KeepFileTest, OfTheHostsFilesOnlyThoseWithTheirDigestAreThere) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("adyton-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  for (const char* name : {"right", "wrong", "unlisted"}) std::ofstream(folder / name) << name << "\n";
  Setting setting;
  setting.manifest.files.read = {folder};
  setting.manifest.sgx.file_sha256 = {
      "bbbb8b8ff89f7b9a2f8a2ad55c0e5ef7a4a7bde2b8c8b6b6a4ce4e7d2bd3a8de " + (folder / "wrong").string(),
      to_hex(sha256(as_bytes(std::string_view("right\n")))) + " " + (folder / "right").string()};
  const Outcome kept = run_on_keep("listed", {folder / "right", folder / "wrong", folder / "unlisted"}, setting);
  EXPECT_EQ(kept.output, "6 right\nInput/output error\nNo such file or directory\n");
  // By the folder, before any of it was read, and from within.
  const Outcome within =
      run_on_keep("listed", {folder, "cd", folder, "right", "../" / folder.filename() / "right"}, setting);
  EXPECT_EQ(within.output, ". .. right wrong \ncd 0\n6 right\n6 right\n");
  std::filesystem::remove_all(folder);
}

TEST(HostileInterruptTest, InterruptedAtAnyTimeItGoesOn) {
  for (const char* name : {"cpuid", "language", "threads", "interrupts", "signals"}) {
    const Outcome kept = run_on_keep(name, {"a", "b"}, {.interrupting = true});
    const Outcome native = run_natively(name, "a b");
    EXPECT_EQ(kept.output, native.output) << name;
    EXPECT_EQ(kept.status, native.status) << name;
  }
}

// One thread ends the application while another waits for input and a third is in and out of system calls.
TEST(KeepEndTest, EndsEveryThread) {
  std::array<int, 2> input{};
  ASSERT_EQ(pipe(input.data()), 0);
  const Loaded sgx = load("ends");
  const auto end = run_keep(*sgx.enclave, sgx.tcs_offsets, {.arguments = {"ends"}, .streams = {.input = input[0]}});
  ASSERT_TRUE(end.has_value()) << end.error().message;
  EXPECT_EQ(end->status, 5);
  close(input[0]);
  close(input[1]);
}

std::string contents(int descriptor) {
  std::array<char, 65536> bytes{};
  const ssize_t count = pread(descriptor, bytes.data(), bytes.size(), 0);
  return {bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

// Once each, however often it is asked for.
TEST(KeepLogTest, NamesWhatIsNotThere) {
  const Loaded sgx = load("unknown");
  const int output = memfd_create("output", MFD_CLOEXEC), error = memfd_create("error", MFD_CLOEXEC);
  const auto end = run_keep(*sgx.enclave, sgx.tcs_offsets,
                            {.arguments = {"unknown"}, .streams = {.output = output, .error = error}});
  ASSERT_TRUE(end.has_value()) << end.error().message;
  std::string refused;
  for (int call = 0; call < 8; ++call) refused += "-1 1\n";
  EXPECT_EQ(contents(output), refused);
  const std::string log = contents(error);
  EXPECT_EQ(std::ranges::count(log, '\n'), 4) << log;
  for (const char* said : {"io_uring_setup (system call 425)", "(system call 500)", "fork: ", "execve: "}) {
    EXPECT_TRUE(log.contains(said)) << log;
  }
  close(output);
  close(error);
}

// Its standard input is a terminal of 100 columns, then its standard output is one.
TEST(KeepStreamTest, ATerminalIsOne) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_TRUE(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
  const int other = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
  const winsize size{.ws_row = 30, .ws_col = 100};
  ASSERT_EQ(ioctl(other, TIOCSWINSZ, &size), 0);
  constexpr std::string_view kTerminal = "1 1, 0 100 x 30, 1\n", kNone = "0 0, -1 0 x 0, 0\n", kAfter = "after it\n";
  const int file = memfd_create("output", MFD_CLOEXEC), error = memfd_create("error", MFD_CLOEXEC);
  for (const bool input : {true, false}) {
    const Loaded sgx = load("terminal");
    ASSERT_EQ(ftruncate(error, 0), 0);
    lseek(error, 0, SEEK_SET);
    const auto end =
        run_keep(*sgx.enclave, sgx.tcs_offsets,
                 {.arguments = {"terminal"},
                  .streams = {.input = input ? other : file, .output = input ? file : other, .error = error}});
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(contents(error), std::string(input ? kTerminal : kNone).append(input ? kNone : kTerminal).append(kAfter));
  }
  for (const int each : {terminal, other, file, error}) close(each);
}

// An enclave cannot stop: it goes on, and does not end as if it had been killed.
TEST(KeepStopTest, SignalsThatStopAreNamedAndTheProgramGoesOn) {
  const Loaded sgx = load("stops");
  const int output = memfd_create("output", MFD_CLOEXEC), error = memfd_create("error", MFD_CLOEXEC);
  const auto end =
      run_keep(*sgx.enclave, sgx.tcs_offsets, {.arguments = {"stops"}, .streams = {.output = output, .error = error}});
  ASSERT_TRUE(end.has_value()) << end.error().message;
  EXPECT_EQ(end->status, 3);
  EXPECT_EQ(end->signal, 0);
  EXPECT_EQ(contents(output), "19 went on\n20 went on\n21 went on\n22 went on\n");
  const std::string log = contents(error);
  EXPECT_EQ(std::ranges::count(log, '\n'), 4) << log;
  for (const char* signal : {"signal 19 ", "signal 20 ", "signal 21 ", "signal 22 "}) {
    EXPECT_TRUE(log.contains(signal)) << log;
  }
  close(output);
  close(error);
}

// The measured page decides, whatever the host wants.
TEST(KeepTraceTest, TellsTheHostOfSystemCallsOfDebugImagesOnly) {
  for (const bool debug : {false, true}) {
    const Loaded sgx = load("hello", {.manifest = {.debug = debug}});
    const int trace = memfd_create("trace", MFD_CLOEXEC), output = memfd_create("output", MFD_CLOEXEC);
    const auto end = run_keep(*sgx.enclave, sgx.tcs_offsets,
                              {.arguments = {"hello"}, .streams = {.output = output}, .trace = trace});
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(end->status, 7);
    const std::string told = contents(trace);
    EXPECT_EQ(told.empty(), !debug) << told;
    if (debug) {
      EXPECT_NE(told.find("[2] readlink(\"/proc/self/exe\", \"/enclave\", 4096) = 8\n"), told.npos) << told;
      EXPECT_NE(told.find("[2] write(1, \""), told.npos) << told;
      EXPECT_NE(told.find("[2] exit_group(7) = ?\n"), told.npos) << told;
    }
    EXPECT_FALSE(contents(output).empty());
    close(trace);
    close(output);
  }
}

// Whatever the host answers, the application runs on, or ends in a way that has a name.
TEST_F(HostileHostTest, AnyAnswerIsSurvived) {
  std::mt19937_64 random(1);
  constexpr std::array<std::uint64_t, 8> kNasty{0,    1,        ~0ull,      1ull << 63, 0x7fffffffffffffff,
                                                4096, -4095ull, 0x100000000};
  const auto value = [&] { return random() % 4 == 0 ? random() : kNasty[random() % kNasty.size()]; };
  for (const char* name : {"language", "interrupts", "language", "waiting", "system", "sockets", "signals"}) {
    sgx_ = {};
    sgx_ = load(name);
    SgxRegisters asked = run(good_start());
    for (int requests = 0; requests < 200 && asked.rdi == static_cast<std::uint64_t>(KeepExit::kRequest); ++requests) {
      std::ranges::generate(page_->data, [&] { return static_cast<std::uint8_t>(random()); });
      asked = run({.rdi = 2, .rsi = value(), .rdx = value(), .r8 = value(), .r9 = value()});
    }
    EXPECT_TRUE(asked.rdi == static_cast<std::uint64_t>(KeepExit::kRequest) ||
                asked.rdi == static_cast<std::uint64_t>(KeepExit::kExited) ||
                asked.rdi == static_cast<std::uint64_t>(KeepExit::kKilled))
        << asked.rdi << " " << asked.rsi;
  }
}

}  // namespace
}  // namespace adyton
