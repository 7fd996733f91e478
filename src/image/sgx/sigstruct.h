// SPDX-License-Identifier: Apache-2.0
// SIGSTRUCT, an enclave's signature as EINIT takes it (SDM 3D, 34.14, table "Layout of Enclave Signature Structure";
// 1808 bytes): RSA-3072, exponent 3, PKCS #1 v1.5 with SHA-256.
#pragma once

#include <array>
#include <cstdint>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "image/sgx/sgx_plan.h"

namespace adyton {

inline constexpr std::size_t kSigstructBytes = 1808;

// What is said about an enclave in its SIGSTRUCT, all but signature and key.
struct SgxSignedFields {
  std::uint32_t date = 0;  // as decimal digits in hexadecimal: 0x20261122
  std::uint32_t vendor = 0, software_defined = 0;
  std::uint32_t misc_select = 0, misc_mask = 0;
  std::uint8_t cet_attributes = 0, cet_attribute_mask = 0;
  SgxAttributes attributes, attribute_mask;
  SgxMeasurement measurement{};
  std::array<std::byte, 16> family_id{}, extended_product_id{};  // KSS
  std::uint16_t product = 0, svn = 0;
};

struct Sigstruct {
  SgxSignedFields fields;
  Bytes modulus;          // 384 bytes, big-endian
  Bytes bytes;            // the 1808
  SgxMeasurement signer;  // mr_signer() of it
};

// MRSIGNER: SHA-256 of the modulus as it lies in the structure, little-endian. Requires 384 bytes.
SgxMeasurement mr_signer(BytesView modulus);

// What `plan` is to be signed as. The masks fix every attribute, DEBUG and XFRM among them, and MISCSELECT: the enclave
// starts as the plan says, or not at all.
SgxSignedFields signed_fields(const SgxPlan& plan, std::uint32_t date);

// Whether this is a signature of `plan`, as EINIT compares them, and of its product, version and KSS identifiers.
// Errors: untrusted, with what differs.
Result<void> check_signed_plan(const SgxSignedFields& fields, const SgxPlan& plan);

// The 256 bytes that are signed (offsets 0 to 127 and 900 to 1027): what a key that lives elsewhere signs.
Bytes sigstruct_to_be_signed(const SgxSignedFields& fields);

// The structure out of the fields, the key's modulus (384 bytes, big-endian) and its signature (likewise), with Q1 and
// Q2. Errors: invalid (sizes), untrusted (the signature is not of these fields by this key).
Result<Sigstruct> make_sigstruct(const SgxSignedFields& fields, BytesView modulus, BytesView signature);

// As EINIT checks it: constants, reserved bytes, exponent, signature, Q1, Q2. Errors: invalid, untrusted; which field.
Result<Sigstruct> parse_sigstruct(BytesView bytes);

}  // namespace adyton
