// SPDX-License-Identifier: Apache-2.0
// The first stack of a program as the psABI wants it: argc, argv, environment, auxiliary vector, and what they point
// to.
#pragma once

#include <cstdint>

#include "keep/malloc_arenas.h"
#include "keep/measured_manifest.h"

namespace adyton::keep {

struct InitialStack {
  std::uint64_t begin, end;  // the memory
  // The strings, each with its zero byte, argv first; they already lie at the end of the memory.
  std::uint64_t strings, string_bytes, argument_count, environment_count;
  std::uint64_t program_headers, program_header_count, entry, config;  // addresses
  std::uint64_t signal_frame_bytes;
  MeasuredManifest manifest;
  MallocArenas arenas;
};

// Whether [strings, +bytes) holds exactly that many strings, of argv at least one, and leaves half of the stack free.
[[nodiscard]] bool check_strings(const InitialStack& stack);

// The stack pointer to start with; 0 if RDRAND gives nothing for AT_RANDOM. Requires check_strings(). Of the
// environment only what passes allowed_variable() is kept.
[[nodiscard]] std::uint64_t build_initial_stack(const InitialStack& stack);

// Whether the host may set "NAME=value": what the manifest lists, and the channel.
[[nodiscard]] bool allowed_variable(const MeasuredManifest& manifest, const char* variable);

}  // namespace adyton::keep
