// SPDX-License-Identifier: Apache-2.0
// An enclave that uses all of <adyton/enclave.h>, from before main() to after it.
#include <cstdio>
#include <stdexcept>
#include <thread>

#include <adyton/enclave.h>

#include "serving_calls.h"

namespace {

using namespace adyton;

// Asks before main() and tells after it.
struct Early {
  std::string name = self().identity().name;
  ~Early() { (void)call(serving::note, "static destructor of " + name); }
} early;

std::vector<std::string> identity() {
  const Identity& id = self().identity();
  return {id.name,
          early.name,
          std::to_string(id.product),
          std::to_string(id.svn),
          to_hex(id.image),
          std::string(self().backend())};
}

Result<Bytes> sealing_key(std::uint8_t policy, std::string_view label) {
  const auto key = ADYTON_TRY(self().sealing_key(static_cast<SealPolicy>(policy), label));
  return to_bytes(key.expose());
}

Result<Bytes> keep(std::string_view name, BytesView bytes) {
  const auto files = ADYTON_TRY(storage());
  ADYTON_TRY(files->write(name, 0, bytes, true));
  return files->read(name, 0, kStorageCallBytes);
}

bool wait_until_cancelled() {
  while (!cancelled()) std::this_thread::yield();
  (void)call(serving::note, "cancelled");
  return true;
}

}  // namespace

int main() {
  const int status = serve(
      serving::greet, [](std::string_view name) { return "hello " + std::string(name); }, serving::fail,
      [](std::string_view what) { throw std::runtime_error(std::string(what)); }, serving::identity, identity,
      serving::sealing_key, sealing_key, serving::evidence,
      [](BytesView report_data) { return self().evidence(report_data); }, serving::keep, keep,
      serving::wait_until_cancelled, wait_until_cancelled);
  std::printf("main returns\n");
  return status;
}
