// SPDX-License-Identifier: Apache-2.0
// A flipped bit anywhere in real quotes and real collateral changes the answer.
#include <algorithm>

#include "attest/evidence/intel_wrappers.h"
#include "attest/verify/intel_collateral.h"
#include "base/utc.h"
#include "testing/findings.h"
#include "testing/intel_evidence.h"
#include "testing/intel_quote.h"

namespace adyton {
namespace {

using testing::any;
using testing::has;
using testing::IntelEvidence;
using testing::text_of;
using testing::verify_quote;

class IntelFlips : public IntelEvidence {};

// Where a flipped bit may go unnoticed: in what a quote carries of PEM beside the certificates' own bytes, which may
// also make one of its authorities' certificates vanish that the collateral has as well. (Everything else is signed,
// hashed, a length or a certificate.)
bool no_new_certificates(const QuoteSignature& before, const QuoteSignature& after) {
  const auto first = parse_pem_blocks(as_text(before.certification_data())),
             second = parse_pem_blocks(as_text(after.certification_data()));
  return first && second && std::ranges::all_of(*second, [&](const PemBlock& block) {
           return std::ranges::find(*first, block.der, &PemBlock::der) != first->end();
         });
}

template <class Quote, class Parse, class Verify>
void flip_bits(const Bytes& original, const VerifyContext& context, Parse parse, Verify verify_it) {
  const Quote good = parse(original).value();
  const Findings before = verify_it(good, context);
  ASSERT_FALSE(any(before, Outcome::kFailed)) << text_of(before);
  ASSERT_FALSE(any(before, Outcome::kMissing)) << text_of(before);
  std::size_t unnoticed = 0;
  for (std::size_t i = 0; i < original.size(); i += 3) {
    Bytes altered = original;
    altered[i] ^= static_cast<std::byte>(1U << i % 8);
    const auto quote = parse(altered);
    if (!quote) continue;
    const Findings after = verify_it(*quote, context);
    if (any(after, Outcome::kFailed) || any(after, Outcome::kMissing)) continue;
    ++unnoticed;
    EXPECT_TRUE(no_new_certificates(good.signature, quote->signature)) << "at " << i << '\n' << text_of(after);
  }
  EXPECT_LT(unnoticed, 200U);
}

TEST_F(IntelFlips, Quotes) {
  SeenSignatures seen;
  const auto collateral_with = [&](const char* name) {
    Collateral out;
    EXPECT_TRUE(out.add(name, file(name)));
    return out;
  };
  const Collateral sgx = collateral_with("sgx-ecdsa/bundles/dcap-qvl-sgx_quote_collateral.json");
  flip_bits<SgxQuote>(file("sgx-ecdsa/sgx-v3-00a067110000-dcap-qvl-sgx_quote-f8b810.bin"),
                      {sgx, TrustAnchors::vendors(), parse_utc("2025-06-20").value(), &seen}, parse_sgx_quote,
                      verify_sgx_quote);
  const Collateral tdx = collateral_with("tdx/bundles/dcap-qvl-quote_collateral.json");
  flip_bits<TdxQuote>(file("tdx/tdx-v4-20a06f000000-dcap-qvl-quote_hex-9069d4.bin"),
                      {tdx, TrustAnchors::vendors(), parse_utc("2025-09-10").value(), &seen}, parse_tdx_quote,
                      verify_tdx_quote);
  const Collateral tdx5 = collateral_with("tdx/bundles/openenclave-tdx_quote_v5_endorsement_eval21.bin");
  flip_bits<TdxQuote>(file("tdx/tdx-v5-00806f050000-openenclave-tdx_quote_v5-67adfc.bin"),
                      {tdx5, TrustAnchors::vendors(), parse_utc("2026-06-20").value(), &seen}, parse_tdx_quote,
                      verify_tdx_quote);
}

// Every quote there is, at a few bytes each that are others in each, and every truncation of it. Without TCB info and
// identity, which are not there for all, so that what must change is what the signatures prove.
TEST_F(IntelFlips, EverySample) {
  const Collateral collateral = certificates_and_lists();
  SeenSignatures seen;
  std::size_t samples = 0;
  for (const nlohmann::json& entry : index_) {
    const std::string kind = entry["kind"], path = entry["path"];
    if (!kind.starts_with("SGX quote") && !kind.starts_with("TDX quote")) continue;
    SCOPED_TRACE(path);
    const Bytes original = unwrap_intel_quote(file(path)).value().quote;
    const auto parses = [](BytesView bytes) { return parse_sgx_quote(bytes) || parse_tdx_quote(bytes); };
    for (std::size_t size = 0; size < original.size(); ++size) {
      ASSERT_FALSE(parses(BytesView(original).first(size))) << size;
    }
    // What does not hold as it is, or lacks its PCK certificate, cannot become worse.
    const VerifyContext context{collateral, TrustAnchors::vendors(), parse_utc("2025-06-10").value(), &seen};
    const Findings before = verify_quote(original, context);
    if (any(before, Outcome::kFailed) || !has(before, "PCK chain", Outcome::kPassed)) continue;
    const auto signature_of = [](BytesView bytes) {
      return looks_like_tdx_quote(bytes) ? parse_tdx_quote(bytes).value().signature
                                         : parse_sgx_quote(bytes).value().signature;
    };
    constexpr std::size_t kStep = 131;
    for (std::size_t i = samples++ * 7 % kStep; i < original.size(); i += kStep) {
      Bytes altered = original;
      altered[i] ^= static_cast<std::byte>(1U << (i / kStep) % 8);
      if (!parses(altered)) continue;
      const Findings after = verify_quote(altered, context);
      if (any(after, Outcome::kFailed) || has(after, "PCK certificate", Outcome::kMissing)) continue;
      EXPECT_TRUE(no_new_certificates(signature_of(original), signature_of(altered))) << i << '\n' << text_of(after);
    }
  }
  EXPECT_GE(samples, 55U);
}

// The same for what Intel signed: one bit anywhere, and it is refused or no longer Intel's.
TEST_F(IntelFlips, Collateral) {
  for (const char* name : {"intel-collateral/tcbinfo/tcbinfo-tdx-90c06f000000-2024-12-20-e17-1a6632.json",
                           "intel-collateral/tcbinfo/tcbinfo-sgxv2-00606a000000-2022-06-21-e12-299d90.json",
                           "intel-collateral/identity/td_qe-identity-2026-08-12-e19-5e2869.json"}) {
    SCOPED_TRACE(name);
    const Bytes original = file(name);
    const Collateral certificates = certificates_and_lists();
    std::size_t unnoticed = 0;
    for (std::size_t i = 0; i < original.size(); i += 7) {
      Bytes altered = original;
      altered[i] ^= static_cast<std::byte>(1U << i % 8);
      Collateral collateral;
      for (const Certificate& certificate : certificates.certificates()) collateral.add(certificate);
      if (!collateral.add(name, altered) || collateral.tcb_infos().size() + collateral.identities().size() == 0)
        continue;
      const IntelSigned& document = collateral.tcb_infos().empty()
                                        ? static_cast<const IntelSigned&>(*collateral.identities().front())
                                        : *collateral.tcb_infos().front();
      Findings findings;
      const VerifyContext context{collateral, TrustAnchors::vendors(), document.issue_date};
      if (IntelSigners(context).verify(document, {"signature", "validity", ""}, findings)) {
        ++unnoticed;  // a hexadecimal digit of the signature in the other case
        EXPECT_GE(i, original.size() - 140) << i;
      }
    }
    EXPECT_LT(unnoticed, 20U);
  }
}

}  // namespace
}  // namespace adyton
