// SPDX-License-Identifier: Apache-2.0
// The whole inside of an enclave, launched without a sandbox: what the program sees, from before main() to after it.
#include <atomic>
#include <filesystem>
#include <mutex>

#include <gtest/gtest.h>

#include "attest/development.h"
#include "call/boot.h"
#include "call/endpoint.h"
#include "image/manifest.h"
#include "platform/builtin_calls.h"
#include "probe_process.h"
#include "serving/serving_calls.h"
#include "testing/memory_storage.h"

namespace adyton::test {
namespace {

using namespace std::chrono_literals;

class Serving : public ::testing::Test {
 protected:
  void launch(bool with_storage, int secret = 1) {
    Manifest manifest;
    manifest.name = "vault";
    manifest.product = 3;
    manifest.svn = 5;
    BootInfo boot{.backend = "process",
                  .manifest = encode_manifest(manifest),
                  .storage = with_storage,
                  .message_bytes = 64 << 20,
                  .spin_us = 50};
    identity_ = {.name = "vault", .product = 3, .svn = 5};
    identity_.image.fill(std::byte{0xab});
    boot.image = identity_.image;

    std::string folder = ::testing::TempDir() + "serving-XXXXXX";
    folder_ = mkdtemp(folder.data());
    root_ = std::make_shared<DevelopmentRoot>(folder_ / "root");
    Handlers handlers = builtin_handlers("process", identity_,
                                         with_storage ? std::make_shared<testing::MemoryStorage>() : nullptr, root_);
    handlers.add(serving::note, [this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      notes_.emplace_back(line);
    });
    const Bytes bytes = encode_boot(boot).value();
    auto memory = SharedMemory::make(Endpoint::memory_bytes({}, bytes.size())).value();
    const int channel = memory.descriptor().get();
    host_ = Endpoint::make_host(std::move(memory), {}, bytes, handlers).value();
    ProbeStart start{.program = SERVING_PROBE, .boot = boot_text(64 << 20, secret), .channel = channel};
    start.environment = {"ADYTON_CHANNEL=3"};
    probe_ = std::make_unique<Probe>(start);
    ASSERT_TRUE(host_->wait_ready(20s));
  }
  ~Serving() override {
    if (host_) host_->close({});
    std::filesystem::remove_all(folder_);
  }

  template <CallType C, class... A>
  auto call(const C& target, A&&... arguments) {
    return detail::call_through(*host_, {.timeout = 60s}, target, std::forward<A>(arguments)...);
  }
  std::vector<std::string> notes() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }

  Identity identity_;
  std::filesystem::path folder_;
  std::shared_ptr<DevelopmentRoot> root_;
  std::mutex mutex_;
  std::vector<std::string> notes_;
  std::unique_ptr<Endpoint> host_;
  std::unique_ptr<Probe> probe_;
};

TEST_F(Serving, AnswersAndEndsWhenAsked) {
  launch(false);
  EXPECT_EQ(*call(serving::greet, "Ada"), "hello Ada");
  const auto failed = call(serving::fail, "on purpose");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("on purpose"), std::string::npos);
  EXPECT_EQ(*call(serving::greet, "again"), "hello again");
  host_->ask_to_stop();
  const auto end = probe_->end();
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.output, "main returns\n");
  EXPECT_EQ(end.errors, "");
  EXPECT_EQ(notes(), std::vector<std::string>{"static destructor of vault"});
}

TEST_F(Serving, KnowsAndProvesItself) {
  launch(false);
  EXPECT_EQ(*call(serving::identity),
            (std::vector<std::string>{"vault", "vault", "3", "5", to_hex(identity_.image), "process"}));
  const auto evidence = call(serving::evidence, as_bytes("nonce"));
  ASSERT_TRUE(evidence) << evidence.error().message;
  const auto verified = verify_development_evidence(*parse_development_evidence(*evidence), *root_->public_key());
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->identity(), identity_);
  EXPECT_EQ(to_bytes(verified->report_data()), to_bytes("nonce"));
  EXPECT_EQ(*call(serving::sealing_key, std::uint8_t{2}, "label"),
            to_bytes(root_->sealing_key("process", identity_, SealPolicy::kSigner, "label", {})->expose()));
  EXPECT_EQ(call(serving::sealing_key, std::uint8_t{7}, "label").error().code, ErrorCode::kInvalid);
}

TEST_F(Serving, KeepsThingsAtItsHost) {
  launch(true);
  const Bytes large(5 << 20, std::byte{7});
  const auto kept = call(serving::keep, "file", large);
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(*kept, large);
  EXPECT_EQ(call(serving::keep, "../file", large).error().code, ErrorCode::kInvalid);
}

TEST_F(Serving, WithoutStorageSaysSo) {
  launch(false);
  const auto kept = call(serving::keep, "file", as_bytes("x"));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::kNotFound);
  EXPECT_NE(kept.error().message.find("storage"), std::string::npos);
}

TEST_F(Serving, HandlersSeeThatTheirCallerIsGone) {
  launch(false);
  const auto waited = detail::call_through(*host_, {.timeout = 50ms}, serving::wait_until_cancelled);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::kUnavailable);
  host_->ask_to_stop();
  EXPECT_EQ(probe_->end().status, 0);
}

TEST_F(Serving, InOrdinaryMemoryToo) {
  launch(false, 0);
  EXPECT_EQ(*call(serving::greet, "Ada"), "hello Ada");
}

TEST(NotServing, WithoutALauncherItSaysWhatItIs) {
  const auto end = Probe({.program = SERVING_PROBE}).end();
  EXPECT_EQ(end.status, exit_status_of(ErrorCode::kUnavailable));
  EXPECT_EQ(end.errors, "adyton: this is an Adyton enclave; run it with: adyton run FILE\n");
}

TEST(NotServing, ABrokenChannelIsAnError) {
  for (const char* channel : {"ADYTON_CHANNEL=3", "ADYTON_CHANNEL=", "ADYTON_CHANNEL=1"}) {
    const auto end = Probe({.program = SERVING_PROBE, .environment = {channel}}).end();
    EXPECT_GE(end.status, 10) << channel;
    EXPECT_LE(end.status, 18) << channel;
    EXPECT_TRUE(end.errors.starts_with("adyton: ")) << end.errors;
  }
}

}  // namespace
}  // namespace adyton::test
