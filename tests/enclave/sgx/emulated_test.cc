// SPDX-License-Identifier: Apache-2.0
// A signed image of the enclave library in the SGX emulator: what it learns of itself by ENCLU.
#include "enclave/sgx/sgx_self.h"
#include "quoting_machine.h"
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

// The keys that the program printed are those that the emulator's EGETKEY gives for its SECS, as SgxSelf asks for them.
TEST_F(SgxSelfInside, ItsSealingKeysAreTheProcessors) {
  const Image image = signed_program(example_manifest(), test_signer());
  Printed said = run_program(image, fuses_);
  const SignedSgxPlan enclave = verify_sgx_signature(image).value();
  sgx::Secs secs;
  secs.attributes = enclave.plan.attributes;
  secs.attributes.flags |= SgxAttributes::kInit;
  secs.mr_enclave = enclave.sigstruct.fields.measurement;
  secs.mr_signer = enclave.sigstruct.signer;
  secs.product = enclave.plan.product;
  secs.svn = enclave.plan.svn;
  const testing::EmulatedInstructions outside(fuses_, secs);
  const auto measured =
      make_measured_enclave(image.digest(), image.manifest_bytes(), outside.report({}, Bytes(64)).value());
  class NoHost : public detail::Caller {
    Result<void> call(const detail::CallTarget&, const CallOptions&, detail::FunctionRef<void(Encoder&)>,
                      detail::FunctionRef<Result<void>(Decoder&)>) override {
      return Error{ErrorCode::kUnavailable, "no host"};
    }
  } no_host;
  const SgxSelf same(no_host, outside, measured.value(), "sgx");
  const auto key = [&](SealPolicy policy, std::string_view label, std::optional<std::uint16_t> svn = {}) {
    return to_hex(same.sealing_key(policy, label, svn)->expose());
  };
  EXPECT_EQ(said["image-key"], key(SealPolicy::kImage, "label"));
  EXPECT_EQ(said["signer-key"], key(SealPolicy::kSigner, "label"));
  EXPECT_EQ(said["other-label-key"], key(SealPolicy::kSigner, "lapel"));
  EXPECT_EQ(said["older-key"], key(SealPolicy::kSigner, "label", 2));
  EXPECT_NE(said["newer-key"].find("svn 9"), std::string::npos);
}

TEST_F(SgxSelfInside, SealingKeysAreTheSameInTheNextLaunchAndOthersForOtherEnclaves) {
  const Printed first = run(example_manifest());
  Printed again = run(example_manifest());
  for (const char* key : {"image-key", "signer-key", "other-label-key", "older-key"}) {
    EXPECT_EQ(first.at(key).size(), 64u);
    EXPECT_EQ(first.at(key), again[key]) << key;
  }
  Manifest newer = example_manifest(), product = example_manifest(), debug = example_manifest();
  newer.svn = 4;
  product.product = 8;
  debug.debug = true;
  Printed others[] = {run(newer), run(product), run(debug),
                      run(example_manifest(), PrivateKey::generate(KeyKind::kRsa3072).value())};
  for (Printed& other : others) EXPECT_NE(other["signer-key"], first.at("signer-key"));
  EXPECT_EQ(others[0]["older-key"], first.at("older-key"));  // of svn 2, both
  for (std::size_t i = 1; i < std::size(others); ++i) EXPECT_NE(others[i]["older-key"], first.at("older-key")) << i;
  EXPECT_EQ(others[2]["debug"], "yes");
  // The measurement is the manifest's too, but not the signer's.
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NE(others[i]["image-key"], first.at("image-key")) << i;
  EXPECT_EQ(others[3]["image-key"], first.at("image-key"));
}

TEST_F(SgxSelfInside, ItsReportBecomesAGenuineQuote) {
  const Image image = signed_program(example_manifest(), test_signer());
  const testing::QuotingMachine machine;
  const Bytes target = machine.quoting->target_info().value(), data(64, std::byte{0xab});
  Printed said = run_program(image, machine.fuses, {to_hex(target), to_hex(data)});
  const Bytes quote = machine.quoting->quote(parse_hex(said["report"]).value()).value();
  const Verified verified = machine.verify(quote);
  EXPECT_EQ(verified.answer(), Answer::kGenuine);
  EXPECT_EQ(verified.claims().report_data, data);
  const SignedSgxPlan enclave = verify_sgx_signature(image).value();
  EXPECT_EQ(to_hex(verified.claims().measurement), to_hex(enclave.sigstruct.fields.measurement));
  EXPECT_EQ(to_hex(verified.claims().signer), to_hex(enclave.sigstruct.signer));
  EXPECT_EQ(verified.claims().product, 7);
  EXPECT_EQ(verified.claims().svn, 3);
  // For another target it is worth nothing here.
  Printed other = run_program(image, machine.fuses, {std::string(1024, '0'), to_hex(data)});
  EXPECT_EQ(machine.quoting->quote(parse_hex(other["report"]).value()).error().code, ErrorCode::kUntrusted);
}

}  // namespace
}  // namespace adyton
