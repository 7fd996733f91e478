// SPDX-License-Identifier: Apache-2.0
// A TEE for tests: gives sealing keys as a real one does, for any identity, without protecting anything.
#pragma once

#include <random>
#include <string>

#include <adyton/self.h>

namespace adyton::testing {

// Keys follow from `machine` and what they are bound to: the same arguments give the same keys, anything else others.
// They can be guessed: never seal anything real with them. Thread-safe while the members are not changed.
struct FakeKeySource : KeySource {
  Identity self{.name = "fake", .product = 1, .svn = 1};
  std::string backend_name = "fake";
  std::string machine = "machine";

  const Identity& identity() const override { return self; }
  std::string_view backend() const override { return backend_name; }

  Result<Secret> sealing_key(SealPolicy policy, std::string_view label,
                             std::optional<std::uint16_t> svn = std::nullopt) const override {
    if (label.empty() || label.size() > 64) return Error{ErrorCode::kInvalid, "a label of 1 to 64 bytes is needed"};
    std::string bound = machine + '\0' + backend_name + '\0' + (self.debug ? 'd' : 'p');
    if (policy == SealPolicy::kImage) {
      bound += "image" + to_hex(self.image);
    } else {
      const std::uint16_t wanted = svn.value_or(self.svn);
      if (wanted > self.svn) return Error{ErrorCode::kDenied, "a key of a newer svn"};
      bound += "signer" + to_hex(self.signer) + std::to_string(self.product) + '/' + std::to_string(wanted);
    }
    bound += '\0';
    bound += label;
    std::seed_seq seed(bound.begin(), bound.end());
    std::mt19937_64 generator(seed);
    Secret out(32);
    for (std::byte& b : out.expose_mutable()) b = static_cast<std::byte>(generator());
    return out;
  }
};

}  // namespace adyton::testing
