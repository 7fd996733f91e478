// SPDX-License-Identifier: Apache-2.0
// The calls that every host answers for its enclaves, and every enclave for its host. Names that begin with "adyton."
// are reserved for these. What a host is asked for is what include/adyton/self.h and storage.h say; each side checks
// what the other sends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/call.h>

namespace adyton::builtin {

// To the enclave: evidence for a relying party's nonce of at most 64 bytes (attest/nonce.h says what is reported).
inline constexpr Call<"adyton.attest", Bytes(BytesView nonce)> attest;

// Self. `policy` is a SealPolicy; the key is 32 bytes.
inline constexpr HostCall<"adyton.evidence", Bytes(BytesView report_data)> evidence;
inline constexpr HostCall<"adyton.sealing_key",
                          Bytes(std::uint8_t policy, std::string_view label, std::optional<std::uint16_t> svn)>
    sealing_key;

// Of an SGX enclave, whose Self asks the processor instead: the TARGETINFO of the quoting enclave (512 bytes), and the
// quote that it makes of a report (432 bytes) for that target.
inline constexpr HostCall<"adyton.quote_target", Bytes()> quote_target;
inline constexpr HostCall<"adyton.quote", Bytes(BytesView report)> quote;

// Storage.
inline constexpr HostCall<"adyton.storage.size", std::uint64_t(std::string_view name)> storage_size;
inline constexpr HostCall<"adyton.storage.read",
                          Bytes(std::string_view name, std::uint64_t offset, std::uint32_t max_bytes)>
    storage_read;
inline constexpr HostCall<"adyton.storage.write",
                          void(std::string_view name, std::uint64_t offset, BytesView bytes, bool sync)>
    storage_write;
inline constexpr HostCall<"adyton.storage.truncate", void(std::string_view name, std::uint64_t size)> storage_truncate;
inline constexpr HostCall<"adyton.storage.rename", void(std::string_view from, std::string_view to)> storage_rename;
inline constexpr HostCall<"adyton.storage.remove", void(std::string_view name)> storage_remove;
inline constexpr HostCall<"adyton.storage.list", std::vector<std::string>()> storage_list;

}  // namespace adyton::builtin
