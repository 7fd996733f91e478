// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <adyton/enclave.h>
#include "attest/nonce.h"
#include "call/builtin_calls.h"
#include "enclave/connection.h"

namespace adyton {
namespace {

// Not an enclave, or no proper host: every call says so.
class NoHost : public detail::Caller {
 public:
  explicit NoHost(Error why) : why_(std::move(why)) {}
  Result<void> call(const detail::CallTarget& target, const CallOptions&, detail::FunctionRef<void(Encoder&)>,
                    detail::FunctionRef<Result<void>(Decoder&)>) override {
    return Error(why_).within(target.name());
  }

 private:
  const Error why_;
};

int report(const Error& error) {
  std::fprintf(stderr, "adyton: %s\n", error.message.c_str());
  return exit_status_of(error.code);
}

}  // namespace

int serve(Handlers handlers) {
  const auto& channel = connection();
  if (!channel) return report(channel.error());
  handlers.add(builtin::attest, [](BytesView nonce) -> Result<Bytes> {
    if (nonce.size() > 64) return Error{ErrorCode::kInvalid, "a nonce has at most 64 bytes"};
    return self().evidence(report_data_of_nonce(nonce));
  });
  const auto served = channel->endpoint->serve(std::move(handlers));
  return served ? 0 : report(served.error());
}

bool cancelled() { return current_call_cancelled(); }

namespace detail {

Caller& host() {
  const auto& channel = connection();
  if (channel) return *channel->endpoint;
  static auto& none = *new NoHost(channel.error());
  return none;
}

}  // namespace detail
}  // namespace adyton
