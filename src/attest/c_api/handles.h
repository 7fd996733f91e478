// SPDX-License-Identifier: Apache-2.0
// What stands behind the handles of the C interface, and the net under it that no exception falls through.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <string>

#include <adyton/adyton_attest.h>
#include "attest/appraise/policy.h"
#include "attest/collateral/collateral.h"
#include "attest/verify/trust_anchors.h"
#include "attest/verify/verified.h"
#include "base/error.h"

// The C names are of the global namespace.
struct adyton_verifier {
  // Held by whoever sets it up, and by the first verification while it closes the verifier. Once `closed`, what is
  // below up to `policy` never changes and is read without it.
  mutable std::mutex setting_up;
  mutable std::atomic<bool> closed = false;
  adyton::Collateral collateral;
  adyton::TrustAnchors anchors = adyton::TrustAnchors::vendors();
  adyton::Policy policy;
  std::optional<adyton::Error> policy_error;  // of the last policy, when it was not understood

  mutable adyton::SeenSignatures seen;
  std::string message_text;
  const char* message = "";  // of message_text, or a literal where there may be no memory for one
};

struct adyton_result {
  adyton_status status = ADYTON_INTERNAL;
  std::string headline;
  std::int64_t time = 0;
  struct Report {
    adyton::Verified verified;
    adyton::Verdict verdict;
  };
  std::optional<Report> report;  // none: nothing could be verified

  mutable std::mutex rendering;
  struct Forms {
    std::optional<std::string> json, text, html;
  };
  mutable Forms forms;  // made when first asked for
};

namespace adyton {

// Runs `function`, which returns a Result; what it throws becomes an error too. Only an allocation of the message can
// still throw, and that is std::bad_alloc.
template <class Function>
auto caught(Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kExhausted, "no memory"};
  } catch (const std::exception& thrown) {
    return internal("an exception: {}", thrown.what());
  } catch (...) {
    return internal("an exception of an unknown type");
  }
}

adyton_status status_of(ErrorCode code);

// A caller's pointer and size, checked. `what` is for the message: "the evidence".
Result<BytesView> input(std::string_view what, const void* bytes, std::size_t size);

}  // namespace adyton
