// The calls that the enclave answers: both sides include this header.
#pragma once

#include <string>
#include <string_view>

#include <adyton/call.h>

inline constexpr adyton::Call<"@NAME@.greet", std::string(std::string_view name)> greet;
