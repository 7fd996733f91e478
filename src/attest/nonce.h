// SPDX-License-Identifier: Apache-2.0
// The report data with which an enclave answers a relying party's nonce.
#pragma once

#include <adyton/bytes.h>
#include <adyton/identity.h>

namespace adyton {

// SHA-384("adyton attest" || 0x00 || nonce). Never the nonce itself: whoever may ask an enclave for evidence must not
// choose report data that the enclave's own protocols give a meaning to.
Digest384 report_data_of_nonce(BytesView nonce);

}  // namespace adyton
