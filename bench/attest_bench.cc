// SPDX-License-Identifier: Apache-2.0
// Verifying evidence beside the two signatures that every quote has, the quote's and its QE's: the rest (chains,
// collateral, TCB, what is told) is to cost little. Chains and collateral were seen before, as they are for a relying
// party that serves many.
#include <benchmark/benchmark.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "attest/verify/sgx_quote.h"
#include "attest/verify/tdx_quote.h"
#include "bench/compare.h"
#include "testing/fake_intel.h"

namespace {

using namespace adyton;
using testing::FakeIntel;

// What `openssl speed ecdsap256` does: with key and context at hand, on a digest.
void OpensslTwoVerifications(benchmark::State& state) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  EVP_PKEY_CTX* sign = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_CTX* verify = EVP_PKEY_CTX_new(key, nullptr);
  const unsigned char digest[32] = {1};
  unsigned char signature[80];
  std::size_t size = sizeof signature;
  if (EVP_PKEY_sign_init(sign) != 1 || EVP_PKEY_verify_init(verify) != 1 ||
      EVP_PKEY_sign(sign, signature, &size, digest, sizeof digest) != 1) {
    state.SkipWithError("openssl failed");
  }
  for (auto _ : state) {
    for (int i = 0; i < 2; ++i) {
      if (EVP_PKEY_verify(verify, signature, size, digest, sizeof digest) != 1) state.SkipWithError("openssl failed");
    }
  }
  EVP_PKEY_CTX_free(sign);
  EVP_PKEY_CTX_free(verify);
  EVP_PKEY_free(key);
}
BENCHMARK(OpensslTwoVerifications)->Unit(benchmark::kMicrosecond);

// As much collateral as Intel's: the authorities' certificates, twenty levels, lists of fifty certificates.
Collateral intel_collateral(const FakeIntel& intel, bool tdx) {
  std::vector<testing::FakeRevoked> revoked;
  for (unsigned i = 1; i <= 50; ++i) revoked.push_back({.serial = Bytes(20, static_cast<std::byte>(i))});
  const auto add_levels = [](TcbInfo& info) {
    TcbLevel lower = info.levels[0];
    lower.advisories.assign(20, "INTEL-SA-00000");
    for (unsigned i = 0; i < 20; ++i) {
      lower.sgx[0] = static_cast<std::uint8_t>(10 - i % 10);
      info.levels.push_back(lower);
    }
  };
  Collateral out = intel.collateral({.tdx = tdx, .revoked_pcks = revoked, .info = add_levels});
  out.add(intel.pck_ca.certificate());
  out.add(intel.root.certificate());
  return out;
}

bool is_good(const Findings& findings) {
  for (const Check& check : findings.checks) {
    if (check.outcome != Outcome::kPassed && check.outcome != Outcome::kNoted) return false;
  }
  return findings.claims.tcb_status == TcbStatus::kUpToDate;
}

// A quote of a platform that was seen before: only the quote's own signature is new.
template <class Parse, class Verify>
void verify_quotes(benchmark::State& state, bool tdx, Parse parse, Verify verify, bool from_bytes) {
  FakeIntel intel;
  const Bytes quote = intel.quote({.version = tdx ? 4U : 3U, .tdx = tdx});
  const auto parsed = parse(quote);
  const Collateral collateral = intel_collateral(intel, tdx);
  const TrustAnchors anchors = intel.anchors();
  SeenSignatures seen;
  const VerifyContext context{collateral, anchors, testing::kFakeNow, &seen};
  if (!parsed || !is_good(verify(*parsed, context))) state.SkipWithError("the quote is not good");
  for (auto _ : state) {
    if (from_bytes) {
      benchmark::DoNotOptimize(parse(quote));
    } else {
      benchmark::DoNotOptimize(verify(*parsed, context));
    }
  }
}
void ParseSgxQuote(benchmark::State& state) { verify_quotes(state, false, parse_sgx_quote, verify_sgx_quote, true); }
void ParseTdxQuote(benchmark::State& state) { verify_quotes(state, true, parse_tdx_quote, verify_tdx_quote, true); }
void VerifySgxQuote(benchmark::State& state) { verify_quotes(state, false, parse_sgx_quote, verify_sgx_quote, false); }
void VerifyTdxQuote(benchmark::State& state) { verify_quotes(state, true, parse_tdx_quote, verify_tdx_quote, false); }
BENCHMARK(ParseSgxQuote)->Unit(benchmark::kMicrosecond);
BENCHMARK(ParseTdxQuote)->Unit(benchmark::kMicrosecond);
BENCHMARK(VerifySgxQuote)->Unit(benchmark::kMicrosecond);
BENCHMARK(VerifyTdxQuote)->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
  constexpr double kAtMost = 1.3, kParseMicroseconds = 2;
  const char* const two = "1.3 times two ECDSA P-256 verifications";
  return bench::run(argc, argv,
                    {{"verify an SGX quote", "VerifySgxQuote", "OpensslTwoVerifications", kAtMost, two},
                     {"verify a TDX quote", "VerifyTdxQuote", "OpensslTwoVerifications", kAtMost, two},
                     {"parse an SGX quote", "ParseSgxQuote", "", kParseMicroseconds, "2 us"},
                     {"parse a TDX quote", "ParseTdxQuote", "", kParseMicroseconds, "2 us"}});
}
