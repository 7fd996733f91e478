// SPDX-License-Identifier: Apache-2.0
// The SGX device over the double of the kernel, with the tiny enclave of the emulator's tests.
#pragma once

#include <gtest/gtest.h>

#include "../sgx_emulator/test_enclave.h"
#include "fake_kernel.h"
#include "platform/sgx_device/sgx_device.h"

namespace adyton::sgx {

class SgxDeviceTest : public testing::Test, public CommandedEnclave {
 protected:
  void use(FakeKernelOptions options) {
    kernel = std::make_shared<FakeKernel>(std::move(options));
    device = make_sgx_device(kernel);
  }
  void SetUp() override { use({}); }
  void TearDown() override {
    if (!kernel) return;  // skipped
    enclave.reset();
    EXPECT_EQ(kernel->open_files(), 0u);
    EXPECT_EQ(kernel->mappings(), 0u);
  }

  Result<std::unique_ptr<SgxEnclave>> load(const SgxPlan& plan) {
    return load_sgx_enclave(*device, plan, TestPlan::sign(plan));
  }
  void expect_loaded(const SgxPlan& plan) {
    auto loaded = load(plan);
    ASSERT_TRUE(loaded) << loaded.error().message;
    enclave = *std::move(loaded);
  }
  // The error's message has all of these words.
  template <class T>
  static void expect_error(const Result<T>& result, ErrorCode code, std::initializer_list<std::string_view> words) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code) << result.error().message;
    for (const std::string_view word : words)
      EXPECT_TRUE(result.error().message.contains(word)) << result.error().message;
  }

  std::shared_ptr<FakeKernel> kernel;
  std::unique_ptr<SgxDevice> device;
};

}  // namespace adyton::sgx
