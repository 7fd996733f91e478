// SPDX-License-Identifier: Apache-2.0
// Signing an image for SGX: the keep kernel and the SIGSTRUCT become sections of it, and what an SGX device loads is a
// function of the one file. Neither changes the image digest nor the image's own signature.
#pragma once

#include <cstdint>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/keys.h"
#include "image/image.h"
#include "image/sgx/sigstruct.h"

namespace adyton {

// The file with this keep kernel, and without a SIGSTRUCT if it had another one before. Errors: invalid, if it is none.
Result<Bytes> attach_keep(const Image& image, BytesView keep);

// The file without a keep kernel and without a SIGSTRUCT.
Result<Bytes> without_keep(const Image& image);

// The 256 bytes that are signed of this image and its keep kernel: PKCS #1 v1.5 with SHA-256, by RSA-3072 with the
// exponent 3. `date` as in SgxSignedFields. Errors: not_found, without a keep kernel; invalid.
Result<Bytes> sgx_to_be_signed(const Image& image, std::uint32_t date);

// The file with a SIGSTRUCT: one step, or with a signature made elsewhere over sgx_to_be_signed(). Errors: as above;
// invalid, for a key that SGX does not take; untrusted, if the signature is not of these bytes by this key.
Result<Bytes> sign_for_sgx(const Image& image, const PrivateKey& signer, std::uint32_t date);
Result<Bytes> attach_sgx_signature(const Image& image, const PublicKey& signer, BytesView signature,
                                   std::uint32_t date);

// What the file says about itself as an SGX enclave.
struct SignedSgxPlan {
  SgxPlan plan;
  Sigstruct sigstruct;
};

// The plan of the image over its keep kernel, and the SIGSTRUCT, which is of this very plan. Whether that signer is the
// wanted one is the caller's policy. Errors: not_found, without a keep kernel or SIGSTRUCT, with the remedy; untrusted,
// with what differs, if program, manifest, keep kernel or SIGSTRUCT was changed; invalid.
Result<SignedSgxPlan> verify_sgx_signature(const Image& image);

}  // namespace adyton
