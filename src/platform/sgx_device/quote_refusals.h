// SPDX-License-Identifier: Apache-2.0
// What Intel's software says by numbers, in words. Its service and its library number the same troubles differently.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include <adyton/result.h>

namespace adyton::sgx {

struct NumberedRefusal {
  std::uint64_t number;
  ErrorCode code;
  std::string_view text;
};

// The one of this number, or nullptr.
inline const NumberedRefusal* find_refusal(std::span<const NumberedRefusal> all, std::uint64_t number) {
  const auto found = std::ranges::find(all, number, &NumberedRefusal::number);
  return found == all.end() ? nullptr : &*found;
}

// What both say.
namespace quoting {
inline constexpr std::string_view kNoFetcher =
    "there is no library that fetches this platform's certificates: install libsgx-dcap-default-qpl and configure "
    "/etc/sgx_default_qcnl.conf";
inline constexpr std::string_view kNoCertificates =
    "there are no certificates for this platform: register it with Intel or the cloud's certificate cache "
    "(/etc/sgx_default_qcnl.conf)";
inline constexpr std::string_view kNoQuotingMemory =
    "no enclave memory is left for the quoting enclave: end other enclaves";
inline constexpr std::string_view kQuotingEnclaveLost =
    "the quoting enclave is lost, as when the machine sleeps: try again";
inline constexpr std::string_view kForeignReport =
    "the report is not of this processor, or not for its quoting enclave";
}  // namespace quoting

}  // namespace adyton::sgx
