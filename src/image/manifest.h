// SPDX-License-Identifier: Apache-2.0
// The manifest: what an enclave is called and may use. Written as TOML by people, kept as deterministic CBOR in the
// image, where it is part of the identity.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// One callable method: `structure` is the canonical text of its types, "(string, u32) -> list<bytes>"
// (docs/formats/values.md).
struct Method {
  std::string name;
  std::string structure;
  auto operator<=>(const Method&) const = default;
};

struct Manifest {
  std::string name;  // 1 to 64 characters of [a-z0-9_-]
  std::uint16_t product = 0;
  std::uint16_t svn = 0;
  bool debug = false;

  struct Memory {
    std::uint64_t heap_bytes = 64 << 20;  // multiple of 4096; 1 MiB to 64 GiB
    std::uint64_t stack_bytes = 1 << 20;  // of each thread; multiple of 4096; 64 KiB to 64 MiB
    bool require_secret = false;          // refuse to run where memory cannot be kept from root
    bool operator==(const Memory&) const = default;
  } memory;

  std::uint32_t threads = 8;  // calls served at the same time, 1 to 64

  struct Files {
    std::vector<std::string> read;  // absolute paths, files or folders
    std::vector<std::string> write;
    bool operator==(const Files&) const = default;
  } files;
  struct Network {
    std::vector<std::uint16_t> connect;  // TCP ports the enclave may connect to
    std::vector<std::uint16_t> listen;   // TCP ports the enclave may bind
    bool operator==(const Network&) const = default;
  } network;
  std::vector<std::string> environment;  // names of variables the host may pass

  // What only SGX asks. All as here: the encoding does not have it.
  struct Sgx {
    // Processor state beyond x87 and SSE that the enclave uses and that is saved when it is interrupted: "avx",
    // "avx512" (with "avx"), "pkru", "amx". A processor without it does not start the enclave.
    std::vector<std::string> features;
    std::uint32_t threads = 0;    // of execution, `threads` at least, up to 256; 0: sgx_threads() says
    bool exception_info = false;  // MISCSELECT.EXINFO: what a page fault or general protection fault was about
    bool provision_key = false;   // ATTRIBUTES.PROVISIONKEY
    bool kss = false;             // ATTRIBUTES.KSS, key separation and sharing; the next two need it
    std::array<std::byte, 16> family_id{}, extended_product_id{};
    // Of files that `files.read` lists, or a folder above: 64 hexadecimal digits, a space, the path. None but these can
    // be read in an SGX enclave.
    std::vector<std::string> file_sha256;
    std::uint32_t malloc_arenas = 1;  // of the C library's, 1 to 256: how many threads allocate side by side
    bool operator==(const Sgx&) const = default;
  } sgx;

  std::vector<Method> calls;       // what main() serves: read from the program, not written by hand
  std::vector<Method> host_calls;  // what the enclave may call at its host: likewise

  bool operator==(const Manifest&) const = default;
};

// Whether every value is in its range and no list has more than kMaxManifestEntries or the same entry twice; calls are
// sorted by name. Errors: invalid, naming the key. What the two parsers return has passed it.
Result<void> check_manifest(const Manifest& manifest);
inline constexpr std::size_t kMaxManifestEntries = 4096;

// How many threads can be in an SGX enclave at the same time: what the manifest says, or those that serve calls and
// eight of the program's own.
std::uint32_t sgx_threads(const Manifest& manifest);

// From adyton.toml (docs/formats/manifest.md). Unknown keys, wrong types and values out of range are errors that name
// the key and the line.
Result<Manifest> parse_manifest_toml(std::string_view toml);

// Deterministic CBOR (RFC 8949, 4.2.1) and back. encode(parse(x)) == x for every accepted x.
// Requires check_manifest().
Bytes encode_manifest(const Manifest& manifest);
Result<Manifest> parse_manifest(BytesView cbor);

}  // namespace adyton
