// SPDX-License-Identifier: Apache-2.0
#include "attest/nonce.h"

#include <string_view>

#include "crypto/crypto.h"

namespace adyton {

Digest384 report_data_of_nonce(BytesView nonce) {
  using namespace std::string_view_literals;
  Sha384 digest;
  digest.update(as_bytes("adyton attest\0"sv));
  digest.update(nonce);
  return digest.finish();
}

}  // namespace adyton
