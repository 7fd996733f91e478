// SPDX-License-Identifier: Apache-2.0
// SGX by the processor: Linux's /dev/sgx_enclave (5.11 and newer) and __vdso_sgx_enter_enclave(). docs/sgx-device.md
// says what of this has run on hardware.
#pragma once

#include <memory>
#include <string>

#include "platform/sgx/device.h"
#include "platform/sgx_device/hardware_quotes.h"
#include "platform/sgx_device/kernel.h"

namespace adyton {

struct SgxDeviceOptions {
  std::string enclave_path = "/dev/sgx_enclave", provision_path = "/dev/sgx_provision";
  HardwareQuoteOptions quotes;  // for probe()
};

// The device "sgx". Can be made anywhere: probe() says whether it can be used here. Thread-safe; enclaves may outlive
// it. They are Sgx2Enclaves. Differences to the emulator: INT3 and debug exceptions inside are signals of the host, as
// the vDSO reports neither; augment() only makes addresses ready, and the page comes when the enclave touches it.
std::unique_ptr<SgxDevice> make_sgx_device(SgxDeviceOptions options = {});
std::unique_ptr<SgxDevice> make_sgx_device(std::shared_ptr<sgx::Kernel> kernel, SgxDeviceOptions options = {});

}  // namespace adyton
