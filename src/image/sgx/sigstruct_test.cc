// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/sigstruct.h"

#include <gtest/gtest.h>

#include "crypto/crypto.h"
#include "crypto/rsa3072.h"
#include "image/sgx/test_keep.h"
#include "image/sgx/test_key.h"

namespace adyton {
namespace {

constexpr std::uint32_t kToday = 0x20261122;

SgxSignedFields test_fields() {
  SgxSignedFields out;
  out.date = kToday;
  out.software_defined = 7;
  out.misc_mask = ~0u;
  out.attributes.flags |= SgxAttributes::kKss;
  out.attribute_mask = {.flags = ~0ull, .xfrm = ~0ull};
  out.measurement.fill(std::byte{0x5a});
  out.family_id.fill(std::byte{1});
  out.extended_product_id.fill(std::byte{2});
  out.product = 3;
  out.svn = 4;
  return out;
}

PrivateKey test_key() { return PrivateKey::parse_pem(kTestSgxKey).value(); }

Sigstruct test_sigstruct(const SgxSignedFields& fields = test_fields()) {
  const PrivateKey key = test_key();
  const Bytes signature = key.sign_pkcs1_sha256(sigstruct_to_be_signed(fields)).value();
  return make_sigstruct(fields, rsa3072_modulus(key.public_key()).value(), signature).value();
}

// The signature of Intel's launch enclave as it was published (linux-sgx, le_prod_css.bin): its facts, of which the
// rest follows. SHA-256 of the file as it is there.
constexpr std::string_view kLaunchModulus =
    "b78adbb6f40abfc3ff5a8397ab07866d6e762c7a66588d4d0fff8511e4581d866716641ae310c942127233ec388c94d1f189"
    "780a424f5632c7af77bea3f50a21f3008276f8bdeec7aa9f6fe6c765437fd82d8e88d29e248dcefa2b208c5b2bb473e06bc7"
    "35937da11b8e1b2c46d1f77f5ed84218ab0c8adb100a89910d1874ed2729ef58e8c769c35c98651ac84446ecdcbdfe7da32e"
    "b51ae304a324effbe83168ebb8720c8c58261fb242f38cafa73b43438c8c1aa652fb07e996eb35b04877ee610b06aae14e3e"
    "a14e4118d22d098b75106d6167ca1447361c4b03eec25767d0049609dfb8fe6bd53252adfd875871711a85028681fdaff6a9"
    "b6fc8126bb2505e727fc29f55743f06c7aa2cdf523aadef55dbdd486d7bb5b65cb31e4fa5dfa2876558fad80a500f16d85a9"
    "f8d7f39b38dd4dbdc2e5b8f997ca145c18777a5181e8a3fa5345e444d573ba01d846dde55b06cae93eeaa843c22aa09ab933"
    "7b7b4d4b454ac8c7cb1b5866a8538f03c1ea208c79e2e54d76d01c09d9d7d1de479f";
constexpr std::string_view kLaunchSignature =
    "1ba5981688026e788402e1cb4eb41613e77e15d4052145f1afafc59fcb2c44e7399206250cddf6abd5d4e51e25511e3a84f1"
    "27ce3c203faa586bf9a6ffe9824c6bb4c2e9e2afb930b721fd9f59db3a161e518aaf1e632ad510cc0bebe89533fa639d2c86"
    "db90919f62f7ad22de32ed2fb3ab2131ac029225dbc7555311cc1b64da41a40262e9d70cf9a944332328ad8d988c0b12141b"
    "b84dd9cd0a5c8621550f6a1dac53bf1db1bdc464909e954449eee5e88f21ca7de8223b53d1c71f4a9d436a807b0de11414b8"
    "4f6c66163a555d62cd5da488ef2113d6132e222a56c7ba2c14e42fcebe52d7201fde80f1261cc5165678109b16f400a89044"
    "97c1aee7b9e2821be163205de110365aeb1c25fc25aac60f0ea1f4be42756b995d9e312d6e5168d43a78352ef92324b6daae"
    "cb46c7a0205a8149b8298500c3666eb2c5a051e486b1b208631634b248483bd2b9ef064c98211b7326fd33de87bb0550e83e"
    "e99409160bfd2f49e0092427c3c47eadd77af14431575cfed0b0212e9c40a6a15ca0";
constexpr std::string_view kLaunchFile = "f850380d00ddc5987423786abe650a01cf6e3c6bae29c66ebcf178003cb47e2b";

SgxSignedFields launch_fields() {
  SgxSignedFields out;
  out.vendor = 0x8086;
  out.date = 0x20240811;
  out.software_defined = 0x10;
  out.misc_mask = ~0u;
  out.attributes = {.flags = SgxAttributes::kMode64 | SgxAttributes::kEinitTokenKey, .xfrm = 3};
  out.attribute_mask = {.flags = 0xff00ffffffffffff, .xfrm = 0xffffffffffffff1b};
  std::ranges::copy(*parse_hex("7881af9f9def547da9908c008f29cde9bd78064e36ac7e14c83c294ca4806150"),
                    out.measurement.begin());
  out.product = 32;
  out.svn = 7;
  return out;
}

TEST(SgxSigstruct, IsWhatIntelPublished) {
  const auto made = make_sigstruct(launch_fields(), *parse_hex(kLaunchModulus), *parse_hex(kLaunchSignature));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(to_hex(sha256(made->bytes)), kLaunchFile);
  EXPECT_EQ(to_hex(made->signer), "acb77012053e05a63d413b8bbae8fb6c5d73b3f2996d91c43bbbf90959c0f8d4");
}

TEST(SgxSigstruct, GoesThroughItsBytes) {
  const Sigstruct made = test_sigstruct();
  ASSERT_EQ(made.bytes.size(), kSigstructBytes);
  const auto parsed = parse_sigstruct(made.bytes);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(sigstruct_to_be_signed(parsed->fields), sigstruct_to_be_signed(test_fields()));
  EXPECT_EQ(parsed->bytes, made.bytes);
  EXPECT_EQ(parsed->signer, mr_signer(rsa3072_modulus(test_key().public_key()).value()));
}

// tests/sgx/sgx_layout.py checks the arithmetic of the same file.
TEST(SgxSigstruct, IsAKnownAnswer) { EXPECT_EQ(to_hex(sha256(test_sigstruct().bytes)), "8d49bf3cbc2682b20b109144e01856993e3a04ac34bf14616841c7acbc6cc490"); }

TEST(SgxSigstruct, SignsTheDocumentedBytes) {
  const Bytes bytes = test_sigstruct().bytes;
  Bytes wanted = to_bytes(BytesView(bytes).first(128));
  const BytesView body = BytesView(bytes).subspan(900, 128);
  wanted.insert(wanted.end(), body.begin(), body.end());
  EXPECT_EQ(sigstruct_to_be_signed(test_fields()), wanted);
}

TEST(SgxSigstruct, RefusesEveryTruncation) {
  Bytes whole = test_sigstruct().bytes;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(parse_sigstruct(BytesView(whole).first(size)).error().code, ErrorCode::kInvalid) << size;
  }
  whole.push_back(std::byte{0});
  EXPECT_EQ(parse_sigstruct(whole).error().code, ErrorCode::kInvalid);
}

TEST(SgxSigstruct, RefusesEveryFlippedBit) {
  Bytes bytes = test_sigstruct().bytes;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_FALSE(parse_sigstruct(bytes)) << bit;
    bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
  }
}

TEST(SgxSigstruct, SaysWhatIsWrong) {
  const std::pair<std::size_t, std::string_view> cases[] = {{0, "HEADER is"},
                                                            {17, "VENDOR"},
                                                            {25, "HEADER2"},
                                                            {44, "reserved bytes at 44"},
                                                            {512, "EXPONENT"},
                                                            {600, "SIGNATURE"},
                                                            {910, "at 910"},
                                                            {960, "SIGNATURE"},
                                                            {992, "at 992"},
                                                            {1028, "at 1028"},
                                                            {1040, "Q1"},
                                                            {1807, "Q2"},
                                                            {511, "SIGNATURE: a modulus"},
                                                            {928, "KSS"}};
  for (const auto& [offset, words] : cases) {
    Bytes bytes = test_sigstruct().bytes;
    bytes[offset] ^= std::byte{0x80};
    const auto parsed = parse_sigstruct(bytes);
    ASSERT_FALSE(parsed) << offset;
    EXPECT_TRUE(parsed.error().message.starts_with("SIGSTRUCT: ")) << parsed.error().message;
    EXPECT_TRUE(parsed.error().message.contains(words)) << offset << ": " << parsed.error().message;
  }
}

TEST(SgxSigstruct, TakesASignatureOfTheseFieldsByThisKeyOnly) {
  const PrivateKey key = test_key();
  const Bytes modulus = rsa3072_modulus(key.public_key()).value();
  const Bytes signature = key.sign_pkcs1_sha256(sigstruct_to_be_signed(test_fields())).value();
  SgxSignedFields others = test_fields();
  others.svn++;
  EXPECT_EQ(make_sigstruct(others, modulus, signature).error().code, ErrorCode::kUntrusted);
  EXPECT_EQ(make_sigstruct(test_fields(), *parse_hex(kLaunchModulus), signature).error().code, ErrorCode::kUntrusted);
  EXPECT_EQ(make_sigstruct(test_fields(), modulus, BytesView(signature).first(383)).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(make_sigstruct(test_fields(), BytesView(modulus).first(383), signature).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(make_sigstruct(test_fields(), Bytes(384), signature).error().code, ErrorCode::kInvalid);
}

TEST(SgxSigstruct, OfAPlanFixesEverything) {
  const Image image = test_sgx_image();
  const SgxPlan plan = make_sgx_plan(image, image.keep()).value();
  const SgxSignedFields fields = signed_fields(plan, kToday);
  EXPECT_TRUE(check_signed_plan(fields, plan));
  const auto refused = [&](auto&& change, std::string_view words) {
    SgxPlan changed = make_sgx_plan(image, image.keep()).value();
    change(changed);
    const auto checked = check_signed_plan(fields, changed);
    ASSERT_FALSE(checked) << words;
    EXPECT_EQ(checked.error().code, ErrorCode::kUntrusted);
    EXPECT_TRUE(checked.error().message.contains(words)) << checked.error().message;
  };
  refused([](SgxPlan& p) { p.pages.pop_back(); }, "MRENCLAVE");
  refused([](SgxPlan& p) { p.attributes.flags |= SgxAttributes::kDebug; }, "attributes");
  refused([](SgxPlan& p) { p.attributes.xfrm |= 4; }, "XFRM");
  refused([](SgxPlan& p) { p.misc_select = 1; }, "MISCSELECT");
  refused([](SgxPlan& p) { p.svn++; }, "svn");
  refused([](SgxPlan& p) { p.product++; }, "product");
  refused([](SgxPlan& p) { p.family_id[3] = std::byte{1}; }, "family_id");
}

TEST(SgxRsa3072, TakesTheOneKindOfKey) {
  EXPECT_TRUE(rsa3072_modulus(test_key().public_key()));
  const auto p256 = rsa3072_modulus(PrivateKey::generate(KeyKind::kP256)->public_key());
  ASSERT_FALSE(p256);
  EXPECT_TRUE(p256.error().message.contains("keygen")) << p256.error().message;
  EXPECT_FALSE(PrivateKey::generate(KeyKind::kP256)->sign_pkcs1_sha256({}));
}

TEST(SgxRsa3072, RefusesASignatureAsLargeAsTheModulus) {
  const Bytes modulus = *parse_hex(kLaunchModulus);
  EXPECT_EQ(rsa3072_quotients(modulus, modulus).error().code, ErrorCode::kInvalid);
  const auto zero = rsa3072_quotients(modulus, Bytes(384));
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->q1, Bytes(384));
  EXPECT_EQ(zero->q2, Bytes(384));
}

}  // namespace
}  // namespace adyton
