// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "attest/appraise/report.h"
#include "attest/c_api/handles.h"
#include "attest/verify/trust_root.h"

namespace adyton {
namespace {

// Sets `verifier` up with `change`, unless it is closed, and keeps what is to be said of it.
template <class Function>
adyton_status set_up(adyton_verifier* verifier, Function change) noexcept {
  if (verifier == nullptr) return ADYTON_INVALID;
  try {
    const std::lock_guard lock(verifier->setting_up);
    verifier->message = "no memory";  // should the next lines end early
    Result<void> done = caught([&]() -> Result<void> {
      if (verifier->closed) return denied("the verifier has verified: it can no longer be set up. Make another one");
      return change();
    });
    verifier->message_text = done ? "" : std::move(done.error().message);
    verifier->message = verifier->message_text.c_str();
    return done ? ADYTON_OK : status_of(done.error().code);
  } catch (const std::bad_alloc&) {
    return ADYTON_EXHAUSTED;
  } catch (...) {
    return ADYTON_INTERNAL;
  }
}

// From the first verification on nothing changes: those after it need no lock.
Result<void> close(const adyton_verifier& verifier) {
  if (verifier.closed.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(verifier.setting_up);
  if (verifier.policy_error) return Error(*verifier.policy_error).within("the policy was not understood");
  verifier.closed.store(true, std::memory_order_release);
  return {};
}

struct Request {
  const void* evidence;
  size_t evidence_size;
  const void* report_data;
  size_t report_data_size;
};

Result<adyton_result::Report> answer(const adyton_verifier* verifier, const Request& request, std::int64_t now) {
  if (verifier == nullptr) return invalid("a null verifier");
  const BytesView bytes = TRY(input("the evidence", request.evidence, request.evidence_size));
  const BytesView report_data = TRY(input("the report data", request.report_data, request.report_data_size));
  if (request.report_data != nullptr && report_data.empty()) {
    return invalid("the report data: none is there to be asked for. A null pointer if nothing is asked for");
  }
  TRY(close(*verifier));
  const Evidence evidence = TRY(parse_evidence(bytes));
  Verified verified = verify(evidence, {verifier->collateral, verifier->anchors, now, &verifier->seen});
  Policy policy = verifier->policy;
  if (!report_data.empty()) policy.report_data = {to_bytes(report_data)};
  Verdict verdict = appraise(verified, policy);
  return adyton_result::Report{std::move(verified), std::move(verdict)};
}

}  // namespace
}  // namespace adyton

adyton_verifier* adyton_verifier_new() {
  try {
    return std::make_unique<adyton_verifier>().release();
  } catch (...) {
    return nullptr;
  }
}

void adyton_verifier_free(adyton_verifier* verifier) { delete verifier; }

adyton_status adyton_verifier_add_collateral(adyton_verifier* verifier, const char* name, size_t name_size,
                                             const void* bytes, size_t size) {
  return adyton::set_up(verifier, [&]() -> adyton::Result<void> {
    const std::string_view named = adyton::as_text(TRY(adyton::input("the name", name, name_size)));
    const adyton::BytesView collateral = TRY(adyton::input("the collateral", bytes, size));
    return verifier->collateral.add(named, collateral).within(named.empty() ? "the collateral" : named);
  });
}

adyton_status adyton_verifier_add_document(adyton_verifier* verifier, const char* name, size_t name_size,
                                           const void* bytes, size_t size) {
  return adyton::set_up(verifier, [&]() -> adyton::Result<void> {
    const std::string_view named = adyton::as_text(TRY(adyton::input("the name", name, name_size)));
    const adyton::BytesView document = TRY(adyton::input("the document", bytes, size));
    verifier->collateral.add_document(std::string(named), adyton::to_bytes(document));
    return {};
  });
}

adyton_status adyton_verifier_add_trust_root(adyton_verifier* verifier, const char* kind, const void* bytes,
                                             size_t size) {
  return adyton::set_up(verifier, [&]() -> adyton::Result<void> {
    if (kind == nullptr) return adyton::invalid("the kind: a null pointer");
    const adyton::AnchorUse use = TRY(adyton::parse_anchor_use(kind));
    return adyton::add_trust_root(use, "the trust root", TRY(adyton::input("the trust root", bytes, size)),
                                  verifier->anchors);
  });
}

adyton_status adyton_verifier_trust_issuer(adyton_verifier* verifier, const char* url) {
  return adyton::set_up(verifier, [&]() -> adyton::Result<void> {
    if (url == nullptr) return adyton::invalid("the issuer: a null pointer");
    return adyton::add_trusted_issuer(url, verifier->anchors);
  });
}

adyton_status adyton_verifier_clear_trust_roots(adyton_verifier* verifier) {
  return adyton::set_up(verifier, [&]() -> adyton::Result<void> {
    verifier->anchors = {};
    return {};
  });
}

adyton_status adyton_verifier_set_policy(adyton_verifier* verifier, const char* toml, size_t size) {
  return adyton::set_up(verifier, [&]() -> adyton::Result<void> {
    verifier->policy_error = adyton::internal("it could not be read");  // until it is
    adyton::Result<adyton::Policy> policy = [&]() -> adyton::Result<adyton::Policy> {
      return adyton::parse_policy(adyton::as_text(TRY(adyton::input("the policy", toml, size))));
    }();
    if (!policy) {
      verifier->policy_error = policy.error();
      return policy.error();
    }
    verifier->policy = *std::move(policy);
    verifier->policy_error.reset();
    return {};
  });
}

const char* adyton_verifier_message(const adyton_verifier* verifier) {
  if (verifier == nullptr) return "a null verifier";
  try {
    const std::lock_guard lock(verifier->setting_up);
    return verifier->message;
  } catch (...) {
    return "the verifier cannot be locked";
  }
}

adyton_status adyton_verify(const adyton_verifier* verifier, const void* evidence, size_t evidence_size,
                            const void* report_data, size_t report_data_size, int64_t now_seconds,
                            adyton_result** result) {
  if (result != nullptr) *result = nullptr;
  try {
    auto out = std::make_unique<adyton_result>();
    out->time = now_seconds;
    const adyton::Request request{evidence, evidence_size, report_data, report_data_size};
    auto report = adyton::caught([&]() -> adyton::Result<void> {
      out->report = TRY(adyton::answer(verifier, request, now_seconds));
      out->headline = adyton::headline(out->report->verified, out->report->verdict);
      return {};
    });
    if (report) {
      out->status = static_cast<adyton_status>(out->report->verdict.exit_status());
    } else {
      out->report.reset();
      out->headline = std::move(report.error().message);
      out->status = adyton::status_of(report.error().code);
    }
    const adyton_status status = out->status;
    if (result != nullptr) *result = out.release();
    return status;
  } catch (const std::bad_alloc&) {
    return ADYTON_EXHAUSTED;
  } catch (...) {
    return ADYTON_INTERNAL;
  }
}
