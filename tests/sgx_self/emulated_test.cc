// SPDX-License-Identifier: Apache-2.0
// A signed image of the enclave library in the SGX emulator: what it learns of itself by ENCLU.
#include "platform/sgx_emulator/keys.h"
#include "sgx_program.h"

namespace adyton {
namespace {

using testing::example_manifest;
using testing::Printed;
using testing::run_program;
using testing::signed_program;
using testing::test_signer;

class SgxSelfInside : public ::testing::Test {
 protected:
  Printed run(const Manifest& manifest, const PrivateKey& signer = test_signer()) {
    return run_program(signed_program(manifest, signer), fuses_);
  }
  SgxFuses fuses_ = SgxFuses::make().value();
};

TEST_F(SgxSelfInside, KnowsItselfWithoutItsHost) {
  const Image image = signed_program(example_manifest(), test_signer());
  Printed said = run_program(image, fuses_);
  const SignedSgxPlan enclave = verify_sgx_signature(image).value();
  EXPECT_EQ(said["backend"], "sgx");
  EXPECT_EQ(said["name"], "self");
  EXPECT_EQ(said["version"], "7 3");
  EXPECT_EQ(said["debug"], "no");
  EXPECT_EQ(said["image"], to_hex(image.digest()));
  EXPECT_EQ(said["signer"], to_hex(enclave.sigstruct.signer) + std::string(32, '0'));
}

}  // namespace
}  // namespace adyton
