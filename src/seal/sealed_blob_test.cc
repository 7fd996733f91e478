// SPDX-License-Identifier: Apache-2.0
#include <adyton/sealed_blob.h>

#include <functional>

#include <gtest/gtest.h>

#include "testing/fake_key_source.h"

namespace adyton {
namespace {

using testing::FakeKeySource;

FakeKeySource sealer() {
  FakeKeySource keys;
  keys.self.image.fill(std::byte{1});
  keys.self.signer.fill(std::byte{2});
  keys.self.product = 7;
  keys.self.svn = 3;
  return keys;
}

TEST(SealedBlob, OpensWhatItSealed) {
  const FakeKeySource keys = sealer();
  for (const SealPolicy policy : {SealPolicy::kImage, SealPolicy::kSigner}) {
    for (const std::string_view text : {"", "a", "the CA's key"}) {
      const Bytes sealed = seal(keys, policy, "test", as_bytes(text), as_bytes("context")).value();
      EXPECT_EQ(as_text(unseal(keys, policy, "test", sealed, as_bytes("context")).value().expose()), text);
      EXPECT_EQ(as_text(sealed).find("CA's"), std::string_view::npos);
    }
  }
}

TEST(SealedBlob, SealingTwiceGivesDifferentBytes) {
  const FakeKeySource keys = sealer();
  const Bytes plain(100);
  const auto one = seal(keys, SealPolicy::kImage, "test", plain).value();
  const auto other = seal(keys, SealPolicy::kImage, "test", plain).value();
  ASSERT_EQ(one.size(), other.size());
  EXPECT_FALSE(std::ranges::equal(BytesView(one).last(116), BytesView(other).last(116)));
}

struct Refusal {
  std::string_view name;
  SealPolicy policy;
  std::function<void(FakeKeySource&)> change;  // of who opens
  ErrorCode code;
  std::string_view says;
};

TEST(SealedBlob, SaysWhyItIsRefused) {
  const auto another = [](Digest384& digest) { digest.fill(std::byte{9}); };
  const Refusal refusals[] = {
      {"back-end", SealPolicy::kSigner, [](auto& k) { k.backend_name = "sgx"; }, ErrorCode::kDenied,
       "sealed on back-end fake, this is sgx"},
      {"image", SealPolicy::kImage, [&](auto& k) { another(k.self.image); }, ErrorCode::kDenied,
       "sealed by another image (0101010101010101...), this one is 0909090909090909..."},
      {"signer", SealPolicy::kSigner, [&](auto& k) { another(k.self.signer); }, ErrorCode::kDenied,
       "sealed by another signer (0202020202020202...), this one is 0909090909090909..."},
      {"product", SealPolicy::kSigner, [](auto& k) { k.self.product = 8; }, ErrorCode::kDenied,
       "sealed by another product of this signer (7), this one is 8"},
      {"svn", SealPolicy::kSigner, [](auto& k) { k.self.svn = 2; }, ErrorCode::kDenied,
       "sealed by a newer version (svn 3), this one is svn 2"},
      {"debug", SealPolicy::kSigner, [](auto& k) { k.self.debug = true; }, ErrorCode::kDenied,
       "sealed by a production image, this is a debug one"},
      {"machine", SealPolicy::kSigner, [](auto& k) { k.machine = "other"; }, ErrorCode::kUntrusted,
       "sealed under a key this machine does not have"},
  };
  for (const Refusal& refusal : refusals) {
    const Bytes sealed = seal(sealer(), refusal.policy, "test", as_bytes("secret")).value();
    FakeKeySource opener = sealer();
    refusal.change(opener);
    const auto opened = unseal(opener, refusal.policy, "test", sealed);
    ASSERT_FALSE(opened) << refusal.name;
    EXPECT_EQ(opened.error().code, refusal.code) << refusal.name;
    EXPECT_TRUE(opened.error().message.starts_with(refusal.says)) << opened.error().message;
  }
}

TEST(SealedBlob, OpensForSuccessorsOfThePolicy) {
  FakeKeySource successor = sealer();
  successor.self.image.fill(std::byte{9});
  successor.self.svn = 4;
  const Bytes sealed = seal(sealer(), SealPolicy::kSigner, "test", as_bytes("secret")).value();
  EXPECT_TRUE(unseal(successor, SealPolicy::kSigner, "test", sealed));
}

TEST(SealedBlob, PolicyLabelAndAssociatedDataMustBeTheSame) {
  const FakeKeySource keys = sealer();
  const Bytes sealed = seal(keys, SealPolicy::kSigner, "test", as_bytes("secret"), as_bytes("one")).value();
  EXPECT_EQ(unseal(keys, SealPolicy::kImage, "test", sealed, as_bytes("one")).error().code, ErrorCode::kDenied);
  EXPECT_EQ(unseal(keys, SealPolicy::kSigner, "toast", sealed, as_bytes("one")).error().code, ErrorCode::kDenied);
  EXPECT_EQ(unseal(keys, SealPolicy::kSigner, "test", sealed, as_bytes("two")).error().code, ErrorCode::kUntrusted);
  EXPECT_EQ(seal(keys, SealPolicy::kSigner, "", as_bytes("secret")).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(seal(keys, SealPolicy::kSigner, std::string(65, 'x'), {}).error().code, ErrorCode::kInvalid);
}

TEST(SealedBlob, EveryTruncationIsRefusedAsCutShort) {
  const FakeKeySource keys = sealer();
  const Bytes sealed = seal(keys, SealPolicy::kSigner, "test", as_bytes("secret")).value();
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const auto opened = unseal(keys, SealPolicy::kSigner, "test", BytesView(sealed).first(size));
    ASSERT_FALSE(opened) << size;
    EXPECT_TRUE(opened.error().message.contains("cut short")) << size << ": " << opened.error().message;
  }
  Bytes longer = sealed;
  longer.push_back(std::byte{0});
  EXPECT_EQ(unseal(keys, SealPolicy::kSigner, "test", longer).error().message, "1 bytes too many at the end");
}

TEST(SealedBlob, EveryBitFlipIsRefused) {
  const FakeKeySource keys = sealer();
  Bytes sealed = seal(keys, SealPolicy::kSigner, "test", as_bytes("secret")).value();
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    sealed[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(unseal(keys, SealPolicy::kSigner, "test", sealed)) << bit;
    sealed[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  EXPECT_TRUE(unseal(keys, SealPolicy::kSigner, "test", sealed));
}

}  // namespace
}  // namespace adyton
