// SPDX-License-Identifier: Apache-2.0
// EREPORT, EGETKEY, EACCEPT and the others, by code inside.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "base/cursor.h"
#include "crypto/cmac.h"
#include "test_enclave.h"

namespace adyton::sgx {
namespace {

class SgxEmulatorLeaves : public SgxEmulatorRun {
 protected:
  static constexpr std::uint64_t kRequest = TestPlan::kData, kSecond = TestPlan::kData + 0x200,
                                 kOut = TestPlan::kData + 0x400;

  struct Answer {
    SgxEntryEnd end;
    Code code;
    Bytes out;
  };
  Answer get_key(const KeyRequest& request) {
    put(kRequest, encode(request));
    const auto end = call(kLeaf, at(kRequest), at(kOut), 0, 1);
    return {end, static_cast<Code>(end.registers.rdi), get(kOut, 16)};
  }
  Bytes report(const TargetInfo& target, BytesView data) {
    put(kRequest, encode(target));
    put(kSecond, data);
    const auto end = call(kLeaf, at(kRequest), at(kSecond), at(kOut), 0);
    EXPECT_EQ(end.function, SgxLeaf::kEexit);
    return get(kOut, kReportBytes);
  }
  static KeyRequest seal(std::uint16_t policy) {
    return {.name = static_cast<std::uint16_t>(KeyName::kSeal),
            .policy = policy,
            .svn = 3,
            .cpu_svn = SgxFuses::kCpuSvn,
            .attribute_mask = {2, 0}};
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, SgxEmulatorLeaves, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "strict" : "redirected"; });

TEST_P(SgxEmulatorLeaves, AReportIsVerifiedWithTheTargetsReportKey) {
  const SgxPlan plan = TestPlan::make();
  TargetInfo self{
      .measurement = measure_sgx_plan(plan), .attributes = plan.attributes, .misc_select = plan.misc_select};
  self.attributes.flags |= SgxAttributes::kInit;
  Bytes data(64);
  data[5] = std::byte{0xab};
  const Bytes made = report(self, data);
  EXPECT_TRUE(std::ranges::equal(BytesView(made).subspan(64, 32), self.measurement));
  EXPECT_TRUE(std::ranges::equal(BytesView(made).subspan(128, 32), TestPlan::sign(plan).signer));
  EXPECT_EQ(load_le<std::uint16_t>(made, 256), plan.product);
  EXPECT_EQ(load_le<std::uint16_t>(made, 258), plan.svn);
  EXPECT_EQ(load_le<std::uint64_t>(made, 48), SgxAttributes::kInit | SgxAttributes::kMode64);
  EXPECT_TRUE(std::ranges::equal(BytesView(made).subspan(320, 64), data));

  KeyRequest request{.name = static_cast<std::uint16_t>(KeyName::kReport)};
  std::ranges::copy(BytesView(made).subspan(kReportKeyId, 32), request.key_id.begin());
  const Answer key = get_key(request);
  ASSERT_EQ(key.code, Code::kOk);
  const auto code_of = [&](BytesView bytes) { return *aes128_cmac(key.out, bytes.first(kReportBodyBytes)); };
  EXPECT_TRUE(std::ranges::equal(code_of(made), BytesView(made).subspan(kReportMac)));
  // For another target the code is another.
  self.measurement[0] ^= std::byte{1};
  const Bytes foreign = report(self, data);
  EXPECT_FALSE(std::ranges::equal(code_of(foreign), BytesView(foreign).subspan(kReportMac)));
}

TEST_P(SgxEmulatorLeaves, SealingKeysFollowTheirPolicy) {
  const Bytes by_signer = get_key(seal(KeyRequest::kMrSigner)).out,
              by_image = get_key(seal(KeyRequest::kMrEnclave)).out;
  EXPECT_NE(by_signer, by_image);
  EXPECT_EQ(get_key(seal(KeyRequest::kMrSigner)).out, by_signer);
  KeyRequest older = seal(KeyRequest::kMrSigner);
  older.svn = 2;
  EXPECT_NE(get_key(older).out, by_signer);

  // Another image of the same signer, on the same machine.
  auto fuses = *SgxFuses::make();
  const auto keys_of = [&](const SgxPlan& plan, std::uint16_t policy) {
    SgxFuses same{.device = fuses.device.copy(),
                  .seal = fuses.seal.copy(),
                  .owner_epoch = fuses.owner_epoch,
                  .report_key_id_high = fuses.report_key_id_high};
    device = *make_sgx_emulator(std::move(same), {.strict = GetParam()});
    enclave = *load_sgx_enclave(*device, plan, TestPlan::sign(plan));
    KeyRequest request = seal(policy);
    request.svn = 2;
    return get_key(request).out;
  };
  SgxPlan other = TestPlan::make();
  other.storage[0].back() ^= std::byte{1};
  EXPECT_EQ(keys_of(TestPlan::make(), KeyRequest::kMrSigner), keys_of(other, KeyRequest::kMrSigner));
  EXPECT_NE(keys_of(TestPlan::make(), KeyRequest::kMrEnclave), keys_of(other, KeyRequest::kMrEnclave));
  other.product = 8;
  EXPECT_NE(keys_of(TestPlan::make(), KeyRequest::kMrSigner), keys_of(other, KeyRequest::kMrSigner));
  SgxPlan debug = TestPlan::make();
  debug.attributes.flags |= SgxAttributes::kDebug;
  EXPECT_NE(keys_of(TestPlan::make(), KeyRequest::kMrSigner), keys_of(debug, KeyRequest::kMrSigner));
  const Bytes here = keys_of(TestPlan::make(), KeyRequest::kMrSigner);
  fuses = *SgxFuses::make();
  EXPECT_NE(keys_of(TestPlan::make(), KeyRequest::kMrSigner), here);
}

TEST_P(SgxEmulatorLeaves, RefusesKeysAsTheProcessorDoes) {
  KeyRequest request = seal(KeyRequest::kMrSigner);
  request.svn = 4;
  auto answer = get_key(request);
  EXPECT_EQ(answer.code, Code::kInvalidIsvSvn);
  EXPECT_NE(answer.end.registers.rsi & 0x40, 0u);  // ZF
  request = seal(KeyRequest::kMrSigner);
  request.cpu_svn[15] = std::byte{1};
  EXPECT_EQ(get_key(request).code, Code::kInvalidCpuSvn);
  for (const KeyName name : {KeyName::kProvision, KeyName::kProvisionSeal, KeyName::kEinitToken}) {
    request = seal(0);
    request.name = static_cast<std::uint16_t>(name);
    EXPECT_EQ(get_key(request).code, Code::kInvalidAttribute);
  }
  request.name = 5;
  EXPECT_EQ(get_key(request).code, Code::kInvalidKeyName);
}

TEST_P(SgxEmulatorLeaves, ProvisioningKeysAreForEnclavesWithTheAttribute) {
  SgxPlan plan = TestPlan::make();
  plan.attributes.flags |= SgxAttributes::kProvisionKey;
  load(plan, {.provisioning = true});
  KeyRequest request = seal(0);
  request.name = static_cast<std::uint16_t>(KeyName::kProvision);
  const auto provision = get_key(request);
  EXPECT_EQ(provision.code, Code::kOk);
  request.name = static_cast<std::uint16_t>(KeyName::kProvisionSeal);
  const auto sealing = get_key(request);
  EXPECT_EQ(sealing.code, Code::kOk);
  EXPECT_NE(provision.out, sealing.out);
}

TEST_P(SgxEmulatorLeaves, BadOperandsFault) {
  std::uint64_t thread = 0;  // each is in an exception afterwards
  const auto vector = [&](std::uint64_t rbx, std::uint64_t rcx, std::uint64_t rdx, std::uint64_t leaf) {
    return call(kLeaf, rbx, rcx, rdx, leaf, thread++).exception_vector;
  };
  EXPECT_EQ(vector(at(kRequest) + 8, at(kOut), 0, 1), 13);  // not aligned
  EXPECT_EQ(vector(at(kRequest), at(kOut) + 8, 0, 1), 13);
  const auto outside = std::bit_cast<std::uint64_t>(this);
  EXPECT_EQ(vector(outside & ~511ull, at(kOut), 0, 1), 13);
  EXPECT_EQ(vector(at(TestPlan::kGap), at(kOut), 0, 1), 14);
  EXPECT_EQ(vector(at(kRequest), at(TestPlan::kReadOnly), 0, 1), 14);
  EXPECT_EQ(vector(at(kRequest), at(kSecond), at(TestPlan::kReadOnly), 0), 14);
  EXPECT_EQ(vector(at(kRequest), at(TestPlan::tcs(0)), at(kOut), 0), 14);

  load(TestPlan::make());
  Bytes reserved = encode(seal(0));
  reserved.back() = std::byte{1};
  put(kRequest, reserved);
  EXPECT_EQ(call(kLeaf, at(kRequest), at(kOut), 0, 1).exception_vector, 13);
}

TEST_P(SgxEmulatorLeaves, PagesComeAndChangeWhenBothSidesAgree) {
  constexpr std::uint64_t kNew = TestPlan::kGap;
  const auto accept = [&](std::uint64_t page, std::uint64_t secinfo, std::uint64_t leaf = 5, std::uint64_t source = 0) {
    Bytes info(64);
    store_le(info, 0, secinfo);
    put(kRequest, info);
    return static_cast<Code>(call(kLeaf, at(kRequest), at(page), source, leaf).registers.rdi);
  };
  const Bytes byte(1, std::byte{7});
  ASSERT_TRUE(emulated().augment(kNew, 2));
  EXPECT_FALSE(emulated().augment(kNew, 1));
  EXPECT_EQ(call(kCopy, at(kNew), at(kOut), 1, 0, 1).exception_vector, 14);  // not accepted yet
  EXPECT_EQ(accept(kNew, secinfo_of(PageType::kRegular, kRead | kPending)), Code::kPageAttributesMismatch);
  EXPECT_EQ(accept(kNew, secinfo_of(PageType::kRegular, kRead | kWrite | kPending)), Code::kOk);
  EXPECT_EQ(get(kNew, 1)[0], std::byte{0});
  put(kNew, byte);
  EXPECT_EQ(get(kNew, 1), byte);
  EXPECT_EQ(accept(kNew + 4096, secinfo_of(PageType::kRegular, kRead | kExecute), 7, at(TestPlan::kReadOnly)),
            Code::kOk);
  EXPECT_EQ(get(kNew + 4096, 1)[0], std::byte{0x5a});

  ASSERT_TRUE(emulated().restrict_permissions(kNew, 1, kRead));
  EXPECT_EQ(call(kCopy, at(kNew), at(kOut), 1, 0, 2).exception_vector, 14);
  EXPECT_EQ(accept(kNew, secinfo_of(PageType::kRegular, kRead | kPermissionsRestricted)), Code::kOk);
  accept(kNew, secinfo_of(PageType::kRegular, kRead | kWrite), 6);  // EMODPE
  put(kNew, byte);

  EXPECT_FALSE(emulated().remove(kNew, 1));
  ASSERT_TRUE(emulated().restrict_permissions(kNew, 1, kRead));  // EMODT is then what is to be accepted
  ASSERT_TRUE(emulated().change_type(kNew, 1, false));
  EXPECT_EQ(accept(kNew, secinfo_of(PageType::kTrim, kModified | kPermissionsRestricted)),
            Code::kPageAttributesMismatch);
  EXPECT_FALSE(emulated().remove(kNew, 1));
  EXPECT_EQ(accept(kNew, secinfo_of(PageType::kTrim, kModified)), Code::kOk);
  EXPECT_TRUE(emulated().remove(kNew, 1));
  EXPECT_EQ(call(kCopy, at(kOut), at(kNew), 1, 0, 3).exception_vector, 14);
}

// The host changes pages and takes threads away while others come and go: whoever enters finds the map whole.
TEST_P(SgxEmulatorLeaves, PagesChangeWhileThreadsEnter) {
  constexpr std::uint64_t kNew = TestPlan::kGap;
  std::atomic<bool> over = false;
  std::vector<std::thread> all;
  for (const std::uint64_t thread : {1, 2}) {
    all.emplace_back([&, thread] {
      while (!over) ASSERT_EQ(call(kEcho, 1, 0, 0, 0, thread).registers.rdi, 2u);
    });
  }
  std::uint64_t refused = 0;
  std::thread goes([&] {  // by a TCS that is taken away meanwhile
    while (true) {
      const auto end = enclave->enter(TestPlan::tcs(3), SgxLeaf::kEenter, {kEcho, 1});
      if (!end) {
        ++refused;
        break;
      }
      ASSERT_EQ(end->registers.rdi, 2u);
    }
  });
  for (int round = 0; round < 50; ++round) {
    ASSERT_TRUE(emulated().augment(kNew, 4));
    for (std::uint64_t page = kNew; page < kNew + 4 * 4096; page += 4096) {
      Bytes info(64);
      store_le(info, 0, secinfo_of(PageType::kRegular, kRead | kWrite | kPending));
      put(kRequest, info);
      ASSERT_EQ(call(kLeaf, at(kRequest), at(page), 0, 5).registers.rdi, 0u);
    }
    ASSERT_TRUE(emulated().restrict_permissions(kNew, 4, kRead));
    Bytes info(64);
    store_le(info, 0, secinfo_of(PageType::kTrim, kModified));
    for (std::uint64_t page = kNew; page < kNew + 4 * 4096; page += 4096) {
      Bytes restricted(64);
      store_le(restricted, 0, secinfo_of(PageType::kRegular, kRead | kPermissionsRestricted));
      put(kRequest, restricted);
      ASSERT_EQ(call(kLeaf, at(kRequest), at(page), 0, 5).registers.rdi, 0u);
      ASSERT_TRUE(emulated().change_type(page, 1, false));
      put(kRequest, info);
      ASSERT_EQ(call(kLeaf, at(kRequest), at(page), 0, 5).registers.rdi, 0u);
    }
    ASSERT_TRUE(emulated().remove(kNew, 4));
  }
  while (!emulated().change_type(TestPlan::tcs(3), 1, false)) std::this_thread::yield();
  goes.join();
  EXPECT_EQ(refused, 1u);
  over = true;
  for (auto& one : all) one.join();
}

}  // namespace
}  // namespace adyton::sgx
