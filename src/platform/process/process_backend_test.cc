// SPDX-License-Identifier: Apache-2.0
#include "platform/process/process_backend.h"

#include <csignal>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "crypto/keys.h"
#include "image/build.h"
#include "platform/backends.h"
#include "platform/process/layers.h"
#include "platform/process/sandbox_fixture.h"

namespace adyton {
namespace {

Result<VerifiedImage> make_image(const Manifest& manifest) {
  const Bytes file = TRY(attach_manifest(test_program("behaviour"), manifest));
  const PrivateKey key = TRY(PrivateKey::generate(KeyKind::kP256));
  const Image unsigned_image = TRY(Image::parse(file));
  Bytes signed_file = TRY(sign_image(unsigned_image, key));
  return verify_image(TRY(Image::parse(std::move(signed_file))));
}

Manifest plain() { return {.name = "vault", .environment = {"MODE"}}; }

class ProcessBackendTest : public testing::Test {
 protected:
  // Launches tests/hostile/behaviour with this manifest; its lines and the back-end's remarks go to the records.
  std::unique_ptr<Instance> launch(const Manifest& manifest, LaunchConfig config) {
    auto launched = try_launch(manifest, std::move(config));
    EXPECT_TRUE(launched) << launched.error().message;
    return launched ? *std::move(launched) : nullptr;
  }
  Result<std::unique_ptr<Instance>> try_launch(const Manifest& manifest, LaunchConfig config) {
    const VerifiedImage image = TRY(make_image(manifest));
    config.output = [this](StandardStream, std::string_view line) { output_.add(std::string(line)); };
    config.log = [this](std::string_view line) { log_.add(std::string(line)); };
    return backend_.launch(image, std::move(config));
  }

  Record output_, log_;
  ProcessBackend backend_{std::make_shared<DevelopmentRoot>(Error{ErrorCode::kUnavailable, "not in this test"})};
};

TEST_F(ProcessBackendTest, RunsAProgramWithItsEnvironment) {
  auto instance = launch(plain(), {.arguments = {"show"}, .environment = {{"MODE", "test"}}});
  ASSERT_TRUE(instance);
  const auto exit = instance->wait(kLongEnough);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->text, "exited with status 0");
  for (const char* line :
       {"argument vault", "argument show", "variable MODE=test", "variable ADYTON_CHANNEL=3",
        "variable ADYTON_BOOT=heap=67108864;stack=1048576;secret=1", "descriptor 3", "stack 1048576"}) {
    EXPECT_TRUE(output_.has(line)) << line;
  }
  std::size_t variables = 0;
  for (const std::string& line : output_.lines()) variables += line.starts_with("variable ") ? 1 : 0;
  EXPECT_EQ(variables, 3u);
}

TEST_F(ProcessBackendTest, SecretModeFollowsTheManifest) {
  Manifest manifest = plain();
  manifest.debug = true;
  auto instance = launch(manifest, {.arguments = {"show"}});
  ASSERT_TRUE(instance && instance->wait(kLongEnough));
  EXPECT_TRUE(output_.has("variable ADYTON_BOOT=heap=67108864;stack=1048576;secret=0"));
  EXPECT_TRUE(output_.has("dumpable 1"));

  manifest.memory.require_secret = true;
  const auto refused = try_launch(manifest, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDenied);
}

TEST_F(ProcessBackendTest, RefusesVariablesTheManifestDoesNotList) {
  for (const char* name : {"PATH", "LD_PRELOAD", "ADYTON_BOOT", "", "MODE=x"}) {
    const auto refused = try_launch(plain(), {.environment = {{name, "value"}}});
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kDenied) << name;
  }
}

TEST_F(ProcessBackendTest, RefusesADebuggerForAProductionImage) {
  const auto refused = try_launch(plain(), {.wait_for_debugger = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDenied);
}

TEST_F(ProcessBackendTest, AnEndedEnclaveSaysHow) {
  auto instance = launch(plain(), {.arguments = {"crash"}});
  ASSERT_TRUE(instance);
  const auto ready = instance->endpoint().wait_ready(kLongEnough);
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(ready.error().message, "enclave 'vault' (pid " + std::to_string(instance->process_id()) +
                                       ") was killed by signal 11 (Segmentation fault)");
}

TEST_F(ProcessBackendTest, AStoppedEnclaveFailsItsCallsUntilItGoesOn) {
  auto instance = launch(plain(), {.arguments = {"stop"}});
  ASSERT_TRUE(instance);
  const auto stopped = instance->endpoint().wait_ready(kLongEnough);
  ASSERT_FALSE(stopped);
  EXPECT_NE(stopped.error().message.find("is stopped by signal 19"), std::string::npos) << stopped.error().message;
  ASSERT_EQ(::kill(instance->process_id(), SIGCONT), 0);
  ASSERT_TRUE(output_.await("waiting"));
  std::string message;
  do {  // the news that it goes on arrives on its own way
    const auto late = instance->endpoint().wait_ready(std::chrono::milliseconds(1));
    ASSERT_FALSE(late);
    message = late.error().message;
  } while (message.find("is stopped") != std::string::npos);
}

TEST_F(ProcessBackendTest, StopKillsWhatDoesNotEnd) {
  auto instance = launch(plain(), {.arguments = {"wait"}, .stop_grace = std::chrono::milliseconds(10)});
  ASSERT_TRUE(instance);
  const auto exit = instance->stop();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->text, "killed by signal 9 (Killed)");
}

TEST_F(ProcessBackendTest, InstancesOutliveTheirBackend) {
  const auto image = make_image(plain());
  ASSERT_TRUE(image);
  auto chosen = choose_backend("process", *image);
  ASSERT_TRUE(chosen);
  LaunchConfig config{.arguments = {"wait"}, .stop_grace = std::chrono::milliseconds(1)};
  config.output = [](StandardStream, std::string_view) {};
  auto instance = chosen->backend->launch(*image, std::move(config));
  ASSERT_TRUE(instance);
  chosen->backend.reset();
  EXPECT_TRUE((*instance)->stop());
}

TEST_F(ProcessBackendTest, MeasuresTheDigest) {
  const auto image = make_image(plain());
  ASSERT_TRUE(image);
  const auto measured = backend_.measure(*image);
  ASSERT_TRUE(measured);
  ASSERT_EQ(measured->size(), 1u);
  EXPECT_EQ(measured->front().name, "image");
  EXPECT_EQ(measured->front().value, to_bytes(image->image().digest()));
}

TEST_F(ProcessBackendTest, ProbeTriesEverything) {
  const auto checks = backend_.probe();
  std::set<std::string> names;
  for (const BackendCheck& check : checks) {
    EXPECT_TRUE(names.insert(check.name).second) << check.name;
    EXPECT_NE(check.state, BackendCheck::State::kMissing) << check.name << ": " << check.detail;
    EXPECT_FALSE(check.detail.empty()) << check.name;
    EXPECT_EQ(check.remedy.empty(), check.state == BackendCheck::State::kOk) << check.name;
  }
  for (const char* name :
       {"user", "seccomp", "memory files", "mount namespace", "pid namespace", "network namespace", "landlock",
        "single execution", "locked memory", "memfd_secret", "hidden process", "ptrace scope"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

// What is not there is said by the log of every launch, too, in the same words.
TEST_F(ProcessBackendTest, TheLogNamesWhatDoctorNames) {
  auto instance = launch(plain(), {.arguments = {"exit", "0"}});
  ASSERT_TRUE(instance && instance->wait(kLongEnough));
  std::set<std::string> degraded;
  for (const BackendCheck& check : backend_.probe()) {
    if (check.state == BackendCheck::State::kDegraded) degraded.insert(check.name);
  }
  for (int i = 0; i < static_cast<int>(supervisor::Layer::kCount); ++i) {
    const auto layer = static_cast<supervisor::Layer>(i);
    if (layer == supervisor::Layer::kLockedMemory) continue;  // said only where it is too little for the image
    const std::string said = "vault: no " + std::string(name_of(layer)) + " (";
    const auto lines = log_.lines();
    EXPECT_EQ(std::ranges::any_of(lines, [&](const std::string& line) { return line.starts_with(said); }),
              degraded.contains(std::string(name_of(layer))))
        << name_of(layer);
  }
}

TEST(Backends, AreChosenByName) {
  const auto image = make_image(plain());
  ASSERT_TRUE(image);
  EXPECT_EQ(choose_backend("auto", *image)->backend->name(), "process");
  EXPECT_EQ(choose_backend("process", *image)->backend->name(), "process");
  const auto unknown = choose_backend("sgx9", *image);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(unknown.error().message, "no back-end is called 'sgx9'; there are: auto, sgx, process, sgx-emulated");
}

}  // namespace
}  // namespace adyton
