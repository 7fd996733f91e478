// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "attest/appraise/report.h"
#include "attest/c_api/handles.h"
#include "base/utc.h"

namespace adyton {
namespace {

// The first keys of report_json(), for what there is no report of.
std::string failure_json(const adyton_result& result) {
  const nlohmann::ordered_json out{{"kind", ""},
                                   {"wrapping", ""},
                                   {"answer", "none"},
                                   {"accepted", false},
                                   {"exit_status", static_cast<int>(result.status)},
                                   {"headline", result.headline},
                                   {"time", utc_text(result.time)}};
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// What `make` makes, once; null if that cannot be.
template <class Function>
const char* rendered(const adyton_result* result, std::optional<std::string> adyton_result::Forms::* form, size_t* size,
                     Function make) noexcept {
  if (size != nullptr) *size = 0;
  if (result == nullptr) return nullptr;
  try {
    const std::lock_guard lock(result->rendering);
    std::optional<std::string>& kept = result->forms.*form;
    if (!kept) kept = make(*result);
    if (size != nullptr) *size = kept->size();
    return kept->c_str();
  } catch (...) {
    return nullptr;
  }
}

BytesView claim_of(const Claims& claims, int claim) {
  switch (claim) {
    case ADYTON_CLAIM_PLATFORM: return as_bytes(claims.platform);
    case ADYTON_CLAIM_HARDWARE_MODEL: return as_bytes(claims.hardware_model);
    case ADYTON_CLAIM_MEASUREMENT: return claims.measurement;
    case ADYTON_CLAIM_SIGNER: return claims.signer;
    case ADYTON_CLAIM_REPORT_DATA: return claims.report_data;
    case ADYTON_CLAIM_HOST_DATA: return claims.host_data;
    default: return {};
  }
}

}  // namespace
}  // namespace adyton

void adyton_result_free(adyton_result* result) { delete result; }

adyton_status adyton_result_status(const adyton_result* result) {
  return result == nullptr ? ADYTON_INVALID : result->status;
}

adyton_answer adyton_result_answer(const adyton_result* result) {
  if (result == nullptr || !result->report) return ADYTON_ANSWER_NONE;
  switch (result->report->verified.answer()) {
    case adyton::Answer::kNotGenuine: return ADYTON_ANSWER_NOT_GENUINE;
    case adyton::Answer::kUndecided: return ADYTON_ANSWER_UNDECIDED;
    case adyton::Answer::kOutOfTime: return ADYTON_ANSWER_OUT_OF_TIME;
    case adyton::Answer::kGenuine: return ADYTON_ANSWER_GENUINE;
  }
  return ADYTON_ANSWER_NONE;
}

const char* adyton_result_headline(const adyton_result* result) {
  return result == nullptr ? "a null result" : result->headline.c_str();
}

const char* adyton_result_json(const adyton_result* result, size_t* size) {
  return adyton::rendered(result, &adyton_result::Forms::json, size, [](const adyton_result& it) {
    return it.report ? adyton::report_json(it.report->verified, it.report->verdict) : adyton::failure_json(it);
  });
}

const char* adyton_result_text(const adyton_result* result, size_t* size) {
  return adyton::rendered(result, &adyton_result::Forms::text, size, [](const adyton_result& it) {
    return it.report ? adyton::report_text(it.report->verified, it.report->verdict) : it.headline + "\n";
  });
}

const char* adyton_result_html(const adyton_result* result, size_t* size) {
  if (result != nullptr && !result->report) {
    if (size != nullptr) *size = 0;
    return nullptr;
  }
  return adyton::rendered(result, &adyton_result::Forms::html, size, [](const adyton_result& it) {
    return adyton::report_html(it.report->verified, it.report->verdict);
  });
}

const uint8_t* adyton_result_claim(const adyton_result* result, int claim, size_t* size) {
  if (size != nullptr) *size = 0;
  if (result == nullptr || result->status != ADYTON_OK || !result->report) return nullptr;
  const adyton::BytesView bytes = adyton::claim_of(result->report->verified.claims(), claim);
  if (bytes.empty()) return nullptr;
  if (size != nullptr) *size = bytes.size();
  return static_cast<const uint8_t*>(static_cast<const void*>(bytes.data()));
}
