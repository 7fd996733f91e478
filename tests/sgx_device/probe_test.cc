// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "device_test.h"

namespace adyton::sgx {
namespace {

using State = BackendCheck::State;

class SgxDeviceProbe : public SgxDeviceTest {
 protected:
  BackendCheck check(std::string_view name) {
    const SgxDeviceOptions options{
        .quotes = {.library = "libadyton_there_is_none.so", .socket = "/nonexistent/socket"}};
    for (const BackendCheck& one : make_sgx_device(kernel, options)->probe()) {
      if (one.state == State::kOk ? !one.remedy.empty() : one.remedy.empty())
        ADD_FAILURE() << one.name << ": a remedy exactly where something is missing";
      EXPECT_FALSE(one.detail.empty());
      if (one.name == name) return one;
    }
    ADD_FAILURE() << "no check of " << name;
    return {};
  }
  void expect(std::string_view name, State state, std::string_view detail, std::string_view remedy = "") {
    const BackendCheck one = check(name);
    EXPECT_EQ(one.state, state) << name;
    EXPECT_TRUE(one.detail.contains(detail)) << one.detail;
    EXPECT_TRUE(one.remedy.contains(remedy)) << one.remedy;
  }
};

TEST_F(SgxDeviceProbe, AMachineThatHasItAll) {
  expect("SGX", State::kOk, "64 GiB");
  expect("SGX2", State::kOk, "can change");
  expect("launch control", State::kOk, "flexible");
  expect("enclave memory", State::kOk, "576 MiB");
  expect("enclave abilities", State::kOk,
         "XFRM 0x2e7, key separation yes, AEX-Notify no, faults tell their address yes");
  expect("/dev/sgx_enclave", State::kOk, "6.1.0-double");
  expect("/dev/sgx_provision", State::kOk, "opened");
  expect("vDSO", State::kOk, "__vdso_sgx_enter_enclave");
  expect("quotes", State::kDegraded, "no remote attestation", "libsgx-aesm-quote-ex-plugin");
}

TEST_F(SgxDeviceProbe, WhatIsMissingHasARemedy) {
  kernel->options.abilities.eax = 1;
  expect("SGX2", State::kDegraded, "cannot change");
  kernel->options.features.ecx = 0;
  expect("launch control", State::kMissing, "not flexible", "firmware");
  kernel->options.memory_sections = {std::uint64_t{3} << 40, 4096 << 8};
  expect("enclave memory", State::kOk, "3145729 MiB");
  kernel->options.memory_sections.clear();
  expect("enclave memory", State::kMissing, "none", "PRMRR");
  kernel->options.open_error = EACCES;
  expect("/dev/sgx_enclave", State::kMissing, "not usable", "usermod -aG sgx");
  kernel->options.open_error = ENOENT;
  expect("/dev/sgx_enclave", State::kMissing, "not usable", "Linux 5.11");
  kernel->options.open_error = 0;
  kernel->options.noexec = true;
  expect("/dev/sgx_enclave", State::kMissing, "forbids executing", "remount,exec");
  kernel->options.provision_error = EACCES;
  expect("/dev/sgx_provision", State::kDegraded, "do not start", "sgx_prv");
  kernel->options.vdso = false;
  expect("vDSO", State::kMissing, "vDSO", "vdso=0");
  kernel->options.abilities.eax = 0;
  expect("SGX", State::kMissing, "it is off", "software controlled");
  kernel->options.features.ebx = 0;
  expect("SGX", State::kMissing, "has none", "sgx-emulated");
}

TEST(SgxDeviceProbeHere, SaysSomethingOfEveryMachine) {
  const auto checks = make_sgx_device()->probe();
  ASSERT_GE(checks.size(), 3u);
  EXPECT_EQ(checks[0].name, "SGX");
}

}  // namespace
}  // namespace adyton::sgx
