// SPDX-License-Identifier: Apache-2.0
// What the serving enclave of serving_test.cc answers, and what it asks.
#pragma once

#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/call.h>

namespace serving {

inline constexpr adyton::Call<"test.greet", std::string(std::string_view name)> greet;
inline constexpr adyton::Call<"test.fail", void(std::string_view what)> fail;
inline constexpr adyton::Call<"test.identity", std::vector<std::string>()> identity;
inline constexpr adyton::Call<"test.seal", adyton::Bytes(std::uint8_t policy, std::string_view label)> sealing_key;
inline constexpr adyton::Call<"test.evidence", adyton::Bytes(adyton::BytesView report_data)> evidence;
inline constexpr adyton::Call<"test.keep", adyton::Bytes(std::string_view name, adyton::BytesView bytes)> keep;
inline constexpr adyton::Call<"test.wait", bool()> wait_until_cancelled;
inline constexpr adyton::HostCall<"test.note", void(std::string_view line)> note;

}  // namespace serving
