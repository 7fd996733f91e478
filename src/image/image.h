// SPDX-License-Identifier: Apache-2.0
// An enclave image: a static-PIE x86-64 ELF with a manifest and a signature in sections that are not loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/identity.h>
#include <adyton/result.h>
#include "image/manifest.h"

namespace adyton {

// One piece of memory the image wants: `bytes` at `address`, zero-filled to `size` (docs/formats/image.md).
struct Region {
  std::uint64_t address = 0;      // relative to the load base
  std::uint64_t size = 0;         // in memory; >= bytes.size()
  std::uint64_t file_offset = 0;  // where the ELF says the bytes are
  bool readable = false, writable = false, executable = false;
  BytesView bytes;  // into the plan's own copy of the file
};

// What is loaded, and therefore what is measured: nothing else of the file matters. Moves, but is never copied: the
// regions point into `executable`.
struct LaunchPlan {
  LaunchPlan() = default;
  LaunchPlan(LaunchPlan&&) = default;
  LaunchPlan& operator=(LaunchPlan&&) = default;

  std::uint64_t entry = 0;      // relative to the load base
  std::uint64_t relro_end = 0;  // end of PT_GNU_RELRO, 0 without one
  std::vector<Region> regions;  // ascending, not overlapping, never writable and executable
  // The file as the kernel executes it: an ELF made of the ELF header, the program headers and `regions` alone, each
  // byte where the file had it, zero between them, and without sections (the header's fields about them are 0).
  Bytes executable;
};

// Limits on a hostile file.
struct ImageLimits {
  std::uint64_t file_bytes = 1ull << 30;
  std::uint64_t memory_bytes = 4ull << 30;
  std::uint32_t program_headers = 64;
  std::uint32_t sections = 4096;
};

// A parsed image file. Immutable, moved and not copied; parsing checks form only, verify_image() the signature.
class Image {
 public:
  // Errors: invalid, with what is wrong and the remedy where there is one; exhausted, beyond a limit's file_bytes; and
  // from load(), not_found and io.
  static Result<Image> parse(Bytes file, const ImageLimits& limits = {});
  static Result<Image> load(const std::filesystem::path& path, const ImageLimits& limits = {});

  [[nodiscard]] const LaunchPlan& plan() const { return plan_; }
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }
  [[nodiscard]] BytesView manifest_bytes() const { return manifest_bytes_; }  // the exact measured bytes
  [[nodiscard]] const Digest384& digest() const { return digest_; }
  [[nodiscard]] BytesView signature() const { return signature_; }  // COSE_Sign1; empty if unsigned
  [[nodiscard]] BytesView keep() const { return keep_; }  // keep kernel for SGX (image/sgx/), an ELF; empty without
  [[nodiscard]] BytesView sigstruct() const { return sigstruct_; }  // its signature for SGX; empty without
  [[nodiscard]] BytesView file() const { return file_; }

 private:
  Image() = default;
  Bytes file_, manifest_bytes_, signature_, keep_, sigstruct_;
  LaunchPlan plan_;
  Manifest manifest_;
  Digest384 digest_{};
};

// An image whose signature verified: only verify_image() makes one, and only one of these can be launched.
class VerifiedImage {
 public:
  [[nodiscard]] const Image& image() const { return image_; }
  [[nodiscard]] const Identity& identity() const { return identity_; }

 private:
  friend Result<VerifiedImage> verify_image(Image image);
  VerifiedImage(Image image, Identity identity) : image_(std::move(image)), identity_(std::move(identity)) {}
  Image image_;
  Identity identity_;
};

// Checks that the signature is over this digest by the key it carries. Whether that signer is the wanted one is the
// caller's policy. Errors: untrusted (no signature, bad signature), invalid (malformed signature).
Result<VerifiedImage> verify_image(Image image);

}  // namespace adyton
