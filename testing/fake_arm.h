// SPDX-License-Identifier: Apache-2.0
// CCA and PSA tokens for tests, with any single thing wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <adyton/bytes.h>
#include "testing/fake_cose.h"
#include "testing/fake_pki.h"

namespace adyton::testing {

struct FakeArmComponent {
  std::optional<std::string> type = "BL";
  Bytes measurement = Bytes(32, std::byte{0x31});
  Bytes signer = Bytes(32, std::byte{0x32});
  std::optional<std::string> version = "1.0";
  std::optional<std::string> hash_algorithm;
};

struct FakePsaClaims {
  bool old_labels = false;             // those of PSA_IOT_PROFILE_1
  std::int64_t boot_seed_label = 268;  // without old_labels; 2397 in TF-M's profile
  std::optional<std::string> profile = "tag:psacertified.org,2023:psa#tfm";
  Bytes nonce = Bytes(32, std::byte{1});
  Bytes instance_id = Bytes(33, std::byte{1});
  Bytes implementation_id = Bytes(32, std::byte{3});
  std::int64_t client_id = 7;
  std::uint64_t lifecycle = 0x3000;
  std::optional<Bytes> boot_seed = Bytes(32, std::byte{4});
  std::optional<std::string> certification_reference = "1234567890123-12345";
  std::vector<FakeArmComponent> components = {{}};
  bool no_components = false;  // says -75007: 1
  std::optional<std::string> verification_service = "https://verifier.example";
  std::int64_t left_out = 0;  // the label of a claim not to write

  [[nodiscard]] Bytes payload() const;
};

struct FakeCca {
  SigningKey platform_key = fake_key(KeyType::kP384, 10);
  SigningKey realm_key = fake_key(KeyType::kP384, 11);
  std::uint64_t tag = 399;                           // or 907
  std::optional<Bytes> platform_token, realm_token;  // instead of the ones below
  bool no_platform = false, no_realm = false;

  std::string platform_profile = "tag:arm.com,2023:cca_platform#1.0.0";
  std::int64_t binding_label = 10;  // 2408 in the profiles of 2026
  std::optional<Bytes> binding;     // unset: the right one
  Bytes instance_id;                // 33 bytes; set by the constructor to what platform_key has
  std::uint64_t lifecycle = 0x3003;
  std::vector<FakeArmComponent> components = {{}, {.type = "RMM"}};

  bool key_as_point = false;  // the realm's key; unset: a COSE_Key
  std::string key_hash = "sha-512";
  Bytes challenge = Bytes(64, std::byte{5});
  Bytes initial_measurement = Bytes(48, std::byte{6});
  std::size_t measurements = 4;
  std::int64_t left_out = 0;  // the label of a claim not to write, in either token
  FakeCoseOptions platform_cose, realm_cose;

  FakeCca();
  [[nodiscard]] Bytes realm_public_key() const;
  [[nodiscard]] Bytes platform_payload() const;
  [[nodiscard]] Bytes realm_payload() const;
  [[nodiscard]] Bytes token() const;
};

}  // namespace adyton::testing
