// SPDX-License-Identifier: Apache-2.0
#include "enclave/sgx/sgx_self.h"

#include <algorithm>

#include "attest/evidence/sgx_quote.h"
#include "base/cursor.h"
#include "base/error.h"
#include "call/builtin_calls.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

using sgx::KeyRequest;

constexpr std::string_view kUse = "adyton-sgx-sealing-key-1";
constexpr std::size_t kKeyBytes = 32, kLabelBytes = 64, kQuoteBytes = 1u << 20;

// What every sealing key depends on beside its policy: DEBUG, and that is all that the processor does not add by
// itself. XFRM, MISCSELECT and other attributes may change with the next version, and what was sealed has to stay
// readable.
constexpr SgxAttributes kAttributeMask{.flags = SgxAttributes::kInit | SgxAttributes::kDebug, .xfrm = 0};

Result<std::uint16_t> policy_bits(SealPolicy policy, bool kss) {
  constexpr std::uint16_t kSeparation = KeyRequest::kConfigId | KeyRequest::kFamilyId | KeyRequest::kExtendedProductId;
  const auto bits = [&](std::uint16_t who) { return static_cast<std::uint16_t>(who | (kss ? kSeparation : 0)); };
  switch (policy) {
    case SealPolicy::kImage: return bits(KeyRequest::kMrEnclave);
    case SealPolicy::kSigner: return bits(KeyRequest::kMrSigner);
  }
  return invalid("there is no sealing policy {}", static_cast<unsigned>(policy));
}

// A key of EGETKEY has 128 bits: two of them, by two KEYIDs.
std::array<std::byte, 32> key_id(std::string_view label, std::uint8_t half) {
  Bytes text = to_bytes(kUse);
  append_le(text, half);
  append(text, as_bytes(label));
  return sha256(text);
}

}  // namespace

Result<Secret> SgxSelf::sealing_key(SealPolicy policy, std::string_view label, std::optional<std::uint16_t> svn) const {
  if (label.empty() || label.size() > kLabelBytes) {
    return invalid("a sealing key's label has 1 to {} bytes", kLabelBytes);
  }
  const std::uint16_t own = enclave_.identity.svn;
  const std::uint16_t wanted = policy == SealPolicy::kSigner ? svn.value_or(own) : own;
  if (wanted > own) return denied("a sealing key of svn {} is not for an enclave of svn {}", wanted, own);
  // CPUSVN stays zero, the lowest there is: docs/decisions/010-sgx-sealing-keys.md.
  const std::uint16_t bits = TRY(policy_bits(policy, enclave_.kss));
  KeyRequest request{.name = static_cast<std::uint16_t>(sgx::KeyName::kSeal),
                     .policy = bits,
                     .svn = wanted,
                     .config_svn = enclave_.config_svn,
                     .attribute_mask = kAttributeMask};
  Secret both(kKeyBytes);
  for (std::uint8_t half = 0; half < 2; ++half) {
    request.key_id = key_id(label, half);
    const Secret key = TRY(processor_.key(request));
    if (key.size() != kKeyBytes / 2) return internal("a key of {} bytes", key.size());
    std::ranges::copy(key.expose(), both.expose_mutable().subspan(half * key.size()).begin());
  }
  return hkdf(both.expose(), as_bytes(kUse), kKeyBytes);
}

Result<Bytes> SgxSelf::evidence(BytesView report_data) const {
  if (report_data.size() > sgx::kReportDataBytes) {
    return invalid("report data has at most {} bytes, not {}: give a digest", sgx::kReportDataBytes,
                   report_data.size());
  }
  Bytes data = to_bytes(report_data);
  data.resize(sgx::kReportDataBytes);
  const Bytes target = TRY(detail::call_through(host_, {}, builtin::quote_target));
  const sgx::TargetInfo quoting = TRY(sgx::parse_target_info(target).within("the host's quoting enclave"));
  const Bytes report = TRY(processor_.report(quoting, data));
  Bytes quote = TRY(detail::call_through(host_, {}, builtin::quote, report));
  if (quote.size() > kQuoteBytes) return invalid("the host gave a quote of {} bytes", quote.size());
  const SgxQuote parsed = TRY(parse_sgx_quote(quote).within("what the host gave for a quote"));
  if (!std::ranges::equal(parsed.report.bytes, BytesView(report).first(sgx::kReportBodyBytes))) {
    return invalid("the host gave a quote of another report than this enclave's");
  }
  return quote;
}

}  // namespace adyton
