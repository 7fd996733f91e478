// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/ear_forms.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr cbor::Rules kRules{.deterministic = false};

// RFC 8392, 3.1; RFC 9711, 4; draft-ietf-rats-ear, 8.1.
constexpr std::int64_t kExpires = 4, kNotBefore = 5, kIssuedAt = 6, kNonce = 10, kProfile = 265, kSubmodules = 266,
                       kStatus = 1000, kVector = 1001, kRawEvidence = 1002, kPolicy = 1003, kVerifier = 1004;
constexpr std::int64_t kDeveloper = 0, kBuild = 1;  // AR4SI, 3.3

Result<TrustVector> read_vector(cbor::Reader& reader) {
  TrustVector out;
  std::size_t found = 0;
  TRY(reader.read_map([&](const cbor::Key& key) -> Result<void> {
    for (std::size_t i = 0; i < kTrustClaims; ++i) {
      if (!(key == static_cast<std::int64_t>(i))) continue;
      out.claims[i] = TRY(checked_claim(TRY(reader.read_integer())));
      ++found;
      return {};
    }
    return invalid("a trustworthiness claim that AR4SI does not have: {}", key.to_string());
  }));
  if (found == 0) return invalid("a trustworthiness vector without claims");
  return out;
}

Result<EarAppraisal> read_appraisal(cbor::Reader& reader) {
  EarAppraisal out;
  std::optional<TrustTier> status;
  TRY(reader.read_map([&](const cbor::Key& key) -> Result<void> {
    if (key == kStatus) {
      status = TRY(checked_tier(trust_tier_of(TRY(reader.read_unsigned()))));
    } else if (key == kVector) {
      out.vector = TRY(read_vector(reader));
    } else if (key == kPolicy) {
      out.policy_id = TRY(reader.read_text());
    } else {
      (void)TRY(reader.read_item());
    }
    return {};
  }));
  out.status = TRY(checked_tier(status));
  return out;
}

Result<void> read_submodules(cbor::Reader& reader, Ear& out) {
  return reader.read_map([&](const cbor::Key& key) -> Result<void> {
    if (out.appraisals.size() == kMaxAppraisals) return exhausted("more than {} appraisals", kMaxAppraisals);
    const std::string shown = key.to_string();  // an integer, or a text between quotation marks
    if (!shown.starts_with('"')) return invalid("the appraisal {} has no name", shown);
    out.appraisals.push_back(TRY(read_appraisal(reader).within("the appraisal " + shown.substr(0, 128))));
    out.appraisals.back().name = shown.substr(1, shown.size() - 2);
    return {};
  });
}

Result<void> read_verifier(cbor::Reader& reader, Ear& out) {
  bool developer = false, build = false;
  TRY(reader.read_map([&](const cbor::Key& key) -> Result<void> {
    if (key == kDeveloper) {
      out.developer = TRY(reader.read_text());
      developer = true;
    } else if (key == kBuild) {
      out.build = TRY(reader.read_text());
      build = true;
    } else {
      (void)TRY(reader.read_item());
    }
    return {};
  }));
  if (!developer || !build) return invalid("the verifier's developer or build is missing");
  return {};
}

// RFC 9711, 4.1: one byte string or several.
Result<void> read_nonce(cbor::Reader& reader, Ear& out) {
  if (TRY(reader.peek()) != cbor::Type::kArray) {
    out.nonce = to_bytes(TRY(reader.read_bytes()));
    return {};
  }
  bool first = true;
  return reader.read_array([&]() -> Result<void> {
    const BytesView nonce = TRY(reader.read_bytes());
    if (first) out.nonce = to_bytes(nonce);
    first = false;
    return {};
  });
}

}  // namespace

Result<void> read_ear_cbor(BytesView claims, Ear& out) {
  bool issued = false, verifier = false;
  cbor::Reader reader(claims, kRules);
  TRY(reader.read_map([&](const cbor::Key& key) -> Result<void> {
    if (key == kProfile) {
      out.profile = TRY(reader.read_text());
    } else if (key == kIssuedAt) {
      out.issued_at = TRY(reader.read_integer());
      issued = true;
    } else if (key == kExpires) {
      out.expires = TRY(reader.read_integer());
    } else if (key == kNotBefore) {
      out.not_before = TRY(reader.read_integer());
    } else if (key == kVerifier) {
      TRY(read_verifier(reader, out));
      verifier = true;
    } else if (key == kRawEvidence) {
      out.raw_evidence = to_bytes(TRY(reader.read_bytes()));
    } else if (key == kNonce) {
      TRY(read_nonce(reader, out));
    } else if (key == kSubmodules) {
      TRY(read_submodules(reader, out));
    } else {
      (void)TRY(reader.read_item());
    }
    return {};
  }));
  TRY(reader.finish());
  if (!issued) return invalid("iat is missing");
  if (!verifier) return invalid("ear.verifier-id is missing");
  return {};
}

}  // namespace adyton
