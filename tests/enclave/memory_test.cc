// SPDX-License-Identifier: Apache-2.0
// The enclave's memory behaves as memory should, whatever it is made of.
#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include "probe_process.h"

namespace adyton::test {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

// What the memory is made of.
enum class Kind { kNative, kOrdinary, kSecret, kRefused, kPartly };

std::string name_of(const testing::TestParamInfo<Kind>& info) {
  switch (info.param) {
    case Kind::kNative: return "Native";
    case Kind::kOrdinary: return "Ordinary";
    case Kind::kSecret: return "Secret";
    case Kind::kRefused: return "Refused";
    case Kind::kPartly: return "Partly";
  }
  return "";
}

class Memory : public testing::TestWithParam<Kind> {
 protected:
  static bool native() { return GetParam() == Kind::kNative; }

  // Runs a case; its standard error must be as empty as that of this kind of memory can be.
  static Probe::End run(std::vector<std::string> arguments, std::uint64_t heap_bytes = 64 * kMiB) {
    ProbeStart start{.arguments = std::move(arguments)};
    if (native()) start.environment.emplace_back("PROBE_NATIVE=1");
    if (!native()) start.boot = boot_text(heap_bytes, GetParam() == Kind::kOrdinary ? 0 : 1);
    start.without_secret_memory = GetParam() == Kind::kRefused;
    if (GetParam() == Kind::kPartly) {
      start.as_nobody = is_root();
      start.locked_memory = 8 * kMiB;
    }
    return Probe(start).end();
  }
  static void expect_success(std::vector<std::string> arguments, std::uint64_t heap_bytes = 64 * kMiB) {
    const Probe::End end = run(std::move(arguments), heap_bytes);
    EXPECT_EQ(end.status, 0) << end.errors;
  }
};

TEST_P(Memory, Churn) { expect_success({"churn"}); }
TEST_P(Memory, ChurnOnThreads) { expect_success({"churn_on_threads"}, 256 * kMiB); }
TEST_P(Memory, ZeroAgain) { expect_success({"zero_again"}); }
TEST_P(Memory, Map) { expect_success({"map"}); }
TEST_P(Memory, Remap) { expect_success({"remap"}); }
TEST_P(Memory, Fixed) { expect_success({"fixed"}); }
TEST_P(Memory, KernelMappings) { expect_success({"kernel_mappings"}); }
TEST_P(Memory, Break) { expect_success({"break"}); }
TEST_P(Memory, MapOnThreads) { expect_success({"map_on_threads"}); }
TEST_P(Memory, Threads) { expect_success({"threads", "64", "500"}, 128 * kMiB); }
TEST_P(Memory, ThreadsComeAndGo) { expect_success({"come_and_go"}); }
TEST_P(Memory, WaitingSleeps) { expect_success({"waiting"}); }
TEST_P(Memory, Joins) { expect_success({"joins"}); }
TEST_P(Memory, Streams) { expect_success({"streams"}); }
TEST_P(Memory, Crypto) { expect_success({"crypto"}); }

TEST_P(Memory, GrowsToHundredsOfMegabytes) {
  // Secret memory costs 20 us a page: hundreds of MiB would take seconds.
  expect_success({"grow", GetParam() == Kind::kSecret ? "32" : "256"}, 1024 * kMiB);
}

TEST_P(Memory, ExhaustionIsAnErrorAndOneLine) {
  if (native()) GTEST_SKIP() << "the heap of an ordinary process has no limit";
  const Probe::End end = run({"exhaust", std::to_string(16 * kMiB)}, 16 * kMiB);
  EXPECT_EQ(end.status, 0) << end.errors;
  const std::string line = "the enclave's memory is full";
  const std::size_t found = end.errors.find(line);
  ASSERT_NE(found, std::string::npos);
  EXPECT_NE(end.errors.find("memory.heap"), std::string::npos);
  EXPECT_EQ(end.errors.find(line, found + 1), std::string::npos);
}

TEST_P(Memory, ThreadStacksAreAsTheManifestSays) {
  if (native()) GTEST_SKIP() << "there is no manifest";
  expect_success({"stack_size", std::to_string(kMiB)});
}

TEST_P(Memory, MainStackEndsInAGuardPage) {
  if (native()) GTEST_SKIP() << "the kernel's own stack";
  EXPECT_EQ(run({"overflow"}).status, 1000 + SIGSEGV);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Memory,
                         testing::Values(Kind::kNative, Kind::kOrdinary, Kind::kSecret, Kind::kRefused, Kind::kPartly),
                         name_of);

TEST(MemoryStart, ArgumentsAndEnvironmentArriveAsTheyWere) {
  ProbeStart start{.arguments = {"start_values", "", "two words", std::string(100'000, 'x'), ""},
                   .environment = {"FIRST=1", "GLIBC_TUNABLES=glibc.malloc.arena_max=9", "MALLOC_ARENA_MAX=9", "EMPTY=",
                                   "LD_LIBRARY_PATH=/tmp", "ADYTON_CHANNEL=3", "BIG=" + std::string(50'000, 'y')}};
  const std::string expected =
      "argument \nargument two words\nargument " + std::string(100'000, 'x') +
      "\nargument \nvariable FIRST=1\nvariable EMPTY=\nvariable ADYTON_CHANNEL=3\nvariable BIG=" +
      std::string(50'000, 'y') + "\n";
  for (const int secret : {0, 1}) {
    start.boot = boot_text(64 * kMiB, secret);
    EXPECT_EQ(Probe(start).end().output, expected);
  }
}

TEST(MemoryStart, ManyArgumentsAndNoEnvironment) {
  ProbeStart start{.arguments = {"start_values"}};
  for (int i = 0; i < 3'000; ++i) start.arguments.push_back(std::to_string(i));
  start.boot = boot_text(64 * kMiB, 1);
  const Probe::End end = Probe(start).end();
  EXPECT_TRUE(end.output.ends_with("argument 2998\nargument 2999\n")) << end.errors;
}

TEST(MemoryStart, ArgumentsThatFillTheStackAreRefused) {
  ProbeStart start{.arguments = {"streams"}, .boot = boot_text(64 * kMiB, 1)};
  for (int i = 0; i < 6; ++i) start.arguments.emplace_back(100'000, 'x');
  const Probe::End end = Probe(start).end();
  EXPECT_EQ(end.status, 122);
  EXPECT_NE(end.errors.find("memory.stack"), std::string::npos) << end.errors;
}

TEST(MemoryStart, MalformedOptionsEndIt) {
  for (const char* boot : {"", "heap=1;stack=1;secret=1", "heap=67108864;stack=1048576;secret=9"}) {
    const Probe::End end = Probe({.arguments = {"streams"}, .boot = boot}).end();
    EXPECT_EQ(end.status, 120) << boot;
    EXPECT_NE(end.errors.find("ADYTON_BOOT"), std::string::npos);
  }
}

TEST(MemoryStart, RequiredSecretMemoryOrNothing) {
  const Probe::End missing =
      Probe({.arguments = {"streams"}, .boot = boot_text(64 * kMiB, 2), .without_secret_memory = true}).end();
  EXPECT_EQ(missing.status, 121);
  EXPECT_NE(missing.errors.find("this machine has none"), std::string::npos);
  const Probe::End limited = Probe({.arguments = {"streams"},
                                    .boot = boot_text(64 * kMiB, 2),
                                    .as_nobody = is_root(),
                                    .locked_memory = 8 * kMiB})
                                 .end();
  EXPECT_EQ(limited.status, 121);
  EXPECT_NE(limited.errors.find("ulimit -l"), std::string::npos);
  const Probe::End enough =
      Probe(
          {.arguments = {"streams"}, .boot = boot_text(4 * kMiB, 2), .as_nobody = is_root(), .locked_memory = 8 * kMiB})
          .end();
  EXPECT_EQ(enough.status, 0) << enough.errors;
  EXPECT_EQ(enough.errors, "");
}

TEST(MemoryStart, SaysWhatIsNotSecret) {
  const Probe::End all =
      Probe({.arguments = {"streams"}, .boot = boot_text(64 * kMiB, 1), .without_secret_memory = true}).end();
  EXPECT_TRUE(all.errors.starts_with("adyton: all of this enclave's memory is ordinary")) << all.errors;
  const Probe::End some = Probe({.arguments = {"streams"},
                                 .boot = boot_text(64 * kMiB, 1),
                                 .as_nobody = is_root(),
                                 .locked_memory = 8 * kMiB})
                              .end();
  EXPECT_TRUE(some.errors.starts_with("adyton: ")) << some.errors;
  EXPECT_NE(some.errors.find("KiB are ordinary memory"), std::string::npos) << some.errors;
  EXPECT_EQ(Probe({.arguments = {"streams"}, .boot = boot_text(64 * kMiB, 0)}).end().errors, "");
}

}  // namespace
}  // namespace adyton::test
