// SPDX-License-Identifier: Apache-2.0
// Which back-end "auto" takes on a machine that has SGX: the double's.
#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "crypto/test_sgx_key.h"
#include "device_test.h"
#include "image/build.h"
#include "image/sgx/test_keep.h"
#include "platform/backends.h"
#include "platform/sgx/sgx_backend.h"

namespace adyton::sgx {
namespace {

class SgxDeviceChoice : public testing::Test {
 protected:
  SgxDeviceChoice() {
    if (const char* given = std::getenv("ADYTON_BACKEND")) before_ = given;
    ::unsetenv("ADYTON_BACKEND");
  }
  ~SgxDeviceChoice() override {
    if (before_) ::setenv("ADYTON_BACKEND", before_->c_str(), 1);
  }

  Result<ChosenBackend> choose(const VerifiedImage& image, std::string_view name = "auto") {
    auto all = make_backends();
    for (auto& backend : all) {
      if (backend->name() != "sgx") continue;
      backend = std::make_unique<SgxDeviceBackend>(SgxDeviceOptions{}, [this] { return make_sgx_device(kernel_); });
    }
    return choose_backend(name, image, std::move(all));
  }
  void expect_sgx(const VerifiedImage& image) {
    const auto chosen = choose(image);
    ASSERT_TRUE(chosen) << chosen.error().message;
    EXPECT_EQ(chosen->backend->name(), "sgx");
    EXPECT_TRUE(chosen->passed_over.empty());
  }
  void expect_process(const VerifiedImage& image, std::string_view why) {
    const auto chosen = choose(image);
    ASSERT_TRUE(chosen) << chosen.error().message;
    EXPECT_EQ(chosen->backend->name(), "process");
    ASSERT_EQ(chosen->passed_over.size(), 1u);
    const std::string& said = chosen->passed_over.front();
    EXPECT_TRUE(said.starts_with("sgx-test does not run on sgx, which this machine has: ")) << said;
    EXPECT_TRUE(said.contains(why)) << said;
    EXPECT_EQ(choose(image, "sgx")->backend->name(), "sgx");  // who names it gets it, and what its launch says
  }

  static VerifiedImage make(const Manifest& manifest, const Bytes& keep = TestKeep().encode(), bool for_sgx = true) {
    const PrivateKey key = PrivateKey::parse_pem(kTestSgxKey).value();
    Image image = Image::parse(sign_image(test_sgx_image(manifest, keep), key).value()).value();
    if (for_sgx) image = Image::parse(sign_for_sgx(image, key, 0x20261122).value()).value();
    return verify_image(std::move(image)).value();
  }

  const std::shared_ptr<FakeKernel> kernel_ = std::make_shared<FakeKernel>();

 private:
  std::optional<std::string> before_;
};

TEST_F(SgxDeviceChoice, TakesSgxForAnImageThatIsSignedForIt) {
  const VerifiedImage image = make(test_sgx_manifest());
  expect_sgx(image);
  kernel_->options.open_error = ENOENT;  // a machine without it passes nothing over
  const auto chosen = choose(image);
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_EQ(chosen->backend->name(), "process");
  EXPECT_TRUE(chosen->passed_over.empty());
}

TEST_F(SgxDeviceChoice, PassesSgxOverForAnImageThatIsNotForSgx) {
  expect_process(make(test_sgx_manifest(), {}, false), "no keep kernel");
  expect_process(make(test_sgx_manifest(), TestKeep().encode(), false), "not signed for SGX");
}

TEST_F(SgxDeviceChoice, PassesSgxOverForAnImageThatWantsWhatThisMachineLacks) {
  Manifest extensions = test_sgx_manifest(), keys = test_sgx_manifest(), provisioning = test_sgx_manifest();
  extensions.sgx.features = {"amx"};
  expect_process(make(extensions), "XFRM");
  keys.sgx.kss = true;
  expect_sgx(make(keys));
  kernel_->options.attributes.eax &= ~0x80u;
  expect_process(make(keys), "attributes");
  provisioning.sgx.provision_key = true;
  expect_sgx(make(provisioning));
  kernel_->options.provision_error = EACCES;
  expect_process(make(provisioning), "/dev/sgx_provision");
  EXPECT_EQ(kernel_->open_files(), 0u);
}

// What was changed after it was signed is no reason for less isolation.
TEST_F(SgxDeviceChoice, RefusesADamagedImage) {
  const VerifiedImage image = make(test_sgx_manifest());
  Bytes changed = to_bytes(image.image().file());
  const auto at = std::ranges::search(changed, image.image().keep()).begin();
  ASSERT_NE(at, changed.end());
  *(at + TestKeep::kConstants) ^= std::byte{1};
  const auto chosen = choose(verify_image(Image::parse(std::move(changed)).value()).value());
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code, ErrorCode::kUntrusted);
  EXPECT_TRUE(chosen.error().message.starts_with("sgx: SIGSTRUCT")) << chosen.error().message;
}

}  // namespace
}  // namespace adyton::sgx
