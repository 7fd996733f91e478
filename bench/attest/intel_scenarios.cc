// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <memory>

#include "attest/evidence/evidence.h"
#include "attest/verify/verified.h"
#include "bench/attest/scenarios.h"
#include "crypto/crypto.h"
#include "testing/fake_intel.h"

namespace adyton::bench {
namespace {

using testing::FakeIntel;
using testing::FakeQuoteOptions;

constexpr std::size_t kFewSignatures = 64;

// As much as Intel's: twenty levels, lists of fifty certificates, and the authorities' certificates.
struct Files {
  std::vector<std::pair<std::string, Bytes>> all;

  Files(const FakeIntel& intel, bool tdx) {
    std::vector<testing::FakeRevoked> revoked;
    for (unsigned i = 1; i <= 50; ++i) revoked.push_back({.serial = Bytes(20, static_cast<std::byte>(i))});
    const auto add = [&](std::string name, BytesView bytes) { all.emplace_back(std::move(name), to_bytes(bytes)); };
    TcbInfo info = intel.tcb_info(tdx);
    TcbLevel lower = info.levels[0];
    lower.advisories.assign(20, "INTEL-SA-00000");
    for (unsigned i = 0; i < 20; ++i) {
      lower.sgx[0] = static_cast<std::uint8_t>(10 - i % 10);
      info.levels.push_back(lower);
    }
    add("tcb-info.json", as_bytes(intel.answer(info)));
    add("qe-identity.json", as_bytes(intel.answer(intel.identity(tdx))));
    add("root.crl", intel.root.revoke({}).der());
    add("pck-ca.crl", intel.pck_ca.revoke(revoked).der());
    for (const Certificate& one :
         {intel.tcb_signer.certificate, intel.pck_ca.certificate(), intel.root.certificate()}) {
      add("certificate.der", one.der());
    }
  }

  [[nodiscard]] Collateral parse() const {
    Collateral out;
    for (const auto& [name, bytes] : all) {
      if (!out.add(name, bytes)) std::abort();
    }
    return out;
  }
};

// A quote of the same platform, but of another attestation key, and so another report of its QE.
FakeQuoteOptions with_another_key(FakeQuoteOptions options) {
  const SigningKey key = testing::fake_key(KeyType::kP256, 70);
  const Bytes point = to_bytes(key.verifying_key().spki().last(64));
  options.attestation_key = key;
  options.qe_report = [point](std::span<std::byte> report) {
    Bytes bound = point;
    append(bound, Bytes(32, std::byte{0xaa}));  // what the fake QE authenticates
    std::ranges::copy(sha256(bound), report.subspan(320).begin());
  };
  options.signature = [point](Bytes& signature) { std::ranges::copy(point, signature.begin() + 64); };
  return options;
}

void expect_good(const Bytes& quote, const VerifyContext& context) {
  const auto evidence = parse_evidence(quote);
  if (!evidence) std::abort();
  const Verified verified = verify(*evidence, context);
  if (verified.answer() != Answer::kGenuine || verified.claims().tcb_status != TcbStatus::kUpToDate) std::abort();
}

// A platform whose collateral is there, and what was seen of it.
struct Platform {
  FakeIntel intel;
  Bytes quote, other_quote;
  Files files;
  Collateral collateral;
  TrustAnchors anchors;
  SeenSignatures seen;

  Platform(const FakeQuoteOptions& options, std::size_t capacity)
      : quote(intel.quote(options)),
        other_quote(intel.quote(with_another_key(options))),
        files(intel, options.tdx),
        collateral(files.parse()),
        anchors(intel.anchors()),
        seen(capacity) {}

  [[nodiscard]] VerifyContext context() { return {collateral, anchors, testing::kFakeNow, &seen}; }

  // From now on it learns no more.
  void fill() {
    const SigningKey key = testing::fake_key(KeyType::kP256, 71);
    for (unsigned i = 0; i < kFewSignatures; ++i) {
      const std::string message = std::to_string(i);
      const auto algorithm = SignatureAlgorithm::kEcdsaSha256;
      const Bytes signature = key.sign(algorithm, as_bytes(message)).value();
      if (!key.verifying_key().verify(algorithm, as_bytes(message), signature, EcdsaForm::kDer, &seen)) std::abort();
    }
  }
};

void add(std::vector<Verification>& out, const std::string& tee, const FakeQuoteOptions& options) {
  const auto warm = std::make_shared<Platform>(options, 4096);
  expect_good(warm->quote, warm->context());
  out.push_back({"Verify" + tee + "Seen", tee + " quote, all seen but its own signature", 1.3,
                 [warm] { expect_good(warm->quote, warm->context()); }});

  const auto chain = std::make_shared<Platform>(options, kFewSignatures);
  expect_good(chain->other_quote, chain->context());
  chain->fill();
  out.push_back({"Verify" + tee + "NewQe", tee + " quote, its QE's report is new too", 1.3,
                 [chain] { expect_good(chain->quote, chain->context()); }});

  out.push_back({"Verify" + tee + "Nothing", tee + " quote, nothing cached", 1.5, [warm] {
                   SeenSignatures seen;
                   expect_good(warm->quote, {warm->collateral, warm->anchors, testing::kFakeNow, &seen});
                 }});

  out.push_back({"Verify" + tee + "Text", tee + " quote, nothing cached, collateral still text", 2.5, [warm] {
                   const Collateral collateral = warm->files.parse();
                   SeenSignatures seen;
                   expect_good(warm->quote, {collateral, warm->anchors, testing::kFakeNow, &seen});
                 }});
}

}  // namespace

std::vector<Verification> intel_verifications() {
  std::vector<Verification> out;
  add(out, "Sgx", {.version = 3});
  add(out, "Tdx", {.version = 4, .tdx = true});
  return out;
}

}  // namespace adyton::bench
