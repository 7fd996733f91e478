// SPDX-License-Identifier: Apache-2.0
// The C interface when memory runs out at any one allocation: a status, never an exception, never a yes; and all of it
// comes back.
#include <adyton/adyton_attest.h>

#include <cstdlib>
#include <new>
#include <utility>

#include <gtest/gtest.h>

#include "attest/development.h"
#include "testing/fake_intel.h"

namespace {

// Of this program's one thread.
long left = -1;  // allocations until one fails; below 0: none will
long held = 0;   // allocations that are not freed

}  // namespace

void* operator new(std::size_t size) {
  if (left == 0) {
    left = -1;  // only this one: whoever tells of it may need a little
    throw std::bad_alloc();
  }
  if (left > 0) --left;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  ++held;
  return memory;
}
// Not inline: g++ would see a free() of what operator new gave.
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  --held;
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace adyton {
namespace {

using testing::kFakeNow;

// No JSON among it: the destructor of a value of nlohmann's allocates, and ends the process where it cannot.
class NoMemory : public ::testing::Test {
 protected:
  NoMemory() {
    const auto add = [this](BytesView one) { collateral_.push_back(to_bytes(one)); };
    for (const Certificate& one : all_.certificates()) add(one.der());
    for (const RevocationList& one : all_.lists()) add(one.der());
    intel_pem_ = to_pem("CERTIFICATE", intel_.root.certificate().der());
    development_pem_ = development_root_.public_key().pem();
  }

  // All that there is to call, with these bytes as evidence. The first status that is not ADYTON_OK ends it.
  [[nodiscard]] adyton_status use_all(const Bytes& evidence) const {
    adyton_verifier* verifier = adyton_verifier_new();
    if (verifier == nullptr) return ADYTON_EXHAUSTED;
    adyton_result* result = nullptr;
    const adyton_status status = use(evidence, verifier, result);
    EXPECT_NE(adyton_verifier_message(verifier), nullptr);
    adyton_result_free(result);
    adyton_verifier_free(verifier);
    return status;
  }

  // Lets each allocation of use_all() fail in its turn.
  void exhaust(const Bytes& evidence, adyton_status expected) {
    ASSERT_EQ(use_all(evidence), expected);  // what is made once is there now
    long tried = 0;
    for (bool failed = true; failed; ++tried) {
      const long before = held;
      left = tried;
      const adyton_status status = use_all(evidence);
      failed = left < 0;
      left = -1;
      ASSERT_EQ(held, before) << "allocation " << tried << " failed, and others were not given back";
      ASSERT_EQ(status, failed ? ADYTON_EXHAUSTED : expected) << "allocation " << tried;
    }
    EXPECT_GT(tried, 500);
  }

  static constexpr std::string_view kNonce = "nonce";
  testing::FakeIntel intel_;
  PrivateKey development_root_ = PrivateKey::generate(KeyKind::kP384).value();

 private:
  adyton_status use(const Bytes& evidence, adyton_verifier* verifier, adyton_result*& result) const {
    adyton_status status = adyton_verifier_add_trust_root(verifier, "intel-sgx", intel_pem_.data(), intel_pem_.size());
    if (status != ADYTON_OK) return status;
    status = adyton_verifier_add_trust_root(verifier, "development", development_pem_.data(), development_pem_.size());
    for (const Bytes& one : collateral_) {
      if (status != ADYTON_OK) return status;
      status = adyton_verifier_add_collateral(verifier, "file", 4, one.data(), one.size());
    }
    if (status != ADYTON_OK) return status;
    status = adyton_verifier_add_document(verifier, "document", 8, evidence.data(), evidence.size());
    if (status != ADYTON_OK) return status;
    status = adyton_verifier_set_policy(verifier, kPolicy.data(), kPolicy.size());
    if (status != ADYTON_OK) return status;
    for (int time = 0; time < 2; ++time) {  // the second time, what was seen is found again
      adyton_result_free(std::exchange(result, nullptr));
      status =
          adyton_verify(verifier, evidence.data(), evidence.size(), kNonce.data(), kNonce.size(), kFakeNow, &result);
      if (status == ADYTON_EXHAUSTED) return status;
    }
    for (const auto form : {adyton_result_text, adyton_result_html}) {
      if (form(result, nullptr) == nullptr) return ADYTON_EXHAUSTED;
    }
    return status;
  }

  static constexpr std::string_view kPolicy = "[expect]\nplatform = [\"sgx\", \"adyton-development\"]\n";
  Collateral all_ = intel_.collateral();
  std::vector<Bytes> collateral_;
  std::string intel_pem_, development_pem_;
};

TEST_F(NoMemory, DevelopmentEvidence) {
  DevelopmentClaims claims;
  claims.backend = "process";
  claims.identity.name = "vault";
  claims.report_data = to_bytes(kNonce);
  exhaust(make_development_evidence(claims, development_root_).value(), ADYTON_OK);
}

TEST_F(NoMemory, AQuoteWithoutItsTcbInfo) { exhaust(intel_.quote(), ADYTON_UNAVAILABLE); }

}  // namespace
}  // namespace adyton
