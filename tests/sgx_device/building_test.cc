// SPDX-License-Identifier: Apache-2.0
// Enclaves built by the ioctls, as far as the kernel lets them.
#include <asm/sgx.h>

#include <algorithm>
#include <cerrno>

#include "device_test.h"
#include "platform/sgx_device/handed_kernel.h"

namespace adyton::sgx {
namespace {

using SgxDeviceBuilding = SgxDeviceTest;

TEST_F(SgxDeviceBuilding, LoadsAndMapsEveryPageAsItWasAdded) {
  const SgxPlan plan = TestPlan::make();
  expect_loaded(plan);
  EXPECT_EQ(enclave->base() % plan.size, 0u);
  EXPECT_EQ(kernel->mapped_as(enclave->base()), "r-x");
  EXPECT_EQ(kernel->mapped_as(enclave->base() + TestPlan::kData), "rw-");
  EXPECT_EQ(kernel->mapped_as(enclave->base() + TestPlan::kReadOnly), "r--");
  EXPECT_EQ(kernel->mapped_as(enclave->base() + TestPlan::tcs(0)), "rw-");
  EXPECT_EQ(kernel->mapped_as(enclave->base() + TestPlan::kGap), "---");  // reserved, and no page may come
  EXPECT_EQ(kernel->mapped_as(enclave->base() + plan.size), "");
  EXPECT_EQ(kernel->mapped_as(enclave->base() - 4096), "");
  EXPECT_EQ(kernel->requests.front(), SGX_IOC_ENCLAVE_CREATE);
  EXPECT_EQ(kernel->requests.back(), SGX_IOC_ENCLAVE_INIT);
  EXPECT_EQ(kernel->requests.size(), plan.pages.size() + 2);
}

TEST_F(SgxDeviceBuilding, LargeRunsAndShortAnswersAddEveryPageOnce) {
  SgxPlan plan = TestPlan::make();
  plan.size = 16 << 20;
  Bytes content(5 << 20);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i / 4096 * 7 + i);
  plan.pages.push_back(TestPlan::run(plan, 1 << 20, content.size() / 4096, "rw", content));
  plan.pages.push_back({.offset = 8 << 20, .count = 1024, .readable = true, .writable = true});
  for (const std::uint64_t most : {~0ull, 100ull, 1ull}) {
    use({.pages_a_request = most, .interrupted = 5});
    expect_loaded(plan);  // EINIT measures what arrived
    TearDown();
  }
}

TEST_F(SgxDeviceBuilding, RefusalsOfTheDeviceNameTheRemedy) {
  use({.open_error = ENOENT});
  expect_error(load(TestPlan::make()), ErrorCode::kUnavailable, {"/dev/sgx_enclave", "Linux 5.11", "firmware"});
  use({.open_error = EACCES});
  expect_error(load(TestPlan::make()), ErrorCode::kDenied, {"/dev/sgx_enclave", "usermod -aG sgx"});
  use({.open_error = ENFILE});
  expect_error(load(TestPlan::make()), ErrorCode::kIo, {"/dev/sgx_enclave"});
  use({.vdso_has_function = false});
  expect_error(load(TestPlan::make()), ErrorCode::kUnavailable, {"__vdso_sgx_enter_enclave", "CONFIG_X86_SGX"});
  use({.vdso = false});
  expect_error(load(TestPlan::make()), ErrorCode::kUnavailable, {"vdso=0"});
  use({.noexec = true});
  expect_error(load(TestPlan::make()), ErrorCode::kDenied, {"remount,exec"});
  use({.pages_left = 3});
  expect_error(load(TestPlan::make()), ErrorCode::kExhausted, {"the page at 0x3000", "memory.heap_bytes"});
}

TEST_F(SgxDeviceBuilding, WhatTheProcessorHasNotIsSaidBeforeTheKernelSaysOnlyEIO) {
  SgxPlan plan = TestPlan::make();
  plan.attributes.flags |= SgxAttributes::kAexNotify;
  expect_error(load(plan), ErrorCode::kUnavailable, {"0x400", "AEX-Notify"});
  plan = TestPlan::make();
  plan.attributes.xfrm |= 1ull << 18;
  expect_error(load(plan), ErrorCode::kUnavailable, {"lacks amx", "XFRM 0x40003", "sgx.features"});
  plan = TestPlan::make();
  plan.attributes.xfrm |= 1ull << 62 | 0x20;
  expect_error(load(plan), ErrorCode::kUnavailable, {"components 0x4000000000000000", "XFRM 0x4000000000000023"});
  plan = TestPlan::make();
  plan.misc_select |= 2;
  expect_error(load(plan), ErrorCode::kUnavailable, {"MISCSELECT"});
  plan = TestPlan::make();
  plan.size = 1ull << 37;
  expect_error(load(plan), ErrorCode::kUnavailable, {"131072 MiB", "65536 MiB"});
  plan.size = 0x5000;
  expect_error(load(plan), ErrorCode::kInvalid, {"power of two"});
  plan = TestPlan::make();
  plan.attributes.flags |= SgxAttributes::kEinitTokenKey;
  expect_error(load(plan), ErrorCode::kDenied, {"launch token"});
  FakeKernelOptions none;
  none.features = {};
  use(none);
  expect_error(load(TestPlan::make()), ErrorCode::kUnavailable, {"adyton doctor"});
  EXPECT_TRUE(kernel->requests.empty());
  // What CPUID cannot tell.
  use({});
  plan = TestPlan::make();
  plan.ssa_frame_pages = 0;
  expect_error(load(plan), ErrorCode::kInvalid, {"ECREATE", "state save area"});
}

TEST_F(SgxDeviceBuilding, TheProvisioningKeyTakesTheProvisioningDevice) {
  SgxPlan plan = TestPlan::make();
  plan.attributes.flags |= SgxAttributes::kProvisionKey;
  expect_loaded(plan);
  EXPECT_EQ(std::ranges::count(kernel->requests, SGX_IOC_ENCLAVE_PROVISION), 1);
  EXPECT_EQ(kernel->open_files(), 1u);
  TearDown();
  use({.provision_error = EACCES});
  expect_error(load(plan), ErrorCode::kDenied, {"/dev/sgx_provision", "usermod -aG sgx_prv"});
  use({.provision_error = ENOENT});
  expect_error(load(plan), ErrorCode::kUnavailable, {"--device /dev/sgx_provision"});
}

TEST_F(SgxDeviceBuilding, DescriptorsThatWereHandedAreUsedAndStayOpen) {
  const int handed = kernel->open("/dev/sgx_enclave");
  device = make_sgx_device(make_handed_kernel(kernel, {{"/dev/sgx_enclave", handed}}));
  SgxPlan plan = TestPlan::make();
  plan.attributes.flags |= SgxAttributes::kProvisionKey;
  expect_error(load(plan), ErrorCode::kUnavailable, {"/dev/sgx_provision"});
  EXPECT_EQ(kernel->open_files(), 1u);
  kernel->close(handed);
  const int another = kernel->open("/dev/sgx_enclave");
  device = make_sgx_device(make_handed_kernel(kernel, {{"/dev/sgx_enclave", another}}));
  expect_loaded(TestPlan::make());
  enclave.reset();
  EXPECT_EQ(kernel->open_files(), 1u);
  kernel->close(another);
}

TEST_F(SgxDeviceBuilding, EinitsRefusalIsExplainedAsFarAsItCanBe) {
  const SgxPlan plan = TestPlan::make();
  Sigstruct signature = TestPlan::sign(plan);
  signature.bytes[600] ^= std::byte{1};
  expect_error(load_sgx_enclave(*device, plan, signature), ErrorCode::kUntrusted, {"EINIT", "the signature is none"});
  EXPECT_TRUE(kernel->einit_said().contains("SGX_INVALID_SIGNATURE"));

  SgxPlan other = TestPlan::make();
  other.storage[0][100] ^= std::byte{1};
  expect_error(load_sgx_enclave(*device, other, TestPlan::sign(plan)), ErrorCode::kUntrusted,
               {"the pages are not those that were signed", to_hex(measure_sgx_plan(plan))});
  EXPECT_TRUE(kernel->einit_said().contains("SGX_INVALID_MEASUREMENT"));

  other = TestPlan::make();
  other.attributes.flags |= SgxAttributes::kDebug;
  expect_error(load_sgx_enclave(*device, other, TestPlan::sign(plan)), ErrorCode::kUntrusted,
               {"attributes", "0x6", "0x4"});
  EXPECT_TRUE(kernel->einit_said().contains("SGX_INVALID_ATTRIBUTE"));

  kernel->options.einit_refuses = true;
  expect_error(load(plan), ErrorCode::kUntrusted, {"this signer may not launch"});
  kernel->options.einit_refuses = false;
  signature = TestPlan::sign(plan);
  signature.bytes[16] = std::byte{7};
  expect_error(load_sgx_enclave(*device, plan, signature), ErrorCode::kInvalid, {"vendor"});
  signature.bytes.pop_back();
  expect_error(load_sgx_enclave(*device, plan, signature), ErrorCode::kInvalid, {"1807 bytes"});
  kernel->options.lost = true;
  expect_error(load(plan), ErrorCode::kIo, {"sleeps", "launch the enclave again"});
}

TEST_F(SgxDeviceBuilding, KeepsTheOrderThatTheKernelWants) {
  const SgxPlan plan = TestPlan::make();
  const Sigstruct signature = TestPlan::sign(plan);
  enclave = *device->create(plan);
  expect_error(enclave->enter(TestPlan::tcs(0), SgxLeaf::kEenter, {}), ErrorCode::kInvalid, {"not initialised"});
  for (const SgxPages& pages : plan.pages) ASSERT_TRUE(enclave->add(pages));
  expect_error(enclave->add(plan.pages[1]), ErrorCode::kInvalid, {"there is a page already", "0x1000"});
  kernel->options.interrupted = 2;
  ASSERT_TRUE(enclave->initialise(signature));
  EXPECT_EQ(kernel->options.interrupted, 0);
  expect_error(enclave->initialise(signature), ErrorCode::kInvalid, {"already"});
  expect_error(enclave->add({.offset = TestPlan::kGap, .count = 1}), ErrorCode::kInvalid, {"not after"});

  enclave = *device->create(plan);
  expect_error(enclave->initialise(signature), ErrorCode::kUntrusted, {"not those that were signed"});
  expect_error(enclave->initialise(signature), ErrorCode::kInvalid, {"load it again"});
  expect_error(enclave->add(plan.pages[0]), ErrorCode::kInvalid, {"not after"});
  expect_error(enclave->enter(TestPlan::tcs(0), SgxLeaf::kEenter, {}), ErrorCode::kInvalid, {"not initialised"});
}

TEST_F(SgxDeviceBuilding, PagesThatCannotBeAreRefused) {
  const SgxPlan plan = TestPlan::make();
  enclave = *device->create(plan);
  const auto add = [&](SgxPages pages) { return enclave->add(pages); };
  expect_error(add({.offset = 0x800, .count = 1, .readable = true}), ErrorCode::kInvalid, {"within"});
  expect_error(add({.offset = plan.size, .count = 1, .readable = true}), ErrorCode::kInvalid, {"within"});
  expect_error(add({.offset = 0, .count = plan.size / 4096 + 1, .readable = true}), ErrorCode::kInvalid, {"within"});
  expect_error(add({.offset = 0, .count = ~0ull, .readable = true}), ErrorCode::kInvalid, {"within"});
  expect_error(add({.offset = 0, .count = 0}), ErrorCode::kInvalid, {"within"});
  const Bytes content(100);
  expect_error(add({.offset = 0, .count = 1, .content = content}), ErrorCode::kInvalid, {"100 bytes"});
  // These are the kernel's refusals.
  expect_error(add({.offset = 0, .count = 1, .writable = true}), ErrorCode::kInvalid,
               {"permissions", "the page at 0x0"});
  expect_error(add({.offset = 0, .count = 1, .type = SgxPageType::kTcs, .readable = true}), ErrorCode::kInvalid,
               {"permissions"});
  expect_error(add({.offset = 0, .count = 1, .type = SgxPageType{3}}), ErrorCode::kInvalid, {"type"});
  // No content is no thread control structure's: EADD faults.
  Bytes tcs(4096, std::byte{0xff});
  expect_error(add({.offset = 0, .count = 1, .type = SgxPageType::kTcs, .content = tcs}), ErrorCode::kIo,
               {"SGX_IOC_ENCLAVE_ADD_PAGES"});
}

TEST_F(SgxDeviceBuilding, ManyEnclavesAreIndependent) {
  const SgxPlan plan = TestPlan::make();
  std::vector<std::unique_ptr<SgxEnclave>> all;
  for (int i = 0; i < 8; ++i) all.push_back(load(plan).value());
  device.reset();  // enclaves may outlive it
  std::set<std::uint64_t> bases;
  for (const auto& one : all) bases.insert(one->base());
  EXPECT_EQ(bases.size(), 8u);
  EXPECT_EQ(kernel->open_files(), 8u);
}

}  // namespace
}  // namespace adyton::sgx
