// SPDX-License-Identifier: Apache-2.0
// Nitro attestation documents for tests, as the Nitro Security Module would make them but with any single thing wrong.
//
//   FakeNitro nitro;                                // a root, authorities and an instance certificate of its own
//   Bytes document = nitro.document();              // genuine to who trusts nitro.root()
//   nitro.fields.user_data = to_bytes("hello");
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <adyton/bytes.h>
#include "testing/fake_cose.h"
#include "testing/fake_pki.h"

namespace adyton::testing {

struct FakeNitroFields {
  std::string module_id = "i-0123456789abcdef0-enc0123456789abcdef";
  std::uint64_t timestamp_ms = std::uint64_t{kFakeNow} * 1000 + 215;
  std::string digest = "SHA384";
  std::map<std::int64_t, Bytes> registers = {{0, Bytes(48, std::byte{0xa0})}, {1, Bytes(48, std::byte{0xa1})},
                                             {2, Bytes(48, std::byte{0xa2})}, {3, Bytes(48)},
                                             {4, Bytes(48, std::byte{0xa4})}, {8, Bytes(48)}};
  std::string registers_name = "pcrs";
  Bytes certificate;                                  // DER
  std::vector<Bytes> bundle;                          // from the root down
  std::optional<Bytes> public_key, user_data, nonce;  // unset: null
  std::string left_out;                               // the name of a field not to write
  std::string extra;                                  // the name of a field more
  bool indefinite = false;                            // the outer map without a count, as in documents since 2025

  [[nodiscard]] Bytes payload() const;
};

class FakeNitro {
 public:
  // `leaf`: what is special about the certificate of the enclave's module; it is for P-384 and three hours unless that
  // says otherwise.
  FakeNitro()
      : FakeNitro(FakeOptions{.key = KeyType::kP384, .not_before = kFakeNow - 3, .not_after = kFakeNow + 10'800}) {}
  explicit FakeNitro(FakeOptions leaf);

  FakeNitroFields fields;  // certificate and bundle are those of this object

  [[nodiscard]] const Certificate& root() const { return root_.certificate(); }
  [[nodiscard]] const SigningKey& key() const { return leaf_.key; }
  [[nodiscard]] Bytes document(const FakeCoseOptions& options = {.tagged = false}) const {
    return fake_sign1(fields.payload(), leaf_.key, options);
  }

 private:
  FakeCa root_, zone_;
  FakeIdentity leaf_;
};

}  // namespace adyton::testing
