// SPDX-License-Identifier: Apache-2.0
// The public interface of the emulator (adyton/sgx_emulator.h), with the tiny enclave of test_enclave.S.
#include <adyton/sgx_emulator.h>

#include <atomic>
#include <bit>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "test_enclave.h"

namespace adyton::sgx_emulator {
namespace {

using sgx::Command;
using sgx::TestPlan;
using Reason = EntryEnd::Reason;

// What `result` says went wrong has this code and these words.
template <class T>
void expect_error(const Result<T>& result, ErrorCode code, std::string_view words) {
  ASSERT_FALSE(result) << words;
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_TRUE(result.error().message.contains(words)) << result.error().message;
}

// The plan of the other tests, in the words of this interface.
struct Layout {
  SgxPlan plan = TestPlan::make();
  Secs secs{.size_bytes = plan.size, .ssa_frame_pages = plan.ssa_frame_pages, .misc_select = plan.misc_select};
  std::vector<Pages> pages;

  Layout() {
    for (const SgxPages& run : plan.pages) {
      pages.push_back({.offset = run.offset,
                       .count = run.count,
                       .type = run.type == SgxPageType::kTcs ? PageType::kTcs : PageType::kRegular,
                       .permissions = static_cast<std::uint8_t>(secinfo_flags(run) & 7),
                       .extended = run.extended,
                       .content = run.content});
    }
  }
  [[nodiscard]] SignedFields fields() const {
    return {.date = 0x20261122,
            .misc_select = secs.misc_select,
            .attributes = secs.attributes,
            .measurement = *measure(secs, pages),
            .product = 7,
            .svn = 3};
  }
  [[nodiscard]] Bytes signature() const { return *sign(fields(), kTestSgxKey); }
};

Machine machine_with(const Secret& fuses, MachineOptions options = {}) { return *Machine::make(fuses, options); }
Machine machine(MachineOptions options = {}) { return machine_with(*make_fuses(), options); }

Enclave added(Machine& on, const Layout& layout) {
  Enclave out = *on.create(layout.secs);
  for (const Pages& run : layout.pages) EXPECT_TRUE(out.add(run));
  return out;
}
Enclave running(Machine& on, const Layout& layout = {}) {
  Enclave out = added(on, layout);
  const auto initialised = out.initialise(layout.signature());
  EXPECT_TRUE(initialised) << initialised.error().message;
  return out;
}

Registers command(Command what, std::uint64_t rsi = 0, std::uint64_t rdx = 0, std::uint64_t r8 = 0,
                  std::uint64_t r9 = 0) {
  return {.rdi = what, .rsi = rsi, .rdx = rdx, .r8 = r8, .r9 = r9};
}
std::uint64_t address_of(const void* object) { return std::bit_cast<std::uint64_t>(object); }

TEST(SgxEmulatorLibrary, MeasuresAndSignsAsImagesAre) {
  const Layout layout;
  EXPECT_EQ(*measure(layout.secs, layout.pages), measure_sgx_plan(layout.plan));
  EXPECT_EQ(layout.signature(), TestPlan::sign(layout.plan).bytes);
  EXPECT_EQ(*signer_of(layout.signature()), TestPlan::sign(layout.plan).signer);
}

TEST(SgxEmulatorLibrary, EntersLeavesFaultsAndResumes) {
  for (const bool strict : {false, true}) {
    Machine on = machine({.strict = strict});
    Enclave enclave = running(on);
    const auto echo = enclave.enter(TestPlan::tcs(0), command(sgx::kEcho, 41));
    ASSERT_TRUE(echo) << echo.error().message;
    EXPECT_EQ(echo->reason, Reason::kExit);
    EXPECT_EQ(echo->registers.rdi, 42u);
    EXPECT_EQ(echo->registers.rdx, enclave.base() + TestPlan::thread_page(0));

    const auto fault = enclave.enter(TestPlan::tcs(0), command(sgx::kLoad, enclave.base() + TestPlan::kGap + 5));
    EXPECT_EQ(fault->reason, Reason::kException);
    EXPECT_EQ(fault->exception_vector, 14);
    EXPECT_EQ(fault->exception_address, enclave.base() + TestPlan::kGap);
    EXPECT_EQ(enclave.enter(TestPlan::tcs(0), command(sgx::kHandle, 99, 3))->reason, Reason::kExit);
    const auto resumed = enclave.resume(TestPlan::tcs(0));
    EXPECT_EQ(resumed->reason, Reason::kExit);
    EXPECT_EQ(resumed->registers.rdi, 99u);
    EXPECT_EQ(resumed->registers.rsi, 0x1111222233334444u);
    EXPECT_EQ(resumed->registers.r8, 0x1111222233334444u);
  }
}

TEST(SgxEmulatorLibrary, InterruptsAreToldAndResumed) {
  Machine on = machine();
  Enclave enclave = running(on);
  constexpr std::uint64_t kTurns = 100'000'000;
  bool interrupted = false;
  for (int round = 0; round < 1000 && !interrupted; ++round) {  // until this thread is in time
    volatile std::uint32_t inside = 0;
    std::atomic<bool> out = false;
    EntryEnd end;
    std::thread spinning([&] {
      end = *enclave.enter(TestPlan::tcs(0),
                           command(sgx::kSpin, address_of(const_cast<std::uint32_t*>(&inside)), kTurns));
      out = true;
    });
    while (inside == 0) std::this_thread::yield();
    while (!out) enclave.interrupt(TestPlan::tcs(0));
    spinning.join();
    interrupted = end.reason == Reason::kInterrupted;
    while (end.reason == Reason::kInterrupted) end = *enclave.resume(TestPlan::tcs(0));  // again, if one came late
    EXPECT_EQ(end.reason, Reason::kExit);
    EXPECT_EQ(end.registers.rdi, kTurns * (kTurns + 1) / 2);
  }
  EXPECT_TRUE(interrupted);
}

TEST(SgxEmulatorLibrary, AnEnclaveOutlivesItsMachineAndMoves) {
  auto on = std::make_unique<Machine>(machine());
  Enclave first = running(*on);
  on.reset();
  Enclave second = std::move(first);
  EXPECT_EQ(second.enter(TestPlan::tcs(0), command(sgx::kEcho, 1))->registers.rdi, 2u);
}

TEST(SgxEmulatorLibrary, KeysComeFromTheFuses) {
  const auto key_by = [](const Secret& fuses) {
    Machine on = machine_with(fuses);
    Enclave enclave = running(on);
    const Bytes request = encode(sgx::KeyRequest{.name = static_cast<std::uint16_t>(sgx::KeyName::kSeal),
                                                 .policy = sgx::KeyRequest::kMrSigner,
                                                 .svn = 3,
                                                 .cpu_svn = SgxFuses::kCpuSvn,
                                                 .attribute_mask = {2, 0}});
    const std::uint64_t in = enclave.base() + TestPlan::kData, out = in + 0x400;
    EXPECT_TRUE(enclave.enter(TestPlan::tcs(0), command(sgx::kCopy, in, address_of(request.data()), request.size())));
    EXPECT_EQ(enclave.enter(TestPlan::tcs(0), command(sgx::kLeaf, in, out, 0, 1))->registers.rdi, 0u);
    Bytes key(16);
    EXPECT_TRUE(enclave.enter(TestPlan::tcs(0), command(sgx::kCopy, address_of(key.data()), out, key.size())));
    return key;
  };
  const Secret fuses = *make_fuses();
  EXPECT_EQ(key_by(fuses), key_by(fuses));
  EXPECT_NE(key_by(fuses), key_by(*make_fuses()));

  std::string folder = (std::filesystem::temp_directory_path() / "adyton-fuses-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  EXPECT_EQ(key_by(*open_fuses(folder)), key_by(*open_fuses(folder)));
  std::filesystem::permissions(folder, std::filesystem::perms::all);
  expect_error(open_fuses(folder), ErrorCode::kDenied, "fuses");
  std::filesystem::remove_all(folder);
}

TEST(SgxEmulatorLibrary, RefusesFusesThatAreNone) {
  expect_error(Machine::make(Secret()), ErrorCode::kInvalid, "the fuses");
  const Secret fuses = *make_fuses();
  for (std::size_t size = 0; size < fuses.size(); ++size)
    expect_error(Machine::make(Secret::copy_of(fuses.expose().first(size))), ErrorCode::kInvalid, "the fuses");
}

TEST(SgxEmulatorLibrary, EinitRefusesOtherBytesAndOtherSignatures) {
  const Layout layout;
  const Bytes signature = layout.signature();
  Machine on = machine();
  for (std::size_t run = 0; run < 4; ++run) {  // the fourth is a TCS
    Layout altered;
    altered.plan.storage[run][33] ^= std::byte{1};
    Enclave enclave = added(on, altered);
    expect_error(enclave.initialise(signature), ErrorCode::kUntrusted, "SGX_INVALID_MEASUREMENT");
    expect_error(enclave.enter(TestPlan::tcs(0), {}), ErrorCode::kInvalid, "not initialised");
  }
  for (const auto& [offset, words] :
       {std::pair{std::size_t{1}, "SGX_INVALID_SIG_STRUCT"}, std::pair{std::size_t{960}, "SGX_INVALID_SIGNATURE"}}) {
    Bytes altered = signature;
    altered[offset] ^= std::byte{1};
    Enclave enclave = added(on, layout);
    expect_error(enclave.initialise(altered), ErrorCode::kUntrusted, words);
  }
}

// A SIGSTRUCT that is none by its length alone does not use the enclave up.
TEST(SgxEmulatorLibrary, RefusesSigstructsOfAnotherLength) {
  const Layout layout;
  Machine on = machine();
  Enclave enclave = added(on, layout);
  const Bytes signature = layout.signature();
  Bytes longer = signature;
  longer.push_back({});
  for (const BytesView wrong : {BytesView(), BytesView(signature).first(1807), BytesView(longer)}) {
    expect_error(enclave.initialise(wrong), ErrorCode::kInvalid, "not 1808");
    expect_error(signer_of(wrong), ErrorCode::kInvalid, "not 1808");
  }
  EXPECT_TRUE(enclave.initialise(signature));
  expect_error(enclave.initialise(signature), ErrorCode::kInvalid, "already");
  expect_error(enclave.add({.offset = TestPlan::kGap, .permissions = kRead}), ErrorCode::kInvalid, "initialised");
}

TEST(SgxEmulatorLibrary, RefusesPagesAsEaddDoes) {
  Machine on = machine();
  Bytes page(4096), other(4095);
  struct Case {
    const char* words;
    Pages pages;
    bool measurable = false;
  };
  for (const Case& wrong : {
           Case{"not within", {.offset = 1, .permissions = kRead}},
           Case{"not within", {.offset = 0x4000, .permissions = kRead}},
           Case{"not within", {.offset = 0, .count = 0, .permissions = kRead}},
           Case{"not within", {.offset = 0x1000, .count = 4, .permissions = kRead}},
           Case{"not within", {.offset = 0x1000, .count = ~std::uint64_t{0} / 4096, .permissions = kRead}},
           Case{"not within", {.offset = ~std::uint64_t{0xfff}, .count = 2, .permissions = kRead}},
           Case{"4095 bytes", {.offset = 0, .permissions = kRead, .content = other}},
           Case{"permissions 0x8", {.offset = 0, .permissions = 8}},
           Case{"writable but not", {.offset = 0, .permissions = kWrite}, true},
           Case{"TCS with permissions", {.offset = 0, .type = PageType::kTcs, .permissions = kRead}, true},
           Case{"page type of 4", {.offset = 0, .type = PageType::kTrim, .permissions = kRead}, true},
       }) {
    Enclave enclave = *on.create({.size_bytes = 0x4000});
    expect_error(enclave.add(wrong.pages), ErrorCode::kInvalid, wrong.words);
    if (!wrong.measurable)
      expect_error(measure({.size_bytes = 0x4000}, {&wrong.pages, 1}), ErrorCode::kInvalid, wrong.words);
    EXPECT_TRUE(enclave.add({.offset = 0, .permissions = kRead, .content = page}));  // it is as before
    expect_error(enclave.add({.offset = 0, .permissions = kRead}), ErrorCode::kInvalid, "already a page");
  }
  // Thread control structures.
  for (const auto& [offset, words] :
       {std::pair{std::size_t{0}, "STATE"}, std::pair{std::size_t{8}, "reserved"}, std::pair{std::size_t{17}, "OSSA"},
        std::pair{std::size_t{24}, "CSSA"}, std::pair{std::size_t{4095}, "reserved"}}) {
    Bytes tcs(4096);
    tcs[offset] = std::byte{2};
    Enclave enclave = *on.create({.size_bytes = 0x4000});
    expect_error(enclave.add({.offset = 0, .type = PageType::kTcs, .content = tcs}), ErrorCode::kInvalid, words);
  }
}

TEST(SgxEmulatorLibrary, RefusesSecsAsEcreateDoes) {
  Machine on = machine();
  for (const std::uint64_t size : {0ull, 4096ull, 3ull * 4096, 1ull << 37, ~0ull})
    expect_error(on.create({.size_bytes = size}), ErrorCode::kInvalid, "power of two");
  expect_error(on.create({.size_bytes = 0x4000, .ssa_frame_pages = 0}), ErrorCode::kInvalid, "SSAFRAMESIZE");
  expect_error(on.create({.size_bytes = 0x4000, .misc_select = 2}), ErrorCode::kInvalid, "MISCSELECT");
  expect_error(on.create({.size_bytes = 0x4000, .attributes = {.flags = 0}}), ErrorCode::kInvalid, "64-bit");
  expect_error(on.create({.size_bytes = 0x4000, .attributes = {.xfrm = 3 | 1ull << 62}}), ErrorCode::kUnavailable,
               "XFRM");
  expect_error(measure({.size_bytes = 1ull << 37}, {}), ErrorCode::kInvalid, "enclave");
}

TEST(SgxEmulatorLibrary, RefusesEntriesByWhatIsNoThread) {
  Machine on = machine();
  Enclave enclave = running(on);
  for (const std::uint64_t offset : {std::uint64_t{0}, TestPlan::tcs(0) + 8, TestPlan::kSize, ~std::uint64_t{0}}) {
    expect_error(enclave.enter(offset, {}), ErrorCode::kInvalid, "no TCS");
    expect_error(enclave.resume(offset), ErrorCode::kInvalid, "no TCS");
    enclave.interrupt(offset);
  }
  expect_error(enclave.resume(TestPlan::tcs(0)), ErrorCode::kInvalid, "no state to resume");
}

TEST(SgxEmulatorLibrary, RefusesKeysThatSgxDoesNotTake) {
  const SignedFields fields = Layout().fields();
  expect_error(sign(fields, "no key"), ErrorCode::kInvalid, "the key");
  expect_error(sign(fields, PrivateKey::generate(KeyKind::kP384)->pem()), ErrorCode::kInvalid, "");
  SignedFields without_kss = fields;
  without_kss.family_id[3] = std::byte{1};
  expect_error(sign(without_kss, kTestSgxKey), ErrorCode::kInvalid, "KSS");
}

TEST(SgxEmulatorLibrary, OptionsAreTheMachines) {
  Layout layout;
  const Measurement signer = *signer_of(layout.signature());
  Machine ours = machine({.rdtsc_faults = true, .launch_signer = signer});
  Enclave enclave = running(ours, layout);
  EXPECT_EQ(enclave.enter(TestPlan::tcs(0), command(sgx::kTimeStamp))->exception_vector, 6);
  Machine theirs = machine({.launch_signer = Measurement{}});
  expect_error(added(theirs, layout).initialise(layout.signature()), ErrorCode::kUntrusted, "SGX_INVALID_EINITTOKEN");

  layout.secs.attributes.flags |= Attributes::kProvisionKey;
  Machine plain = machine(), provisioning = machine({.provisioning = true});
  expect_error(added(plain, layout).initialise(layout.signature()), ErrorCode::kDenied, "provision");
  EXPECT_TRUE(added(provisioning, layout).initialise(layout.signature()));
}

// Else pages could be other ones than their measurement says.
TEST(SgxEmulatorLibrary, PagesChangeOnlyAfterEinit) {
  Machine on = machine();
  Enclave enclave = added(on, {});
  expect_error(enclave.augment(TestPlan::kGap, 1), ErrorCode::kInvalid, "EAUG: #GP: the enclave is not");
  expect_error(enclave.restrict_permissions(TestPlan::kData, 1, kRead), ErrorCode::kInvalid, "EMODPR: #GP");
  expect_error(enclave.change_type(TestPlan::kData, 1, PageType::kTcs), ErrorCode::kInvalid, "EMODT: #GP");
  expect_error(enclave.remove(TestPlan::kData, 1), ErrorCode::kInvalid, "EREMOVE: #GP");
}

TEST(SgxEmulatorLibrary, PagesComeAndChange) {
  constexpr std::uint64_t kNew = TestPlan::kGap, kPending = 8, kModified = 16, kRestricted = 32;
  Machine on = machine();
  Enclave enclave = running(on);
  const auto accept = [&](std::uint64_t secinfo) {
    Bytes info(64);
    store_le(info, 0, secinfo);
    const std::uint64_t operand = enclave.base() + TestPlan::kData;
    EXPECT_TRUE(enclave.enter(TestPlan::tcs(0), command(sgx::kCopy, operand, address_of(info.data()), info.size())));
    return enclave.enter(TestPlan::tcs(0), command(sgx::kLeaf, operand, enclave.base() + kNew, 0, 5))->registers.rdi;
  };
  const auto type = [](PageType of) { return static_cast<std::uint64_t>(of) << 8; };
  expect_error(enclave.augment(kNew + 1, 1), ErrorCode::kInvalid, "not within");
  ASSERT_TRUE(enclave.augment(kNew, 1));
  EXPECT_EQ(accept(type(PageType::kRegular) | kRead | kWrite | kPending), 0u);
  expect_error(enclave.restrict_permissions(kNew, 1, kWrite), ErrorCode::kInvalid, "permissions");
  ASSERT_TRUE(enclave.restrict_permissions(kNew, 1, kRead));
  EXPECT_EQ(accept(type(PageType::kRegular) | kRead | kRestricted), 0u);
  expect_error(enclave.change_type(kNew, 1, PageType::kRegular), ErrorCode::kInvalid, "page type of 2");
  expect_error(enclave.remove(kNew, 1), ErrorCode::kInvalid, "not trimmed");
  ASSERT_TRUE(enclave.change_type(kNew, 1, PageType::kTrim));
  EXPECT_EQ(accept(type(PageType::kTrim) | kModified), 0u);
  EXPECT_TRUE(enclave.remove(kNew, 1));

  ASSERT_TRUE(enclave.augment(kNew, 1));  // zeros: a TCS whose OENTRY is the code's first byte, without a frame
  EXPECT_EQ(accept(type(PageType::kRegular) | kRead | kWrite | kPending), 0u);
  ASSERT_TRUE(enclave.change_type(kNew, 1, PageType::kTcs));
  expect_error(enclave.enter(kNew, {}), ErrorCode::kInvalid, "no TCS");
  EXPECT_EQ(accept(type(PageType::kTcs) | kModified), 0u);
  expect_error(enclave.enter(kNew, {}), ErrorCode::kInvalid, "NSSA");
}

}  // namespace
}  // namespace adyton::sgx_emulator
