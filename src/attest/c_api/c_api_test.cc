// SPDX-License-Identifier: Apache-2.0
// The C interface as C sees it, used rightly and wrongly.
#include <adyton/adyton_attest.h>

#include <limits>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "attest/development.h"
#include "attest/nonce.h"
#include "base/error.h"
#include "testing/fake_intel.h"

namespace adyton {
namespace {

using testing::kFakeDay;
using testing::kFakeNow;

struct Free {
  void operator()(adyton_verifier* verifier) const { adyton_verifier_free(verifier); }
  void operator()(adyton_result* result) const { adyton_result_free(result); }
};
using Verifier = std::unique_ptr<adyton_verifier, Free>;
using ResultHandle = std::unique_ptr<adyton_result, Free>;

// Development evidence, and a verifier that trusts its root.
class CApi : public ::testing::Test {
 protected:
  CApi() {
    claims_.backend = "process";
    claims_.identity.name = "vault";
    claims_.identity.image.fill(std::byte{0x1a});
    claims_.report_data = to_bytes("nonce");
    evidence_ = make_development_evidence(claims_, root_).value();
    const std::string pem = root_.public_key().pem();
    EXPECT_EQ(adyton_verifier_add_trust_root(verifier_.get(), "development", pem.data(), pem.size()), ADYTON_OK);
  }

  adyton_status set_policy(std::string_view toml) {
    return adyton_verifier_set_policy(verifier_.get(), toml.data(), toml.size());
  }
  adyton_status add_collateral(std::string_view name, BytesView bytes) {
    return adyton_verifier_add_collateral(verifier_.get(), name.data(), name.size(), bytes.data(), bytes.size());
  }
  std::string message() { return adyton_verifier_message(verifier_.get()); }

  // The result, which also says what adyton_verify() returned.
  ResultHandle verify(BytesView evidence, std::string_view report_data = {}, std::int64_t now = kFakeNow) {
    adyton_result* result = nullptr;
    const adyton_status status = adyton_verify(verifier_.get(), evidence.data(), evidence.size(), report_data.data(),
                                               report_data.size(), now, &result);
    EXPECT_NE(result, nullptr);
    EXPECT_EQ(adyton_result_status(result), status);
    return ResultHandle(result);
  }

  DevelopmentClaims claims_;
  PrivateKey root_ = PrivateKey::generate(KeyKind::kP384).value();
  Bytes evidence_;
  Verifier verifier_{adyton_verifier_new()};
};

Bytes claim(const adyton_result* result, int which) {
  std::size_t size = 99;
  const std::uint8_t* bytes = adyton_result_claim(result, which, &size);
  EXPECT_EQ(bytes == nullptr, size == 0);
  return to_bytes(std::as_bytes(std::span(bytes, size)));
}

TEST_F(CApi, VersionAndStatusesAreAdytons) {
  EXPECT_STREQ(adyton_attest_version(), ADYTON_ATTEST_VERSION);
  EXPECT_STREQ(adyton_attest_version(), ADYTON_VERSION);
  for (int code = 1; code <= 9; ++code) {
    const auto name = name_of(static_cast<ErrorCode>(code));
    EXPECT_EQ(adyton_status_name(exit_status_of(static_cast<ErrorCode>(code))), name);
  }
  EXPECT_EQ(exit_status_of(ErrorCode::kInvalid), ADYTON_INVALID);
  EXPECT_EQ(exit_status_of(ErrorCode::kUntrusted), ADYTON_UNTRUSTED);
  EXPECT_EQ(exit_status_of(ErrorCode::kInternal), ADYTON_INTERNAL);
  EXPECT_STREQ(adyton_status_name(ADYTON_OK), "ok");
  for (const int status : {-1, 1, 9, 19, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
    EXPECT_STREQ(adyton_status_name(status), "unknown") << status;
  }
}

TEST_F(CApi, Accepts) {
  const std::string image = to_hex(claims_.identity.image);
  ASSERT_EQ(set_policy("[expect]\nmeasurement = \"" + image + "\"\n"), ADYTON_OK);
  EXPECT_EQ(message(), "");
  const ResultHandle result = verify(evidence_, "nonce");
  ASSERT_EQ(adyton_result_status(result.get()), ADYTON_OK);
  EXPECT_EQ(adyton_result_answer(result.get()), ADYTON_ANSWER_GENUINE);
  EXPECT_STREQ(adyton_result_headline(result.get()), "Genuine, and as wanted");
  EXPECT_EQ(as_text(claim(result.get(), ADYTON_CLAIM_PLATFORM)), "adyton-development");
  EXPECT_EQ(as_text(claim(result.get(), ADYTON_CLAIM_HARDWARE_MODEL)), "process");
  EXPECT_EQ(claim(result.get(), ADYTON_CLAIM_MEASUREMENT), to_bytes(claims_.identity.image));
  EXPECT_EQ(claim(result.get(), ADYTON_CLAIM_SIGNER), to_bytes(claims_.identity.signer));
  EXPECT_EQ(claim(result.get(), ADYTON_CLAIM_REPORT_DATA), claims_.report_data);
  EXPECT_EQ(claim(result.get(), ADYTON_CLAIM_HOST_DATA), Bytes());
  for (const int none : {-1, 0, 7, 1'000'000}) EXPECT_EQ(claim(result.get(), none), Bytes());
  EXPECT_NE(adyton_result_claim(result.get(), ADYTON_CLAIM_PLATFORM, nullptr), nullptr);

  std::size_t size = 0;
  const std::string json = adyton_result_json(result.get(), &size);
  EXPECT_EQ(json.size(), size);
  EXPECT_EQ(nlohmann::json::parse(json)["claims"]["measurement"], image);
  EXPECT_EQ(adyton_result_json(result.get(), nullptr), adyton_result_json(result.get(), &size));  // made once
  EXPECT_NE(std::string(adyton_result_text(result.get(), &size)).find("Genuine"), std::string::npos);
  EXPECT_NE(std::string(adyton_result_html(result.get(), &size)).find("<html"), std::string::npos);
}

TEST_F(CApi, WhatIsNotAcceptedMakesNoClaims) {
  const ResultHandle old = verify(evidence_, "another nonce");
  EXPECT_EQ(adyton_result_status(old.get()), ADYTON_DENIED);
  EXPECT_EQ(adyton_result_answer(old.get()), ADYTON_ANSWER_GENUINE);
  Bytes altered = evidence_;
  altered.back() ^= std::byte{1};
  const ResultHandle forged = verify(altered, "nonce");
  EXPECT_EQ(adyton_result_status(forged.get()), ADYTON_UNTRUSTED);
  EXPECT_EQ(adyton_result_answer(forged.get()), ADYTON_ANSWER_NOT_GENUINE);
  verifier_.reset(adyton_verifier_new());
  const ResultHandle unknown = verify(evidence_, "nonce");
  EXPECT_EQ(adyton_result_status(unknown.get()), ADYTON_UNAVAILABLE);
  EXPECT_EQ(adyton_result_answer(unknown.get()), ADYTON_ANSWER_UNDECIDED);
  for (const ResultHandle* result : {&old, &forged, &unknown}) {
    for (int which = ADYTON_CLAIM_PLATFORM; which <= ADYTON_CLAIM_HOST_DATA; ++which) {
      EXPECT_EQ(claim(result->get(), which), Bytes());
    }
    EXPECT_FALSE(nlohmann::json::parse(adyton_result_json(result->get(), nullptr))["accepted"]);
  }
}

TEST_F(CApi, EveryTruncationAndEveryFlippedByteIsRefused) {
  for (std::size_t size = 0; size < evidence_.size(); ++size) {
    ASSERT_EQ(adyton_result_status(verify(BytesView(evidence_).first(size)).get()), ADYTON_INVALID) << size;
  }
  for (std::size_t i = 0; i < evidence_.size(); ++i) {
    Bytes altered = evidence_;
    altered[i] ^= std::byte{1};
    ASSERT_NE(adyton_result_status(verify(altered).get()), ADYTON_OK) << i;
  }
}

TEST_F(CApi, WhatIsNoEvidenceHasAReportToo) {
  const ResultHandle result = verify(Bytes(1000, std::byte{0xa7}));
  EXPECT_EQ(adyton_result_status(result.get()), ADYTON_INVALID);
  EXPECT_EQ(adyton_result_answer(result.get()), ADYTON_ANSWER_NONE);
  EXPECT_STRNE(adyton_result_headline(result.get()), "");
  const auto json = nlohmann::json::parse(adyton_result_json(result.get(), nullptr));
  EXPECT_EQ(json["answer"], "none");
  EXPECT_EQ(json["exit_status"], 10);
  EXPECT_EQ(json["time"], "2025-06-15T15:06:40Z");
  EXPECT_NE(adyton_result_text(result.get(), nullptr), nullptr);
  std::size_t size = 99;
  EXPECT_EQ(adyton_result_html(result.get(), &size), nullptr);
  EXPECT_EQ(size, 0u);
}

TEST_F(CApi, QuotesWithCollateral) {
  testing::FakeIntel intel;
  const BytesView root = intel.root.certificate().der();
  ASSERT_EQ(adyton_verifier_add_trust_root(verifier_.get(), "intel-sgx", root.data(), root.size()), ADYTON_OK);
  const Collateral collateral = intel.collateral();
  for (const Certificate& one : collateral.certificates()) ASSERT_EQ(add_collateral("signer", one.der()), ADYTON_OK);
  for (const RevocationList& one : collateral.lists()) ASSERT_EQ(add_collateral("list", one.der()), ADYTON_OK);
  ASSERT_EQ(add_collateral("tcb", as_bytes(intel.answer(intel.tcb_info(false)))), ADYTON_OK);
  ASSERT_EQ(add_collateral("identity", as_bytes(intel.answer(intel.identity(false)))), ADYTON_OK);
  const Bytes quote = intel.quote();
  EXPECT_EQ(adyton_result_status(verify(quote).get()), ADYTON_OK);
  const ResultHandle late = verify(quote, {}, kFakeNow + 1000 * kFakeDay);
  EXPECT_EQ(adyton_result_status(late.get()), ADYTON_EXPIRED);
  EXPECT_EQ(adyton_result_answer(late.get()), ADYTON_ANSWER_OUT_OF_TIME);
  for (const std::int64_t now : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    const ResultHandle result = verify(quote, {}, now);
    EXPECT_NE(adyton_result_status(result.get()), ADYTON_OK) << now;
    EXPECT_NE(adyton_result_json(result.get(), nullptr), nullptr);
  }
  // Trusted by nobody, it is nobody's.
  verifier_.reset(adyton_verifier_new());
  ASSERT_EQ(adyton_verifier_clear_trust_roots(verifier_.get()), ADYTON_OK);
  EXPECT_NE(adyton_result_status(verify(quote).get()), ADYTON_OK);
}

TEST_F(CApi, ClearedRootsAreNotTrusted) {
  ASSERT_EQ(adyton_verifier_clear_trust_roots(verifier_.get()), ADYTON_OK);
  EXPECT_EQ(adyton_result_status(verify(evidence_).get()), ADYTON_UNAVAILABLE);
}

TEST_F(CApi, RootsAreForTheKindTheyAreGivenFor) {
  const std::string pem = root_.public_key().pem();
  for (const char* kind : {static_cast<const char*>(nullptr), "", "everything", "intel-sgx"}) {
    EXPECT_EQ(adyton_verifier_add_trust_root(verifier_.get(), kind, pem.data(), pem.size()), ADYTON_INVALID);
    EXPECT_NE(message(), "");
  }
  for (const char* kind : {"arm-cca", "ear", "tpm", "development"}) {
    verifier_.reset(adyton_verifier_new());
    ASSERT_EQ(adyton_verifier_add_trust_root(verifier_.get(), kind, pem.data(), pem.size()), ADYTON_OK) << kind;
    EXPECT_EQ(adyton_result_status(verify(evidence_).get()),
              std::string_view(kind) == "development" ? ADYTON_OK : ADYTON_UNAVAILABLE)
        << kind;
  }
}

TEST_F(CApi, IssuersAreThoseOfKnownServices) {
  EXPECT_EQ(adyton_verifier_trust_issuer(verifier_.get(), "https://shared.weu.attest.azure.net"), ADYTON_OK);
  for (const char* nobody : {static_cast<const char*>(nullptr), "", "https://example.com"}) {
    EXPECT_EQ(adyton_verifier_trust_issuer(verifier_.get(), nobody), ADYTON_INVALID);
  }
}

TEST_F(CApi, AVerifierIsClosedByItsFirstAnswer) {
  ASSERT_EQ(adyton_result_status(verify(evidence_).get()), ADYTON_OK);
  EXPECT_EQ(set_policy("[accept]\ndebug = true\n"), ADYTON_DENIED);
  EXPECT_NE(message().find("Make another one"), std::string::npos);
  EXPECT_EQ(add_collateral("x", evidence_), ADYTON_DENIED);
  EXPECT_EQ(adyton_verifier_add_document(verifier_.get(), "x", 1, "y", 1), ADYTON_DENIED);
  EXPECT_EQ(adyton_verifier_add_trust_root(verifier_.get(), "amd", "y", 1), ADYTON_DENIED);
  EXPECT_EQ(adyton_verifier_trust_issuer(verifier_.get(), "https://x.attest.azure.net"), ADYTON_DENIED);
  EXPECT_EQ(adyton_verifier_clear_trust_roots(verifier_.get()), ADYTON_DENIED);
  EXPECT_EQ(adyton_result_status(verify(evidence_).get()), ADYTON_OK);
}

TEST_F(CApi, NoPolicyTakesThePlaceOfOneThatWasNotUnderstood) {
  for (const std::string_view toml : {"[expect]\nmeasurment = \"00\"\n", "\xff", "= = =", "[expect]\nsigner = []\n"}) {
    EXPECT_EQ(set_policy(toml), ADYTON_INVALID) << toml;
    EXPECT_NE(message(), "");
    const ResultHandle result = verify(evidence_);
    EXPECT_EQ(adyton_result_status(result.get()), ADYTON_INVALID);
    EXPECT_NE(std::string(adyton_result_headline(result.get())).find("policy"), std::string::npos);
  }
  EXPECT_EQ(adyton_verifier_set_policy(verifier_.get(), nullptr, 5), ADYTON_INVALID);
  EXPECT_EQ(adyton_result_status(verify(evidence_).get()), ADYTON_INVALID);
  EXPECT_EQ(adyton_verifier_set_policy(verifier_.get(), nullptr, 0), ADYTON_OK);  // one without a line
  EXPECT_EQ(message(), "");
  EXPECT_EQ(adyton_result_status(verify(evidence_).get()), ADYTON_OK);
}

TEST_F(CApi, NullsAndSizes) {
  const char byte = 0;
  constexpr std::size_t kTooMany = ADYTON_MAX_INPUT_BYTES + 1, kMost = std::numeric_limits<std::size_t>::max();
  adyton_verifier* const one = verifier_.get();
  EXPECT_EQ(adyton_verifier_add_collateral(one, nullptr, 1, &byte, 1), ADYTON_INVALID);
  EXPECT_EQ(adyton_verifier_add_collateral(one, "x", 1, nullptr, 1), ADYTON_INVALID);
  EXPECT_NE(message().find("null pointer"), std::string::npos);
  EXPECT_EQ(adyton_verifier_add_collateral(one, nullptr, 0, nullptr, 0), ADYTON_INVALID);  // nothing is no collateral
  EXPECT_EQ(adyton_verifier_add_collateral(one, "x", 1, &byte, 1), ADYTON_INVALID);
  EXPECT_EQ(message().substr(0, 3), "x: ");
  EXPECT_EQ(adyton_verifier_add_document(one, "x", 1, nullptr, 1), ADYTON_INVALID);
  EXPECT_EQ(adyton_verifier_add_document(one, nullptr, 0, nullptr, 0), ADYTON_OK);
  EXPECT_EQ(adyton_verifier_add_trust_root(one, "amd", nullptr, 0), ADYTON_INVALID);
  EXPECT_EQ(adyton_verifier_add_trust_root(one, "amd", nullptr, 1), ADYTON_INVALID);
  // Sizes that no memory can have are not looked at.
  for (const std::size_t size : {kTooMany, kMost}) {
    EXPECT_EQ(adyton_verifier_add_collateral(one, "x", 1, &byte, size), ADYTON_EXHAUSTED);
    EXPECT_EQ(adyton_verifier_add_collateral(one, "x", size, &byte, 1), ADYTON_EXHAUSTED);
    EXPECT_EQ(adyton_verifier_add_trust_root(one, "amd", &byte, size), ADYTON_EXHAUSTED);
    EXPECT_EQ(adyton_verify(one, &byte, size, nullptr, 0, 0, nullptr), ADYTON_EXHAUSTED);
    EXPECT_EQ(adyton_verify(one, &byte, 1, &byte, size, 0, nullptr), ADYTON_EXHAUSTED);
  }
  EXPECT_EQ(adyton_verify(one, nullptr, 0, nullptr, 0, 0, nullptr), ADYTON_INVALID);
  EXPECT_EQ(adyton_verify(one, nullptr, 1, nullptr, 0, 0, nullptr), ADYTON_INVALID);
  const BytesView good = evidence_;
  EXPECT_EQ(adyton_verify(one, good.data(), good.size(), nullptr, 1, 0, nullptr), ADYTON_INVALID);
  EXPECT_EQ(adyton_verify(one, good.data(), good.size(), &byte, 0, 0, nullptr), ADYTON_INVALID);  // a nonce of nothing
  EXPECT_EQ(adyton_verify(one, good.data(), good.size(), nullptr, 0, 0, nullptr), ADYTON_OK);     // no result wanted
}

TEST_F(CApi, NullHandles) {
  EXPECT_EQ(adyton_verifier_add_collateral(nullptr, "x", 1, "y", 1), ADYTON_INVALID);
  EXPECT_EQ(adyton_verifier_add_document(nullptr, "x", 1, "y", 1), ADYTON_INVALID);
  EXPECT_EQ(adyton_verifier_add_trust_root(nullptr, "amd", "y", 1), ADYTON_INVALID);
  EXPECT_EQ(adyton_verifier_trust_issuer(nullptr, "https://x.attest.azure.net"), ADYTON_INVALID);
  EXPECT_EQ(adyton_verifier_clear_trust_roots(nullptr), ADYTON_INVALID);
  EXPECT_EQ(adyton_verifier_set_policy(nullptr, "", 0), ADYTON_INVALID);
  EXPECT_STRNE(adyton_verifier_message(nullptr), "");
  verifier_.reset();
  const ResultHandle result = verify(evidence_);
  EXPECT_EQ(adyton_result_status(result.get()), ADYTON_INVALID);
  EXPECT_STREQ(adyton_result_headline(result.get()), "a null verifier");
  adyton_verifier_free(nullptr);
  adyton_result_free(nullptr);

  EXPECT_EQ(adyton_result_status(nullptr), ADYTON_INVALID);
  EXPECT_EQ(adyton_result_answer(nullptr), ADYTON_ANSWER_NONE);
  EXPECT_STRNE(adyton_result_headline(nullptr), "");
  std::size_t size = 99;
  for (const auto form : {adyton_result_json, adyton_result_text, adyton_result_html}) {
    EXPECT_EQ(form(nullptr, nullptr), nullptr);
    size = 99;
    EXPECT_EQ(form(nullptr, &size), nullptr);
    EXPECT_EQ(size, 0u);
  }
  EXPECT_EQ(claim(nullptr, ADYTON_CLAIM_PLATFORM), Bytes());
}

// What belongs to a result does not depend on the verifier, nor on what was given to it.
TEST_F(CApi, AResultOutlivesItsVerifierAndItsInput) {
  const ResultHandle result = verify(evidence_, "nonce");
  verifier_.reset();
  std::ranges::fill(evidence_, std::byte{0});
  EXPECT_EQ(claim(result.get(), ADYTON_CLAIM_REPORT_DATA), claims_.report_data);
  EXPECT_NE(std::string(adyton_result_json(result.get(), nullptr)).find("adyton-development"), std::string::npos);
}

TEST_F(CApi, NoncesOfAdyton) {
  std::uint8_t out[ADYTON_NONCE_REPORT_DATA_BYTES] = {};
  ASSERT_EQ(adyton_report_data_of_nonce("abc", 3, out), ADYTON_OK);
  EXPECT_EQ(to_hex(std::as_bytes(std::span(out))), to_hex(report_data_of_nonce(as_bytes("abc"))));
  EXPECT_EQ(adyton_report_data_of_nonce("abc", 0, out), ADYTON_INVALID);
  EXPECT_EQ(adyton_report_data_of_nonce(nullptr, 3, out), ADYTON_INVALID);
  EXPECT_EQ(adyton_report_data_of_nonce("abc", 3, nullptr), ADYTON_INVALID);
  EXPECT_EQ(adyton_report_data_of_nonce("abc", ADYTON_MAX_INPUT_BYTES + 1, out), ADYTON_EXHAUSTED);
}

// Setting up beside verifying is either before the first answer or refused; answers are given side by side.
TEST_F(CApi, ManyThreads) {
  const Bytes& evidence = evidence_;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const ResultHandle result = verify(evidence, round % 2 == 0 ? "nonce" : "other");
        EXPECT_EQ(adyton_result_status(result.get()), round % 2 == 0 ? ADYTON_OK : ADYTON_DENIED);
      }
    });
  }
  threads.emplace_back([&] {
    for (int round = 0; round < 20; ++round) {
      const adyton_status status = adyton_verifier_add_document(verifier_.get(), "x", 1, "y", 1);
      EXPECT_TRUE(status == ADYTON_OK || status == ADYTON_DENIED);
    }
  });
  for (std::thread& thread : threads) thread.join();
}

TEST_F(CApi, OneResultManyReaders) {
  const ResultHandle result = verify(evidence_, "nonce");
  const char* seen[4] = {};
  std::vector<std::thread> threads;
  for (const char*& one : seen) threads.emplace_back([&] { one = adyton_result_json(result.get(), nullptr); });
  for (std::thread& thread : threads) thread.join();
  for (const char* one : seen) EXPECT_EQ(one, seen[0]);
}

}  // namespace
}  // namespace adyton
