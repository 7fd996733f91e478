// SPDX-License-Identifier: Apache-2.0
// Quotes of a processor with SGX: from Intel's quoting library (DCAP), loaded at run time, or from the service of
// Intel's platform software (AESM) over its socket. Neither is trusted: what they answer is checked for form only, and
// a wrong quote is one that no verifier accepts.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <adyton/result.h>
#include "platform/sgx/quoting.h"

namespace adyton {

struct HardwareQuoteOptions {
  std::string library = "libsgx_dcap_ql.so.1";
  std::string socket = "/var/run/aesmd/aesm.socket";
  std::chrono::milliseconds timeout{30'000};  // of one request to the service
};

// Intel's library in this process; it stays loaded. Needs /dev/sgx_enclave and /dev/sgx_provision. Thread-safe. Errors:
// unavailable, with the package to install; of the source, as the library says: unavailable, invalid, exhausted, io.
Result<std::unique_ptr<QuoteSource>> make_dcap_quotes(const HardwareQuoteOptions& options = {});

// The service; a connection for each request. Thread-safe. Errors: unavailable, with what to start; of the source, as
// the service says, and invalid for an answer that is none.
Result<std::unique_ptr<QuoteSource>> make_aesm_quotes(HardwareQuoteOptions options = {});

// The service if it is there, or else the library. Errors: unavailable, with both reasons.
Result<std::unique_ptr<QuoteSource>> make_hardware_quotes(const HardwareQuoteOptions& options = {});

}  // namespace adyton
