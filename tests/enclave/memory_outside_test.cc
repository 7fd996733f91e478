// SPDX-License-Identifier: Apache-2.0
// What can be seen of an enclave's memory from outside, as root.
#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "probe_process.h"

namespace adyton::test {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

struct Mapping {
  std::uint64_t begin = 0, end = 0;
  bool secret = false;
};

std::vector<Mapping> readable_mappings(pid_t pid) {
  std::vector<Mapping> out;
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    Mapping mapping;
    char readable = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %c", &mapping.begin, &mapping.end, &readable) != 3) continue;
    mapping.secret = line.find("/secretmem") != std::string::npos;
    if (readable == 'r' && line.find("[v") == std::string::npos) out.push_back(mapping);
  }
  return out;
}

// A probe that holds keys in many places; the keys, by place.
struct Holder {
  Probe probe;
  std::map<std::string, std::string> keys;

  explicit Holder(int secret) : probe({.arguments = {"hold"}, .boot = boot_text(64 * kMiB, secret)}) {
    while (auto line = probe.read_line()) {
      if (*line == "ready") return;
      const std::size_t space = line->find(' ');
      std::string key;
      for (std::size_t i = space + 1; i + 1 < line->size(); i += 2) {
        key.push_back(static_cast<char>(std::stoi(line->substr(i, 2), nullptr, 16) ^ 0x5a));
      }
      keys[line->substr(0, space)] = key;
    }
    ADD_FAILURE() << "the probe ended early";
  }
};

// The places whose keys are found by reading all of the process's memory through /proc/PID/mem.
std::vector<std::string> places_found(const Holder& holder) {
  const pid_t pid = holder.probe.pid();
  const Descriptor memory(open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(memory.valid());
  std::vector<std::string> found;
  for (const Mapping& mapping : readable_mappings(pid)) {
    std::string contents(mapping.end - mapping.begin, '\0');
    const ssize_t count = pread(memory.get(), contents.data(), contents.size(), static_cast<off_t>(mapping.begin));
    const int error = errno;
    if (mapping.secret) {
      EXPECT_EQ(count, -1);
      EXPECT_EQ(error, EIO);
      continue;
    }
    EXPECT_GT(count, 0) << std::hex << mapping.begin;
    for (const auto& [place, key] : holder.keys) {
      if (contents.find(key) != std::string::npos) found.push_back(place);
    }
  }
  std::ranges::sort(found);
  return found;
}

class FromOutside : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_root()) GTEST_SKIP() << "only root can look into another process's memory";
  }
};

TEST_F(FromOutside, RootFindsKeysInOrdinaryMemory) {
  const Holder holder(0);
  std::vector<std::string> places;
  for (const auto& [place, key] : holder.keys) {
    if (place != "dropped") places.push_back(place);  // a Secret that is no more was wiped
  }
  EXPECT_EQ(places.size(), 9u);
  EXPECT_EQ(places_found(holder), places);
}

TEST_F(FromOutside, RootFindsNoKeyInSecretMemory) {
  const Holder holder(2);
  EXPECT_EQ(holder.keys.size(), 10u);
  EXPECT_EQ(places_found(holder), std::vector<std::string>{});
}

TEST_F(FromOutside, OtherWaysToReadFailToo) {
  const Holder holder(2);
  const pid_t pid = holder.probe.pid();
  ASSERT_EQ(ptrace(PTRACE_ATTACH, pid, nullptr, nullptr), 0);
  ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
  int secret = 0;
  for (const Mapping& mapping : readable_mappings(pid)) {
    if (!mapping.secret) continue;
    ++secret;
    std::array<char, 16> buffer{};
    const iovec local{buffer.data(), buffer.size()};
    void* const address = std::bit_cast<void*>(mapping.begin);
    const iovec remote{address, buffer.size()};
    errno = 0;
    EXPECT_EQ(process_vm_readv(pid, &local, 1, &remote, 1, 0), -1);
    EXPECT_EQ(errno, EFAULT);
    errno = 0;
    EXPECT_EQ(ptrace(PTRACE_PEEKDATA, pid, address, nullptr), -1);
    EXPECT_EQ(errno, EIO);
  }
  EXPECT_GE(secret, 3);
  ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
}

// The places whose keys are in a core file that root has made of the process, with whatever the kernel lets it have.
std::vector<std::string> places_in_core(const Holder& holder) {
  const std::string prefix = testing::TempDir() + "adyton-core";
  const std::string pid = std::to_string(holder.probe.pid());
  EXPECT_EQ(std::system(("gcore -a -o " + prefix + " " + pid + " > /dev/null 2>&1").c_str()), 0);
  std::ifstream file(prefix + "." + pid, std::ios::binary);
  const std::string core((std::istreambuf_iterator<char>(file)), {});
  std::filesystem::remove(prefix + "." + pid);
  EXPECT_TRUE(core.starts_with("\177ELF"));
  std::vector<std::string> found;
  for (const auto& [place, key] : holder.keys) {
    if (core.find(key) != std::string::npos) found.push_back(place);
  }
  return found;
}

TEST_F(FromOutside, ACoreFileHasNoKey) {
  if (std::system("gcore 2>&1 | grep -q usage") != 0) GTEST_SKIP() << "no gcore (of gdb) here";
  EXPECT_GE(places_in_core(Holder(0)).size(), 9u);
  EXPECT_EQ(places_in_core(Holder(2)), std::vector<std::string>{});
}

TEST_F(FromOutside, TheProcessKeepsItsNameButShowsNoArguments) {
  const Holder holder(2);
  std::ifstream file("/proc/" + std::to_string(holder.probe.pid()) + "/cmdline");
  std::string line((std::istreambuf_iterator<char>(file)), {});
  line.erase(line.find_last_not_of('\0') + 1);
  EXPECT_EQ(line, MEMORY_PROBE);
}

TEST(FromInside, AllWritableMemoryIsSecret) {
  const Probe::End end = Probe({.arguments = {"writable"}, .boot = boot_text(5 * kMiB + 512 * 1024, 2)}).end();
  EXPECT_EQ(end.status, 0) << end.errors;
}

TEST(FromInside, NothingIsLeftWhereTheKernelPutTheArguments) {
  const std::string argument = "an argument that nobody else has";
  const Probe::End end = Probe({.arguments = {"kernel_stack", argument}, .boot = boot_text(4 * kMiB, 1)}).end();
  EXPECT_EQ(end.status, 0) << end.errors;
}

TEST(FromInside, AForkedChildDiesInsteadOfSharingTheMemory) {
  const Probe::End end = Probe({.arguments = {"fork"}, .boot = boot_text(4 * kMiB, 2)}).end();
  EXPECT_EQ(end.status, 0) << end.errors;
}

TEST(FromInside, AnIdleEnclaveIsSmall) {
  Probe probe({.arguments = {"resident"}, .boot = boot_text(4 * kMiB, 2)});
  std::size_t secret = 0, other = 0;
  const auto line = probe.read_line();
  ASSERT_TRUE(line);
  ASSERT_EQ(std::sscanf(line->c_str(), "secret %zu other %zu", &secret, &other), 2) << *line;
  EXPECT_LT(secret, 512u) << "KiB; each page of it costs 21 us";
  EXPECT_LT(other, 8u << 10);
}

// The start code runs before relocation: a call into the C library, which compilers like to make, would crash.
TEST(StartCode, CallsNothing) {
  FILE* list = popen("nm -u --no-demangle " ENCLAVE_LIBRARY " 2>/dev/null", "r");
  ASSERT_NE(list, nullptr);
  std::vector<std::string> undefined;
  bool in_start = false;
  std::array<char, 512> line;
  while (fgets(line.data(), line.size(), list) != nullptr) {
    const std::string text(line.data());
    if (text.find(".o:") != std::string::npos) in_start = text.find("start_unsafe") != std::string::npos;
    if (in_start && text.find(" U ") != std::string::npos) {
      undefined.push_back(text.substr(text.find(" U ") + 3, text.find('\n') - text.find(" U ") - 3));
    }
  }
  pclose(list);
  EXPECT_EQ(undefined, (std::vector<std::string>{"_ZN6adyton10pool_stateE", "__ehdr_start", "_start"}));
}

}  // namespace
}  // namespace adyton::test
