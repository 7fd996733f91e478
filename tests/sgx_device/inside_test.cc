// SPDX-License-Identifier: Apache-2.0
// Enclaves that run, entered by the device's own code through the double's vDSO: the ioctl path from end to end.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cfenv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "crypto/keys.h"
#include "crypto/test_sgx_key.h"
#include "device_test.h"
#include "image/build.h"
#include "image/sgx/sgx_sign.h"
#include "platform/sgx/host_requests.h"
#include "platform/sgx/keep_program.h"

namespace adyton::sgx {
namespace {

// Sanitizers want the signals that the emulator takes, and know nothing of other FS bases.
constexpr bool has_sanitizer() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
  return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
  return false;
#endif
}

class SgxDeviceInside : public SgxDeviceTest {
 protected:
  void SetUp() override {
    if constexpr (has_sanitizer()) GTEST_SKIP() << "no enclave is entered under sanitizers";
    SgxDeviceTest::SetUp();
    expect_loaded(TestPlan::make());
  }
  Sgx2Enclave& paged() { return dynamic_cast<Sgx2Enclave&>(*enclave); }
};

TEST_F(SgxDeviceInside, RegistersPassBothWays) {
  const SgxEntryEnd end = call(kEcho, 41);
  EXPECT_EQ(end.function, SgxLeaf::kEexit);
  EXPECT_EQ(end.registers.rdi, 42u);
  EXPECT_EQ(end.registers.rsi, 0u);  // CSSA
  EXPECT_EQ(end.registers.rdx, at(TestPlan::thread_page(0)));
  EXPECT_EQ(end.registers.r8, at(TestPlan::thread_page(0)));
}

// The double leaves as an enclave may: registers, flags and control words of its own.
TEST_F(SgxDeviceInside, WhatTheEnclaveChangesOfTheThreadIsPutBack) {
  const double third = 1.0 / 3;
  ASSERT_EQ(std::fegetround(), FE_TONEAREST);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(call(kEcho, 1).registers.rdi, 2u);
    EXPECT_EQ(std::fegetround(), FE_TONEAREST);
    const volatile double three = 3;
    EXPECT_EQ(1 / three, third);
    const volatile long double long_three = 3;
    EXPECT_EQ(static_cast<double>(1 / long_three), third);
  }
}

TEST_F(SgxDeviceInside, ExceptionsComeBackAndAreHandledInside) {
  const SgxEntryEnd end = call(kInvalid);
  EXPECT_EQ(end.function, SgxLeaf::kEresume);
  EXPECT_EQ(end.exception_vector, 6);
  const SgxEntryEnd fault = call(kLoad, at(TestPlan::kGap), 0, 0, 0, 1);
  EXPECT_EQ(fault.function, SgxLeaf::kEresume);
  EXPECT_EQ(fault.exception_vector, 14);
  EXPECT_EQ(fault.exception_address, at(TestPlan::kGap));
}

TEST_F(SgxDeviceInside, EntriesThatTheProcessorRefusesAreErrors) {
  expect_error(enclave->enter(TestPlan::tcs(0) + 1, SgxLeaf::kEenter, {}), ErrorCode::kInvalid, {"no TCS"});
  expect_error(enclave->enter(TestPlan::kSize, SgxLeaf::kEenter, {}), ErrorCode::kInvalid, {"no TCS"});
  expect_error(enclave->enter(TestPlan::kData, SgxLeaf::kEenter, {}), ErrorCode::kInvalid, {"EENTER: #PF"});
  expect_error(enclave->enter(TestPlan::kGap, SgxLeaf::kEenter, {}), ErrorCode::kInvalid, {"EENTER: #PF"});
  expect_error(enclave->enter(TestPlan::tcs(0), SgxLeaf::kEexit, {}), ErrorCode::kInvalid, {"not by leaf 4"});
  // Two frames of state: after two exceptions there is none left.
  EXPECT_EQ(call(kInvalid).exception_vector, 6);
  EXPECT_EQ(call(kInvalid).exception_vector, 6);
  expect_error(enclave->enter(TestPlan::tcs(0), SgxLeaf::kEenter, {}), ErrorCode::kInvalid,
               {"EENTER: #GP", "no frame"});
  kernel->options.lost = true;
  expect_error(enclave->enter(TestPlan::tcs(1), SgxLeaf::kEenter, {}), ErrorCode::kInvalid, {"memory is lost"});
}

// A thread that computes comes out, can be entered by the next frame, and goes on as if nothing had been; one that is
// not inside notices nothing.
TEST_F(SgxDeviceInside, AThreadThatComputesIsInterrupted) {
  constexpr std::uint64_t kTurns = 100'000'000, kSum = kTurns * (kTurns + 1) / 2;
  enclave->interrupt(TestPlan::tcs(0));
  enclave->interrupt(TestPlan::tcs(0) + 1);
  bool interrupted = false;
  for (int round = 0; round < 1000 && !interrupted; ++round) {  // until this thread is in time
    volatile std::uint32_t inside = 0;
    std::atomic<bool> out = false;
    SgxEntryEnd end, echo, rest;
    std::thread spinning([&] {
      end = call(kSpin, std::bit_cast<std::uint64_t>(const_cast<std::uint32_t*>(&inside)), kTurns);
      out = true;
      echo = call(kEcho, 7);
      rest = end;
      while (rest.interrupted) rest = resume();  // again, if one came late
    });
    while (inside == 0) std::this_thread::yield();
    while (!out) enclave->interrupt(TestPlan::tcs(0));
    spinning.join();
    interrupted = end.interrupted;
    EXPECT_EQ(echo.registers.rdi, 8u);
    EXPECT_EQ(echo.registers.rsi, interrupted ? 1u : 0u);  // CSSA
    EXPECT_EQ(rest.function, SgxLeaf::kEexit);
    EXPECT_EQ(rest.registers.rdi, kSum);
    EXPECT_EQ(rest.registers.rsi, kTurns);  // XMM registers came back
  }
  EXPECT_TRUE(interrupted);
}

// Signals that are not ours leave it alone.
TEST_F(SgxDeviceInside, OtherSignalsDoNotBringAThreadOut) {
  static std::atomic<int> ticks = 0;
  struct sigaction before{}, ours{};
  ours.sa_handler = [](int) { ++ticks; };
  ASSERT_EQ(::sigaction(SIGUSR1, &ours, &before), 0);
  constexpr std::uint64_t kTurns = 30'000'000;
  volatile std::uint32_t inside = 0;
  SgxEntryEnd end;
  std::thread spinning(
      [&] { end = call(kSpin, std::bit_cast<std::uint64_t>(const_cast<std::uint32_t*>(&inside)), kTurns); });
  while (inside == 0) std::this_thread::yield();
  ::pthread_kill(spinning.native_handle(), SIGUSR1);
  spinning.join();
  EXPECT_FALSE(end.interrupted);
  EXPECT_EQ(end.registers.rdi, kTurns * (kTurns + 1) / 2);
  EXPECT_EQ(ticks, 1);
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(SgxDeviceInside, ThreadsEnterAtTheSameTime) {
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (std::uint64_t thread = 0; thread < TestPlan::kThreadCount; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t i = 0; i < 200; ++i) {
        const auto end = enclave->enter(TestPlan::tcs(thread), SgxLeaf::kEenter, {kEcho, i});
        if (end && end->registers.rdi == i + 1) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 200 * static_cast<int>(TestPlan::kThreadCount));
}

TEST_F(SgxDeviceInside, PagesComeChangeAndGo) {
  constexpr std::uint64_t kNew = TestPlan::kGap, kRequest = TestPlan::kData, kOut = TestPlan::kData + 0x400;
  const auto accept = [&](std::uint64_t page, std::uint64_t secinfo) {
    Bytes structure(64);
    store_le(structure, 0, secinfo);
    put(kRequest, structure);
    return static_cast<Code>(call(kLeaf, at(kRequest), at(page), 0, 5).registers.rdi);
  };
  ASSERT_TRUE(paged().augment(kNew, 2));
  kernel->options.busy_pages = 0;
  expect_error(paged().restrict_permissions(kNew, 1, kRead), ErrorCode::kInvalid,
               {"EMODPR", "SGX_PAGE_NOT_MODIFIABLE", "the page at 0x6000"});  // it is pending
  kernel->options.busy_pages = 3;
  expect_error(paged().augment(kNew + 4096, 2), ErrorCode::kInvalid, {"are there"});
  expect_error(paged().augment(TestPlan::kData, 1), ErrorCode::kInvalid, {"are there"});
  EXPECT_EQ(kernel->mapped_as(at(kNew)), "rw-");
  EXPECT_EQ(accept(kNew, secinfo_of(PageType::kRegular, kRead | kWrite | kPending)), Code::kOk);
  EXPECT_EQ(accept(kNew + 4096, secinfo_of(PageType::kRegular, kRead | kWrite | kPending)), Code::kOk);
  const Bytes byte(1, std::byte{7});
  put(kNew, byte);
  EXPECT_EQ(get(kNew, 1), byte);

  const auto restricted = paged().restrict_permissions(kNew, 2, kRead);
  ASSERT_TRUE(restricted) << restricted.error().message;
  EXPECT_EQ(kernel->options.busy_pages, 0);
  for (const std::uint64_t page : {kNew, kNew + 4096})
    EXPECT_EQ(accept(page, secinfo_of(PageType::kRegular, kRead | kPermissionsRestricted)), Code::kOk);
  EXPECT_EQ(get(kNew, 1), byte);
  expect_error(paged().restrict_permissions(kNew, 1, kWrite), ErrorCode::kInvalid, {"permissions 0x2"});

  expect_error(paged().remove(kNew, 1), ErrorCode::kInvalid, {"EREMOVE", "not trimmed and accepted"});
  ASSERT_TRUE(paged().change_type(kNew, 2, false));
  expect_error(paged().remove(kNew, 1), ErrorCode::kInvalid, {"not trimmed and accepted"});
  expect_error(paged().change_type(kNew, 1, false), ErrorCode::kInvalid, {"EMODT"});
  EXPECT_EQ(accept(kNew, secinfo_of(PageType::kTrim, kModified)), Code::kOk);
  ASSERT_TRUE(paged().remove(kNew, 1));
  EXPECT_EQ(kernel->mapped_as(at(kNew)), "---");
  EXPECT_EQ(kernel->mapped_as(at(kNew + 4096)), "rw-");
  EXPECT_EQ(call(kCopy, at(kOut), at(kNew), 1, 0, 3).exception_vector, 14);
  ASSERT_TRUE(paged().augment(kNew, 1));  // the addresses are free again
  expect_error(paged().restrict_permissions(TestPlan::tcs(0), 1, kRead), ErrorCode::kInvalid, {"EMODPR"});
  expect_error(paged().restrict_permissions(0x8000, 1, kRead), ErrorCode::kInvalid, {"there is no such page"});
  expect_error(paged().remove(TestPlan::kSize, 1), ErrorCode::kInvalid, {"within"});
}

TEST_F(SgxDeviceInside, AnAddedPageCanBecomeAThread) {
  constexpr std::uint64_t kRequest = TestPlan::kData, kNew = TestPlan::kData + 4096;
  Bytes page(4096);
  store_le<std::uint64_t>(page, 16, TestPlan::ssa(0));
  store_le<std::uint32_t>(page, 28, 2);
  store_le<std::uint64_t>(page, 48, TestPlan::thread_page(0));
  store_le<std::uint64_t>(page, 56, TestPlan::thread_page(0));
  put(kNew, page);
  ASSERT_TRUE(paged().change_type(kNew, 1, true));
  Bytes secinfo(64);
  store_le(secinfo, 0, secinfo_of(PageType::kTcs, kModified));
  put(kRequest, secinfo);
  EXPECT_EQ(call(kLeaf, at(kRequest), at(kNew), 0, 5).registers.rdi, 0u);
  EXPECT_EQ(enclave->enter(kNew, SgxLeaf::kEenter, {kEcho, 8})->registers.rdi, 9u);
  expect_error(paged().change_type(0, 1, true), ErrorCode::kInvalid, {"EMODT"});  // code: not writable
}

TEST_F(SgxDeviceInside, WithoutSgx2OrOnAnOldKernelPagesDoNotChange) {
  const auto expect_refused = [&](std::string_view why) {
    expect_error(paged().augment(TestPlan::kGap, 1), ErrorCode::kUnavailable, {"EAUG", why});
    expect_error(paged().restrict_permissions(TestPlan::kData, 1, kRead), ErrorCode::kUnavailable, {"EMODPR", why});
    expect_error(paged().change_type(TestPlan::kData, 1, false), ErrorCode::kUnavailable, {"EMODT", why});
    expect_error(paged().remove(TestPlan::kData, 1), ErrorCode::kUnavailable, {"EREMOVE", why});
    EXPECT_EQ(kernel->mapped_as(at(TestPlan::kGap)), "---");
  };
  kernel->options.abilities.eax = 1;
  expect_refused("SGX1 only");
  kernel->options.edmm = false;
  expect_refused("Linux 6.0");
}

// A page that stays busy is given up, not waited for without an end.
TEST_F(SgxDeviceInside, APageThatStaysBusyIsAnError) {
  kernel->options.busy_pages = 1 << 20;
  expect_error(paged().change_type(TestPlan::kData, 1, false), ErrorCode::kIo, {"EMODT"});
}

// An image signed for SGX, on the keep kernel, by the ioctl path.
TEST(SgxDeviceKeepTest, ASignedImageRunsFromEndToEnd) {
  if constexpr (has_sanitizer()) GTEST_SKIP() << "no enclave is entered under sanitizers";
  for (const auto& [name, threads] : {std::pair("hello", 8), std::pair("threads", 12), std::pair("interrupts", 12)}) {
    const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    const std::filesystem::path path = folder / ("keep_program_" + std::string(name));
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(file) << path;
    const std::string elf(std::istreambuf_iterator<char>(file), {});
    Manifest manifest{.name = name};
    manifest.memory.heap_bytes = 128 << 20;
    manifest.sgx.threads = static_cast<std::uint32_t>(threads);
    const auto image_of = [](Bytes bytes) { return Image::parse(std::move(bytes)).value(); };
    auto attached = attach_manifest(as_bytes(std::string_view(elf)), manifest);
    ASSERT_TRUE(attached) << attached.error().message;
    const Image image = image_of(*std::move(attached));
    const Image kept = image_of(attach_keep(image, keep_program()).value());
    const PrivateKey key = PrivateKey::parse_pem(kTestSgxKey).value();
    const auto verified = verify_sgx_signature(image_of(sign_for_sgx(kept, key, 0x20261122).value()));
    ASSERT_TRUE(verified) << verified.error().message;
    const SignedSgxPlan& is = *verified;

    const auto kernel = std::make_shared<FakeKernel>();
    const auto device = make_sgx_device(kernel);
    auto enclave = load_sgx_enclave(*device, is.plan, is.sigstruct);
    ASSERT_TRUE(enclave) << enclave.error().message;
    const int output = ::memfd_create("output", MFD_CLOEXEC);
    const KeepStart start{.arguments = {path, "a", "b"}, .environment = {}, .streams = {.output = output, .error = 2}};
    const auto end = run_keep(**enclave, is.plan.tcs_offsets, start);
    std::array<char, 4096> bytes{};
    const ssize_t count = ::pread(output, bytes.data(), bytes.size(), 0);
    ::close(output);
    ASSERT_TRUE(end) << end.error().message;

    FILE* const pipe = ::popen((path.string() + " a b").c_str(), "r");
    std::string native;
    for (int next = std::fgetc(pipe); next != EOF; next = std::fgetc(pipe)) native.push_back(static_cast<char>(next));
    const int status = ::pclose(pipe);
    EXPECT_EQ(end->status, WEXITSTATUS(status));
    EXPECT_EQ(std::string(bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0), native);
    EXPECT_FALSE(native.empty());
    enclave->reset();
    EXPECT_EQ(kernel->open_files(), 0u);
    EXPECT_EQ(kernel->mappings(), 0u);
  }
}

}  // namespace
}  // namespace adyton::sgx
