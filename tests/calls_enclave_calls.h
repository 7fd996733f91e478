// SPDX-License-Identifier: Apache-2.0
// What the enclave of calls_test.cc serves, and wants from its host.
#pragma once

#include <adyton/call.h>

inline constexpr adyton::Call<"test.add", std::int64_t(std::int64_t, std::int64_t)> add;
inline constexpr adyton::Call<"test.echo", adyton::Bytes(std::span<const std::byte>)> echo;
inline constexpr adyton::Call<"test.crash", void()> crash;
inline constexpr adyton::Call<"test.leave", void(std::int32_t)> leave;
inline constexpr adyton::Call<"test.sleep", void()> sleep_for_ever;
inline constexpr adyton::Call<"test.throw", void(std::string_view)> throw_it;
inline constexpr adyton::Call<"test.down", std::uint32_t(std::uint32_t)> down;
inline constexpr adyton::Call<"test.seal", adyton::Bytes(std::string_view)> seal_key;
inline constexpr adyton::Call<"test.print", void(std::string_view)> print;
inline constexpr adyton::HostCall<"test.host_down", std::uint32_t(std::uint32_t)> host_down;
