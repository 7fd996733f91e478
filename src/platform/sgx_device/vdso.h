// SPDX-License-Identifier: Apache-2.0
// Finding a function in the vDSO, the small shared object that the kernel maps into every process (vdso(7)).
#pragma once

#include <cstdint>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton::sgx {

inline constexpr std::string_view kEnterEnclave = "__vdso_sgx_enter_enclave";
inline constexpr std::size_t kVdsoHeaderBytes = 4096;

// How long the image is of which these are the first kVdsoHeaderBytes. 0 if they are no ELF's.
std::uint64_t vdso_bytes(BytesView header);

// Where the function is, from the image's start; within the image. By the dynamic symbols, whose number comes from
// either hash table. Errors: not_found; invalid, if the image is no shared object for x86-64.
Result<std::uint64_t> find_vdso_function(BytesView image, std::string_view name);

}  // namespace adyton::sgx
