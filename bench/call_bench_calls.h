// SPDX-License-Identifier: Apache-2.0
// What the benchmark enclave serves.
#pragma once

#include <adyton/call.h>

inline constexpr adyton::Call<"bench.nothing", void()> nothing;
inline constexpr adyton::Call<"bench.add", std::uint64_t(std::uint64_t, std::uint64_t)> add;
inline constexpr adyton::Call<"bench.through", adyton::Bytes(std::span<const std::byte>)> through;
