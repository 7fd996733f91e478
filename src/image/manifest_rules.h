// SPDX-License-Identifier: Apache-2.0
// What values a manifest may have: one place for both of its forms. Errors are `invalid` and do not name the key.
#pragma once

#include <cstdint>
#include <string_view>

#include <adyton/result.h>
#include "image/manifest.h"

namespace adyton {

Result<void> check_image_name(std::string_view name);
Result<void> check_heap(std::uint64_t bytes);
Result<void> check_stack(std::uint64_t bytes);
Result<void> check_threads(std::uint64_t count);
Result<void> check_path(std::string_view path);
Result<void> check_port(std::uint64_t port);
Result<void> check_variable(std::string_view name);
Result<void> check_method(const Method& method);
Result<void> check_sgx_feature(std::string_view name);
Result<void> check_file_sha256(std::string_view text);
Result<void> check_sgx_threads(std::uint64_t count);
Result<void> check_malloc_arenas(std::uint64_t count);
Result<void> check_sgx(const Manifest& manifest);  // names the key

}  // namespace adyton
