// SPDX-License-Identifier: Apache-2.0
#include "platform/development_root.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/development.h"

namespace adyton {
namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class DevelopmentRootTest : public testing::Test {
 protected:
  DevelopmentRootTest() {
    std::string name = testing::TempDir() + "development-root-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    top_ = name;
    folder_ = top_ / "data" / "adyton";
  }
  ~DevelopmentRootTest() override { fs::remove_all(top_); }

  [[nodiscard]] fs::path file() const { return folder_ / "development-root"; }
  static Identity identity() {
    Identity out{.name = "vault", .product = 1, .svn = 5};
    out.image.fill(std::byte{1});
    out.signer.fill(std::byte{2});
    return out;
  }
  // The error of using the root as it lies there.
  [[nodiscard]] Error error() const {
    auto key = DevelopmentRoot(folder_).public_key();
    EXPECT_FALSE(key);
    return key ? Error{} : key.error();
  }

  fs::path top_, folder_;
};

TEST_F(DevelopmentRootTest, IsMadeOnFirstUseForItsOwnerOnly) {
  DevelopmentRoot root(folder_);
  EXPECT_FALSE(fs::exists(folder_));
  const auto key = root.public_key();
  ASSERT_TRUE(key) << key.error().message;
  struct stat info{};
  ASSERT_EQ(stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0700u);
  ASSERT_EQ(stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0600u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 2) << "nothing else is left behind";
}

TEST_F(DevelopmentRootTest, StaysTheSame) {
  const auto first = DevelopmentRoot(folder_).public_key();
  const auto second = DevelopmentRoot(folder_).public_key();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->der(), second->der());
}

TEST_F(DevelopmentRootTest, PublishesItsPublicPartAgainAndAgain) {
  const auto key = DevelopmentRoot(folder_).public_key();
  const fs::path published = folder_ / "dev-root.pem";
  EXPECT_EQ(read_all(published), key->pem());
  std::ofstream(published) << "something else";
  ASSERT_TRUE(DevelopmentRoot(folder_).public_key());
  EXPECT_EQ(read_all(published), key->pem());
  fs::remove(published);
  ASSERT_TRUE(DevelopmentRoot(folder_).public_key());
  EXPECT_EQ(read_all(published), key->pem());
}

TEST_F(DevelopmentRootTest, ManyAtOnceAgreeOnOne) {
  std::vector<Bytes> keys(8);
  {
    std::vector<std::jthread> threads;
    for (Bytes& key : keys) {
      threads.emplace_back([&] { key = DevelopmentRoot(folder_).public_key().value().der(); });
    }
  }
  for (const Bytes& key : keys) EXPECT_EQ(key, keys[0]);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 2);
}

TEST_F(DevelopmentRootTest, RefusesWhatOthersCouldHaveSeen) {
  ASSERT_TRUE(DevelopmentRoot(folder_).public_key());
  for (const mode_t mode : {0640u, 0604u, 0620u, 0602u, 0610u}) {
    chmod(file().c_str(), mode);
    EXPECT_EQ(error().code, ErrorCode::kDenied) << mode;
    EXPECT_NE(error().message.find("chmod 600"), std::string::npos) << error().message;
  }
  chmod(file().c_str(), 0600);
  for (const mode_t mode : {0750u, 0705u, 0701u}) {
    chmod(folder_.c_str(), mode);
    EXPECT_EQ(error().code, ErrorCode::kDenied) << mode;
    EXPECT_NE(error().message.find("chmod 700"), std::string::npos) << error().message;
  }
  chmod(folder_.c_str(), 0700);
  EXPECT_TRUE(DevelopmentRoot(folder_).public_key());
}

TEST_F(DevelopmentRootTest, RefusesWhatIsSomebodyElses) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_TRUE(DevelopmentRoot(folder_).public_key());
  ASSERT_EQ(chown(file().c_str(), 65534, 65534), 0);
  EXPECT_EQ(error().code, ErrorCode::kDenied);
  ASSERT_EQ(chown(file().c_str(), 0, 0), 0);
  ASSERT_EQ(chown(folder_.c_str(), 65534, 65534), 0);
  EXPECT_EQ(error().code, ErrorCode::kDenied);
  EXPECT_NE(error().message.find("XDG_DATA_HOME"), std::string::npos);
}

TEST_F(DevelopmentRootTest, FollowsNoLinksAndReadsNoDevices) {
  ASSERT_TRUE(DevelopmentRoot(folder_).public_key());
  fs::rename(file(), top_ / "elsewhere");
  fs::create_symlink(top_ / "elsewhere", file());
  EXPECT_EQ(error().code, ErrorCode::kIo);
  fs::remove(file());
  ASSERT_EQ(mkfifo(file().c_str(), 0600), 0);
  EXPECT_EQ(error().code, ErrorCode::kDenied);
}

TEST_F(DevelopmentRootTest, NeverReplacesADamagedOne) {
  ASSERT_TRUE(DevelopmentRoot(folder_).public_key());
  const std::string good = read_all(file());
  for (std::size_t size = 0; size <= good.size(); ++size) {
    const std::string bad = size == good.size() ? good + "x" : good.substr(0, size);
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << bad;
    ASSERT_EQ(error().code, ErrorCode::kInvalid) << size;
    ASSERT_EQ(read_all(file()), bad);
  }
  EXPECT_NE(error().message.find("damaged"), std::string::npos);
}

TEST_F(DevelopmentRootTest, KeysFollowFromWhatTheyAreBoundTo) {
  DevelopmentRoot root(folder_);
  const auto key = [&](DevelopmentRoot& from, const Identity& id, SealPolicy policy, std::string_view label = "label",
                       std::optional<std::uint16_t> svn = {}, std::string_view backend = "process") {
    const auto out = from.sealing_key(backend, id, policy, label, svn);
    EXPECT_TRUE(out) << out.error().message;
    EXPECT_EQ(out->size(), 32u);
    return to_hex(out->expose());
  };
  const auto changed = [&](auto change) {
    Identity id = identity();
    change(id);
    return id;
  };
  using enum SealPolicy;

  // Image policy: the image, and nothing else of the identity but debug.
  const std::string image_key = key(root, identity(), kImage);
  EXPECT_EQ(key(root, identity(), kImage), image_key);
  EXPECT_EQ(key(root, changed([](Identity& id) { id.svn = 9; }), kImage), image_key);
  EXPECT_EQ(key(root, changed([](Identity& id) { id.name = "other"; }), kImage), image_key);

  // Signer policy: signer, product and svn.
  const std::string signer_key = key(root, identity(), kSigner);
  EXPECT_EQ(key(root, changed([](Identity& id) { id.image.fill(std::byte{9}); }), kSigner), signer_key);
  EXPECT_EQ(key(root, changed([](Identity& id) { id.svn = 7; }), kSigner, "label", 5), signer_key);

  DevelopmentRoot other(top_ / "other");
  const std::set<std::string> all = {
      image_key,
      signer_key,
      key(root, changed([](Identity& id) { id.image[47] ^= std::byte{1}; }), kImage),
      key(root, changed([](Identity& id) { id.debug = true; }), kImage),
      key(root, identity(), kImage, "label2"),
      key(root, identity(), kImage, std::string(64, 'l')),
      key(root, identity(), kImage, "label", {}, "sgx"),
      key(other, identity(), kImage),
      key(root, changed([](Identity& id) { id.signer[0] ^= std::byte{1}; }), kSigner),
      key(root, changed([](Identity& id) { id.product = 2; }), kSigner),
      key(root, changed([](Identity& id) { id.svn = 6; }), kSigner),
      key(root, identity(), kSigner, "label", 4),
      key(root, identity(), kSigner, "label", 0),
      key(root, changed([](Identity& id) { id.debug = true; }), kSigner),
      key(root, identity(), kSigner, "label", {}, "sgx"),
      key(other, identity(), kSigner),
  };
  EXPECT_EQ(all.size(), 16u) << "no two of them are the same";
}

TEST_F(DevelopmentRootTest, RefusesKeysThatAreNotTheirs) {
  DevelopmentRoot root(folder_);
  const auto code = [&](SealPolicy policy, std::string_view label, std::optional<std::uint16_t> svn) {
    const auto key = root.sealing_key("process", identity(), policy, label, svn);
    return key ? ErrorCode{} : key.error().code;
  };
  EXPECT_EQ(code(SealPolicy::kSigner, "label", 6), ErrorCode::kDenied);
  EXPECT_EQ(code(SealPolicy::kSigner, "", 5), ErrorCode::kInvalid);
  EXPECT_EQ(code(SealPolicy::kSigner, std::string(65, 'l'), 5), ErrorCode::kInvalid);
  EXPECT_EQ(code(SealPolicy{0}, "label", {}), ErrorCode::kInvalid);
  EXPECT_EQ(code(SealPolicy{3}, "label", {}), ErrorCode::kInvalid);
}

TEST_F(DevelopmentRootTest, EvidenceVerifiesUnderItsPublicPart) {
  DevelopmentRoot root(folder_);
  const auto evidence = root.evidence("process", identity(), as_bytes("nonce"));
  ASSERT_TRUE(evidence) << evidence.error().message;
  const auto trusted = PublicKey::parse_pem(read_all(folder_ / "dev-root.pem"));
  const auto verified = verify_development_evidence(*parse_development_evidence(*evidence), *trusted);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->identity(), identity());
  EXPECT_EQ(to_bytes(verified->report_data()), to_bytes("nonce"));
  EXPECT_EQ(root.evidence("process", identity(), Bytes(65)).error().code, ErrorCode::kInvalid);
}

TEST_F(DevelopmentRootTest, NowhereToKeepItIsAnErrorOfEveryUse) {
  DevelopmentRoot root(Error{ErrorCode::kUnavailable, "nowhere"});
  EXPECT_EQ(root.public_key().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(root.evidence("process", identity(), {}).error().code, ErrorCode::kUnavailable);
}

TEST(DevelopmentRootFolder, FollowsTheEnvironment) {
  const auto with = [](const char* data, const char* home) {
    data == nullptr ? unsetenv("XDG_DATA_HOME") : setenv("XDG_DATA_HOME", data, 1);
    home == nullptr ? unsetenv("HOME") : setenv("HOME", home, 1);
    return DevelopmentRoot::default_folder();
  };
  const char* home = std::getenv("HOME");
  const std::string before = home == nullptr ? "" : home;
  EXPECT_EQ(with("/data", "/homes/ada")->string(), "/data/adyton");
  EXPECT_EQ(with(nullptr, "/homes/ada")->string(), "/homes/ada/.local/share/adyton");
  EXPECT_EQ(with("relative", "/homes/ada")->string(), "/homes/ada/.local/share/adyton");
  EXPECT_EQ(with(nullptr, nullptr).error().code, ErrorCode::kUnavailable);
  if (home != nullptr) setenv("HOME", before.c_str(), 1);
}

}  // namespace
}  // namespace adyton
