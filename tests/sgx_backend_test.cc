// SPDX-License-Identifier: Apache-2.0
// The back-end sgx-emulated beyond what every back-end does: what it launches, and what it refuses before anything
// runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "attest/collateral/collateral.h"
#include "attest/nonce.h"
#include "attest/verify/trust_root.h"
#include "attest/verify/verified.h"
#include "call/builtin_calls.h"
#include "crypto/test_sgx_key.h"
#include "image/build.h"
#include "image/sgx/sgx_sign.h"
#include "platform/backends.h"
#include "platform/sgx/keep_program.h"
#include "platform/sgx/sgx_backend.h"
#include "tests/calls_enclave_calls.h"

namespace adyton {
namespace {

Bytes file(std::string_view name) {
  const auto path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
  std::ifstream stream(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  EXPECT_FALSE(text.empty()) << path;
  return to_bytes(as_bytes(text));
}

Image parse(Bytes bytes) { return Image::parse(std::move(bytes)).value(); }

// calls.elf as an image of its own.
struct Made {
  Manifest manifest{.name = "calls", .threads = 2};
  bool keep = true, for_sgx = true;
  Made() { manifest.memory.heap_bytes = 16 << 20; }

  [[nodiscard]] VerifiedImage image() const {
    const PrivateKey key = PrivateKey::parse_pem(kTestSgxKey).value();
    Image out = parse(attach_manifest(file("calls.elf"), manifest).value());
    out = parse(keep ? attach_keep(out, keep_program()).value() : without_keep(out).value());
    out = parse(sign_image(out, key).value());
    if (keep && for_sgx) out = parse(sign_for_sgx(out, key, 0x20261122).value());
    return verify_image(std::move(out)).value();
  }
};

class SgxBackend : public testing::Test {
 protected:
  Result<std::unique_ptr<Instance>> launch(const VerifiedImage& image, LaunchConfig config = {}) {
    auto instance = backend_.launch(image, std::move(config));
    if (instance) {
      if (auto ready = (*instance)->endpoint().wait_ready(std::chrono::seconds(30)); !ready) return ready.error();
    }
    return instance;
  }
  // What the launch of it says, which is an error.
  Error refusal(const VerifiedImage& image, LaunchConfig config = {}) {
    const auto instance = launch(image, std::move(config));
    return instance ? Error{} : instance.error();
  }

  ~SgxBackend() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ = [] {
    std::string name = "/tmp/adyton-sgx-backend-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
  }();
  SgxEmulatedBackend backend_{folder_};
};

TEST_F(SgxBackend, MeasuresWhatTheSignatureIsOf) {
  const VerifiedImage image = Made().image();
  const auto measured = backend_.measure(image).value();
  const SignedSgxPlan enclave = verify_sgx_signature(image.image()).value();
  ASSERT_EQ(measured.size(), 2u);
  EXPECT_EQ(measured[0].name, "MRENCLAVE");
  EXPECT_EQ(measured[0].value, to_bytes(measure_sgx_plan(enclave.plan)));
  EXPECT_EQ(measured[1].name, "MRSIGNER");
  EXPECT_EQ(measured[1].value, to_bytes(enclave.sigstruct.signer));
}

TEST_F(SgxBackend, AnswersCallsStrictlyAsWell) {
  const VerifiedImage image = Made().image();
  for (const bool strict : {false, true}) {
    auto instance = launch(image, {.strict = strict});
    ASSERT_TRUE(instance) << instance.error().message;
    EXPECT_EQ(detail::call_through((*instance)->endpoint(), {}, add, 40, 2).value(), 42) << strict;
    const auto end = (*instance)->stop();
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->text, "exited with status 0");
  }
}

TEST_F(SgxBackend, RefusesMoreArgumentsThanAreTakenBeforeAnythingRuns) {
  const auto refused = launch(Made().image(), {.arguments = {std::string(65'536, 'a')}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(refused.error().message.contains("at most 65536")) << refused.error().message;
}

TEST_F(SgxBackend, RefusesWhatIsNotForSgx) {
  Made plain, unsigned_image, secret, variable;
  plain.keep = false;
  const Error no_keep = refusal(plain.image());
  EXPECT_EQ(no_keep.code, ErrorCode::kNotFound);
  EXPECT_TRUE(no_keep.message.contains("no keep kernel")) << no_keep.message;
  unsigned_image.for_sgx = false;
  const Error no_signature = refusal(unsigned_image.image());
  EXPECT_EQ(no_signature.code, ErrorCode::kNotFound);
  EXPECT_TRUE(no_signature.message.contains("not signed for SGX")) << no_signature.message;
  secret.manifest.memory.require_secret = true;
  EXPECT_EQ(refusal(secret.image()).code, ErrorCode::kDenied);
  EXPECT_EQ(refusal(variable.image(), {.environment = {{"HOME", "/"}}}).code, ErrorCode::kDenied);
}

// The whole path: EREPORT inside, the quote by the quoting enclave outside, and a verifier that has the endorsements
// and nothing else.
TEST_F(SgxBackend, EvidenceIsAQuoteThatItsEndorsementsVerify) {
  const VerifiedImage image = Made().image();
  auto instance = launch(image);
  ASSERT_TRUE(instance) << instance.error().message;
  const Bytes nonce(8, std::byte{7});
  const auto quote = detail::call_through((*instance)->endpoint(), {}, builtin::attest, nonce);
  ASSERT_TRUE(quote) << quote.error().message;

  const Endorsements endorsements = backend_.endorsements().value();
  Collateral collateral;
  ASSERT_TRUE(collateral.add("collateral", pack_bundle(endorsements.collateral).value()));
  TrustAnchors anchors;
  ASSERT_TRUE(add_trust_root(AnchorUse::kIntelSgx, "root", as_bytes(endorsements.root), anchors));
  EXPECT_EQ(file(endorsements.root_path.string()), to_bytes(as_bytes(endorsements.root)));
  const Evidence evidence = parse_evidence(*quote).value();
  const Verified verified = verify(evidence, {collateral, anchors, std::time(nullptr)});
  EXPECT_EQ(verified.answer(), Answer::kGenuine);
  EXPECT_EQ(verified.claims().tcb_status, TcbStatus::kUpToDate);
  const auto measured = backend_.measure(image).value();
  EXPECT_EQ(to_hex(verified.claims().measurement), to_hex(measured[0].value));
  EXPECT_EQ(to_hex(verified.claims().signer), to_hex(measured[1].value));
  EXPECT_TRUE(std::ranges::equal(BytesView(verified.claims().report_data).first(48), report_data_of_nonce(nonce)));
  // Another verifier, or another machine, has nothing of it.
  EXPECT_EQ(verify(evidence, {collateral, TrustAnchors::vendors(), std::time(nullptr)}).answer(), Answer::kNotGenuine);
}

// A byte of the keep kernel is not part of the portable identity, but of the enclave.
TEST_F(SgxBackend, RefusesAChangedKeepKernelBeforeAnythingRuns) {
  const VerifiedImage image = Made().image();
  Bytes changed = to_bytes(image.image().file());
  const auto at = std::ranges::search(changed, image.image().keep()).begin();
  ASSERT_NE(at, changed.end());
  *(at + 0x2000) ^= std::byte{1};
  const Error error = refusal(verify_image(parse(std::move(changed))).value());
  EXPECT_EQ(error.code, ErrorCode::kUntrusted);
  EXPECT_TRUE(error.message.contains("SIGSTRUCT")) << error.message;
}

// On a machine without SGX: the device is not there, or what is opened in its place is refused by what would enter it.
TEST_F(SgxBackend, SaysThatThereIsNoDevice) {
  if (std::filesystem::exists("/dev/sgx_enclave")) GTEST_SKIP() << "this machine has SGX";
  const VerifiedImage image = Made().image();
  const auto none = SgxDeviceBackend().launch(image, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(none.error().message.contains("/dev/sgx_enclave: No such file")) << none.error().message;

  std::string output;
  LaunchConfig config;
  config.output = [&](StandardStream, std::string_view line) { output += line; };
  auto runner = SgxDeviceBackend({.enclave_path = "/dev/null"}).launch(image, std::move(config));
  ASSERT_TRUE(runner) << runner.error().message;
  const auto end = (*runner)->wait({});
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->text, "exited with status 125");
  EXPECT_TRUE(output.starts_with("adyton: ")) << output;
  EXPECT_TRUE(output.contains("SGX")) << output;
}

TEST(Backends, TheEmulatorIsTakenOnlyWhenAskedFor) {
  const VerifiedImage image = Made().image();
  const char* given = std::getenv("ADYTON_BACKEND");
  const std::string before = given == nullptr ? "" : given;
  ::unsetenv("ADYTON_BACKEND");
  EXPECT_EQ(choose_backend("auto", image)->backend->name(), "process");
  EXPECT_EQ(choose_backend("sgx-emulated", image)->backend->name(), "sgx-emulated");
  ::setenv("ADYTON_BACKEND", "sgx-emulated", 1);
  EXPECT_EQ(choose_backend("auto", image)->backend->name(), "sgx-emulated");
  EXPECT_EQ(choose_backend("process", image)->backend->name(), "process");
  ::setenv("ADYTON_BACKEND", "nonsense", 1);
  const auto none = choose_backend("auto", image);
  ASSERT_FALSE(none);
  EXPECT_TRUE(none.error().message.contains("sgx-emulated")) << none.error().message;
  if (before.empty()) {
    ::unsetenv("ADYTON_BACKEND");
  } else {
    ::setenv("ADYTON_BACKEND", before.c_str(), 1);
  }
}

}  // namespace
}  // namespace adyton
