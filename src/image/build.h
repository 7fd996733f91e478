// SPDX-License-Identifier: Apache-2.0
// Making an image: from a linked program and a manifest to a measured, signed file.
#pragma once

#include <string>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/keys.h"
#include "image/image.h"

namespace adyton {

// Checks that a freshly linked program can be an enclave, and says the remedy if not: dynamic or static non-PIE
// linking, -rdynamic / -Wl,-E (TLS relocations before main), -rpath (DT_RUNPATH), -static beside -static-pie (wrong
// start file), executable stack, W+X segments, another machine.
Result<void> check_linked_program(BytesView elf);

// Reads the calls the program serves and the host calls it makes from the program's symbols, and returns the file with
// `manifest` (its calls and host_calls filled in) in its section. An existing manifest is replaced; signatures and the
// keep kernel are removed.
Result<Bytes> attach_manifest(BytesView elf, Manifest manifest);

// The bytes a signer signs for this image (a COSE Sig_structure, RFC 9052, 4.4): what `sign_image` signs, or what is
// sent to a key that lives elsewhere. The algorithm follows from the public key.
Result<Bytes> to_be_signed(const Image& image, const PublicKey& signer);

// The file with a signature section: one step, or with a signature made elsewhere over to_be_signed().
Result<Bytes> sign_image(const Image& image, const PrivateKey& signer);
Result<Bytes> attach_signature(const Image& image, const PublicKey& signer, BytesView signature);

}  // namespace adyton
