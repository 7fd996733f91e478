// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/sgx_sign.h"

#include <gtest/gtest.h>

#include "crypto/rsa3072.h"
#include "image/build.h"
#include "image/sections.h"
#include "image/sgx/test_keep.h"
#include "image/sgx/test_key.h"

namespace adyton {
namespace {

constexpr std::uint32_t kToday = 0x20261122;

PrivateKey test_key() { return PrivateKey::parse_pem(kTestSgxKey).value(); }
Image signed_image() { return Image::parse(sign_for_sgx(test_sgx_image(), test_key(), kToday).value()).value(); }

Image with_note(const Image& image, std::string_view section, NoteType type, BytesView content) {
  const NoteChange changes[] = {{section, type, content}};
  return Image::parse(change_notes(image.file(), changes).value()).value();
}

TEST(SgxSign, OneStepMakesTheFileAnEnclave) {
  const Image image = signed_image();
  const auto verified = verify_sgx_signature(image);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->sigstruct.fields.measurement, measure_sgx_plan(verified->plan));
  EXPECT_EQ(verified->sigstruct.fields.date, kToday);
  EXPECT_EQ(verified->sigstruct.signer, mr_signer(rsa3072_modulus(test_key().public_key()).value()));
}

TEST(SgxSign, TwoStepsMakeTheSameFile) {
  const Image image = test_sgx_image();
  const PrivateKey key = test_key();
  const Bytes signature = key.sign_pkcs1_sha256(sgx_to_be_signed(image, kToday).value()).value();
  const auto file = attach_sgx_signature(image, key.public_key(), signature, kToday);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(*file, to_bytes(signed_image().file()));
  const auto tomorrow = attach_sgx_signature(image, key.public_key(), signature, kToday + 1);
  ASSERT_FALSE(tomorrow);
  EXPECT_EQ(tomorrow.error().code, ErrorCode::kUntrusted);
}

TEST(SgxSign, LeavesTheImageWhatItIs) {
  const Image plain = test_sgx_image(test_sgx_manifest(), {});
  EXPECT_EQ(plain.digest(), signed_image().digest());
  // Signing the image itself leaves what SGX has of it, and the other way round.
  const PrivateKey owner = PrivateKey::generate(KeyKind::kEd25519).value();
  const Image both = Image::parse(sign_image(signed_image(), owner).value()).value();
  EXPECT_TRUE(verify_sgx_signature(both));
  const Image again = Image::parse(sign_for_sgx(both, test_key(), kToday).value()).value();
  EXPECT_TRUE(verify_sgx_signature(again));
  EXPECT_TRUE(verify_image(Image::parse(to_bytes(again.file())).value()));
}

TEST(SgxSign, SaysWhatIsMissing) {
  const Image plain = test_sgx_image(test_sgx_manifest(), {});
  EXPECT_TRUE(plain.keep().empty());
  const auto no_keep = sign_for_sgx(plain, test_key(), kToday);
  ASSERT_FALSE(no_keep);
  EXPECT_EQ(no_keep.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(no_keep.error().message.contains("no keep kernel")) << no_keep.error().message;
  EXPECT_EQ(verify_sgx_signature(plain).error().code, ErrorCode::kNotFound);
  const auto unsigned_image = verify_sgx_signature(test_sgx_image());
  ASSERT_FALSE(unsigned_image);
  EXPECT_EQ(unsigned_image.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(unsigned_image.error().message.contains("not signed for SGX")) << unsigned_image.error().message;
}

TEST(SgxSign, RefusesKeysThatSgxDoesNotTake) {
  for (const KeyKind kind : {KeyKind::kP256, KeyKind::kEd25519}) {
    const auto file = sign_for_sgx(test_sgx_image(), PrivateKey::generate(kind).value(), kToday);
    EXPECT_EQ(file.error().code, ErrorCode::kInvalid);
  }
}

TEST(SgxSign, RefusesAKeepKernelThatIsNone) {
  EXPECT_EQ(attach_keep(test_sgx_image(), as_bytes("junk")).error().code, ErrorCode::kInvalid);
}

TEST(SgxSign, ANewKeepKernelNeedsANewSignature) {
  TestKeep other;
  other.header.e_entry = TestKeep::kEntry + 1;
  const Image image = Image::parse(attach_keep(signed_image(), other.encode()).value()).value();
  EXPECT_TRUE(image.sigstruct().empty());
  const Image same = Image::parse(attach_keep(signed_image(), TestKeep().encode()).value()).value();
  EXPECT_TRUE(verify_sgx_signature(same));
}

TEST(SgxSign, AFileChangedInAnythingIsNoticed) {
  const Image image = signed_image();
  Bytes keep = to_bytes(image.keep());
  keep[TestKeep::kEntry + 1] ^= std::byte{1};
  const auto changed_keep = verify_sgx_signature(with_note(image, kKeepSection, NoteType::kKeep, keep));
  ASSERT_FALSE(changed_keep);
  EXPECT_EQ(changed_keep.error().code, ErrorCode::kUntrusted);
  EXPECT_TRUE(changed_keep.error().message.contains("another enclave")) << changed_keep.error().message;

  Manifest manifest = image.manifest();
  manifest.threads++;
  const auto changed_manifest =
      verify_sgx_signature(with_note(image, kManifestSection, NoteType::kManifest, encode_manifest(manifest)));
  EXPECT_EQ(changed_manifest.error().code, ErrorCode::kUntrusted);

  Bytes program = to_bytes(image.file());
  program[TestElf::kCode + 5] ^= std::byte{1};
  EXPECT_EQ(verify_sgx_signature(Image::parse(program).value()).error().code, ErrorCode::kUntrusted);

  Bytes sigstruct = to_bytes(image.sigstruct());
  sigstruct[1026] ^= std::byte{1};
  const auto changed_signature =
      verify_sgx_signature(with_note(image, kSigstructSection, NoteType::kSigstruct, sigstruct));
  EXPECT_EQ(changed_signature.error().code, ErrorCode::kUntrusted);
  const auto cut =
      verify_sgx_signature(with_note(image, kSigstructSection, NoteType::kSigstruct, BytesView(sigstruct).first(1807)));
  EXPECT_EQ(cut.error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace adyton
