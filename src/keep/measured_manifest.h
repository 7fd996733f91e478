// SPDX-License-Identifier: Apache-2.0
// What the enclave's own manifest lets the host set and the application reach: read where it lies, as CBOR
// (docs/formats/manifest.md) in measured pages.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adyton::keep {

class MeasuredManifest {
 public:
  MeasuredManifest() = default;
  // [cbor, cbor + bytes) stays as it is. What is no such CBOR allows nothing.
  MeasuredManifest(const void* cbor, std::uint64_t bytes);

  // "NAME=value": whether `environment` lists the name.
  [[nodiscard]] bool allows_variable(const char* variable) const;
  // Whether network.connect, or network.listen, lists the port.
  [[nodiscard]] bool allows_port(bool listen, std::uint64_t port) const;
  // Entry `index` of sgx.file_sha256: its path, with a zero byte, and the digest; false: there is none, or it does not
  // fit.
  bool file_sha256(std::uint64_t index, char* path, std::uint64_t room, std::uint8_t (&digest)[32]) const;
  // Whether files.read lists this path, or a folder above it.
  [[nodiscard]] bool reads(const char* path) const;
  // Entry `index` of files.write, with a zero byte; false: there is none, or it does not fit.
  bool write_path(std::uint64_t index, char* path, std::uint64_t room) const;

  // sgx.malloc_arenas; 1 where there is none.
  [[nodiscard]] std::uint64_t malloc_arenas() const;

 private:
  const std::uint8_t *begin_ = nullptr, *end_ = nullptr;
};

}  // namespace adyton::keep
