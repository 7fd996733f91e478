// SPDX-License-Identifier: Apache-2.0
// What a program inside an enclave includes: serve calls, call the host, know and prove yourself, keep things.
#pragma once

#include <memory>

#include <adyton/bytes.h>
#include <adyton/call.h>
#include <adyton/handlers.h>
#include <adyton/result.h>
#include <adyton/secret.h>
#include <adyton/self.h>
#include <adyton/storage.h>

namespace adyton {

// Answers the host's calls until the host ends the enclave: `return adyton::serve(issue, on_issue, revoke, on_revoke);`
// Handlers run on as many threads as the manifest says. Returns main()'s exit status; errors go to standard error.
int serve(Handlers handlers);
template <CallType C, class F, class... Rest>
int serve(const C& call, F&& function, Rest&&... rest) {
  return serve(Handlers(call, std::forward<F>(function), std::forward<Rest>(rest)...));
}

// This enclave's TEE. Valid from the start of main() (and in static constructors) to its end.
const Self& self();

// The host's storage for this enclave. not_found when it was launched without.
Result<std::shared_ptr<Storage>> storage();

// True when the caller of the handler running on this thread has given up (deadline or cancellation).
bool cancelled();

namespace detail {
Caller& host();
}  // namespace detail

// Calls the host: `Result<void> r = adyton::call(audit, line);`
template <HostCallType C, class... Arguments>
auto call(const C& host_call, Arguments&&... arguments) {
  return detail::call_through(detail::host(), CallOptions{}, host_call, std::forward<Arguments>(arguments)...);
}
template <HostCallType C, class... Arguments>
auto call(const CallOptions& options, const C& host_call, Arguments&&... arguments) {
  return detail::call_through(detail::host(), options, host_call, std::forward<Arguments>(arguments)...);
}

}  // namespace adyton
