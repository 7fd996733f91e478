// SPDX-License-Identifier: Apache-2.0
// The enclave of the device CA. What main() serves is all that the outside can ask of it: nothing gives the key out.
#include <memory>

#include <openssl/crypto.h>

#include <adyton/enclave.h>

#include "device_ca_core.h"

namespace {

using namespace device_ca;

adyton::Result<std::unique_ptr<DeviceCa>> open_ca(int argc, char** argv) {
  CaOptions options;
  if (argc > 1) options.name = argv[1];
  const auto audit = [](const std::vector<std::string>& lines) { return adyton::call(calls::audit, lines); };
  return DeviceCa::open(ADYTON_TRY(adyton::storage()), adyton::self(), audit, std::move(options));
}

}  // namespace

int main(int argc, char** argv) {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);  // nothing of the host's configures an enclave
  const auto ca = open_ca(argc, argv);
  // A CA that cannot open its state serves the reason, so that the host can say it.
  return adyton::serve(
      calls::enrol,
      [&](const std::vector<Request>& requests, std::uint32_t days) -> adyton::Result<std::vector<EnrolOutcome>> {
        if (!ca) return ca.error();
        return (*ca)->enrol(requests, days);
      },
      calls::revoke,
      [&](const std::vector<Revocation>& revocations) -> adyton::Result<std::vector<RevokeOutcome>> {
        if (!ca) return ca.error();
        return (*ca)->revoke(revocations);
      },
      calls::revocation_list,
      [&](std::uint32_t days) -> adyton::Result<std::string> {
        if (!ca) return ca.error();
        return (*ca)->revocation_list(days);
      },
      calls::status,
      [&]() -> adyton::Result<Status> {
        if (!ca) return ca.error();
        return (*ca)->status();
      },
      calls::list,
      [&](std::string_view after) -> adyton::Result<std::vector<Certificate>> {
        if (!ca) return ca.error();
        return (*ca)->list(after);
      });
}
