// SPDX-License-Identifier: Apache-2.0
#include "keep/host_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "image/manifest.h"
#include "keep/sha256.h"
#include "keep/testing/fake_host.h"

namespace adyton::keep {
namespace {

std::string digest_of(const std::string& text) {
  std::uint8_t digest[32];
  sha256(text.data(), text.size(), digest);
  return to_hex(std::as_bytes(std::span(digest)));
}

TEST(KeepSha256Test, GivesFipsExamples) {
  EXPECT_EQ(digest_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digest_of(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

class HostFilesTest : public testing::Test {
 protected:
  HostFilesTest() {
    Manifest manifest{.name = "files"};
    manifest.files.read = {"/data"};
    manifest.sgx.file_sha256 = {digest_of(content_) + " /data/deep/file"};
    cbor_ = encode_manifest(manifest);
    kernel_->manifest = MeasuredManifest(cbor_.data(), cbor_.size());
    EXPECT_TRUE(kernel_->memory.initialise(address_of(heap_.get()), address_of(heap_.get()) + kBytes));
    EXPECT_TRUE(kernel_->files.initialise(kernel_->memory, kernel_->memory_lock));
    list_host_files(*kernel_);
    thread_.host_page = address_of(page_.get());
    fake_host().thread = &thread_;
    serve(content_);
  }
  ~HostFilesTest() override { fake_host() = {}; }

  void serve(const std::string& text) {
    fake_host().answer = [this, text](const FakeHost::Request& request) -> RawAnswer {
      if (request.request != KeepRequest::kReadFile) return {.result = request.b};
      const std::size_t from = std::min<std::size_t>(request.b, text.size());
      const std::size_t count = std::min(text.size() - from, HostPage::kDataBytes);
      std::memcpy(page_->data, text.data() + from, count);
      return {.result = count};
    };
  }
  std::int64_t bring(const char* text = "/data/deep/file", bool follow = true) {
    Path path;
    path.folder = FileSystem::kRoot;
    std::strcpy(path.text, text);
    return bring_host_file(*kernel_, path, follow);
  }
  std::int64_t find(const char* text = "/data/deep/file") { return kernel_->files.find(FileSystem::kRoot, text); }
  // That nothing was read into it yet.
  bool is_listed() {
    Node node;
    return kernel_->files.describe(static_cast<std::uint32_t>(find()), node) == 0 && node.listed == 1 &&
           node.size == 0 && node.data == 0 && node.opens == 0;
  }

  static constexpr std::size_t kBytes = 16 << 20;
  const std::string content_ = std::string(200'000, 'c') + "end";
  Bytes cbor_;
  std::unique_ptr<void, decltype(&std::free)> heap_{std::aligned_alloc(4096, kBytes), &std::free};
  std::unique_ptr<HostPage> page_ = std::make_unique<HostPage>();
  std::unique_ptr<Kernel> kernel_ = std::make_unique<Kernel>();
  ThreadState thread_{};
};

TEST_F(HostFilesTest, WhatTheManifestHasTheDigestOfIsReadOnce) {
  EXPECT_EQ(bring("/data/other"), 0);
  EXPECT_EQ(bring("/etc/passwd"), 0);
  EXPECT_EQ(bring("/data/deep"), 0);
  EXPECT_TRUE(fake_host().requests.empty());
  EXPECT_TRUE(is_listed());
  ASSERT_EQ(bring(), 0);
  const std::int64_t node = find();
  ASSERT_GT(node, 0);
  std::string back(content_.size() + 1, 0);
  EXPECT_EQ(kernel_->files.read(static_cast<std::uint32_t>(node), 0, back.data(), back.size()), 200'003);
  EXPECT_EQ(back.substr(0, 200'003), content_);
  const std::size_t asked = fake_host().requests.size();
  EXPECT_EQ(bring(), 0);
  EXPECT_EQ(fake_host().requests.size(), asked);
}

// However its path is written, and by way of links.
TEST_F(HostFilesTest, APathIsWhereItLeads) {
  ASSERT_EQ(kernel_->files.make_link(FileSystem::kRoot, "/data/link", "deep//file", {}), 0);
  EXPECT_EQ(bring("/data/link", false), 0);
  EXPECT_TRUE(is_listed());
  EXPECT_EQ(bring("/data/../data/./link"), 0);
  EXPECT_FALSE(is_listed());
}

TEST_F(HostFilesTest, WhatWasRemovedIsNotReadAgain) {
  EXPECT_EQ(kernel_->files.remove(FileSystem::kRoot, "/data/deep/file", false), 0);
  EXPECT_EQ(bring(), 0);
  EXPECT_EQ(find(), -ENOENT);
  EXPECT_TRUE(fake_host().requests.empty());
}

TEST_F(HostFilesTest, WhatIsAnotherFileIsNotThere) {
  std::string other = content_;
  other[100'000] ^= 1;
  const std::uint64_t before = kernel_->memory.taken_bytes();
  for (const std::string& text : {other, content_ + "x", content_.substr(1), std::string()}) {
    serve(text);
    EXPECT_EQ(bring(), -EIO);
    EXPECT_TRUE(is_listed());
    EXPECT_EQ(kernel_->memory.taken_bytes(), before);
  }
  serve(content_);
  EXPECT_EQ(bring(), 0);
  EXPECT_GT(find(), 0);
}

TEST_F(HostFilesTest, AHostThatAnswersNonsenseEndsInAnError) {
  const std::uint64_t before = kernel_->memory.taken_bytes();
  for (const std::uint64_t said : {HostPage::kDataBytes + 1, ~std::size_t{0} - 4095, std::size_t{1} << 63}) {
    fake_host().answer = [=](const auto&) { return RawAnswer{said}; };
    EXPECT_EQ(bring(), -EIO);
  }
  fake_host().answer = [](const auto&) { return RawAnswer{static_cast<std::uint64_t>(-EACCES)}; };
  EXPECT_EQ(bring(), -EACCES);
  fake_host().answer = [](const auto&) { return RawAnswer{HostPage::kDataBytes}; };  // without end
  const std::int64_t endless = bring();
  EXPECT_TRUE(endless == -ENOSPC || endless == -EFBIG) << endless;
  EXPECT_TRUE(is_listed());
  EXPECT_EQ(kernel_->memory.taken_bytes(), before);
}

}  // namespace
}  // namespace adyton::keep
