// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "crypto/crypto.h"

namespace adyton {
namespace {

// A configuration under which OpenSSL's default context can do nothing at all.
class OpenSslConfiguration : public testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process in which OpenSSL has not started yet
    std::ofstream(path_) << "openssl_conf = init\n[init]\nproviders = providers\n[providers]\nnull = null\n"
                            "[null]\nactivate = 1\n";
    setenv("OPENSSL_CONF", path_.c_str(), 1);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  static int exit_status_if_default_context_works() {
    EVP_MD* md = EVP_MD_fetch(nullptr, "SHA2-384", nullptr);
    EVP_MD_free(md);
    return md ? 0 : 1;
  }
  static bool adyton_works() {
    Bytes one(1);
    const Result<Aead> aead = Aead::make(Secret(32));
    return aead && sha384({}) == Sha384().finish() && random_bytes(one);
  }

  const std::string path_ = testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ".cnf";
};

TEST_F(OpenSslConfiguration, DoesNotTouchAdyton) {
  EXPECT_EXIT(std::exit(adyton_works() && exit_status_if_default_context_works() == 1 ? 0 : 1),
              testing::ExitedWithCode(0), "");
}

TEST_F(OpenSslConfiguration, CanBeIgnoredForGood) {
  EXPECT_EXIT(
      {
        ignore_openssl_configuration();
        std::exit(adyton_works() ? exit_status_if_default_context_works() : 2);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace adyton
