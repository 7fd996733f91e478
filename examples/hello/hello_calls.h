// SPDX-License-Identifier: Apache-2.0
// The calls that the enclave answers: both sides include this header.
#pragma once

#include <string>
#include <string_view>

#include <adyton/call.h>

inline constexpr adyton::Call<"hello.greet", std::string(std::string_view name)> greet;
