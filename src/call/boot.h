// SPDX-License-Identifier: Apache-2.0
// What a host tells an enclave about itself before anything else: the boot bytes of the channel
// (docs/formats/boot.md), one deterministic CBOR map. On a back-end with hardware the enclave checks what of this
// the hardware can tell; on `process` the host is believed.
#pragma once

#include <cstdint>
#include <string>

#include <adyton/bytes.h>
#include <adyton/identity.h>
#include <adyton/result.h>

namespace adyton {

struct BootInfo {
  std::string backend;              // 1 to 32 characters of [a-z0-9-]
  Bytes manifest;                   // the image's measured bytes; 1 byte to 512 KiB
  Digest384 image{};                // Identity::image
  Digest384 signer{};               // Identity::signer
  bool storage = false;             // whether the host keeps files for the enclave
  std::uint64_t message_bytes = 0;  // ChannelLimits::message_bytes; 4 KiB to 1 TiB
  std::uint64_t spin_us = 0;        // ChannelLimits::spin; at most a second
  bool operator==(const BootInfo&) const = default;
};

// Errors (of both): invalid, when something is out of these ranges. encode_boot(*parse_boot(x)) == x for every accepted
// x.
Result<Bytes> encode_boot(const BootInfo& info);
Result<BootInfo> parse_boot(BytesView encoded);

}  // namespace adyton
