// SPDX-License-Identifier: Apache-2.0
// What an enclave without a channel knows of itself, in lines for the test that runs it: identity, sealing keys (that
// only a test prints), and with the arguments TARGETINFO and 64 bytes in hexadecimal a report.
#include <cstdio>
#include <string>

#include <adyton/enclave.h>

#include "enclave/sgx/measured.h"
#include "enclave/sgx/sgx_self.h"

namespace {

using namespace adyton;

void print(const char* what, const std::string& value) { std::printf("%s %s\n", what, value.c_str()); }

void print_key(const char* what, const Result<Secret>& key) {
  print(what, key ? to_hex(key->expose()) : key.error().message);
}

}  // namespace

int main(int argc, char** argv) {
  const Identity& identity = self().identity();
  print("backend", std::string(self().backend()));
  print("name", identity.name);
  print("version", std::to_string(identity.product) + " " + std::to_string(identity.svn));
  print("debug", identity.debug ? "yes" : "no");
  print("image", to_hex(identity.image));
  print("signer", to_hex(identity.signer));
  print_key("image-key", self().sealing_key(SealPolicy::kImage, "label"));
  print_key("signer-key", self().sealing_key(SealPolicy::kSigner, "label"));
  print_key("other-label-key", self().sealing_key(SealPolicy::kSigner, "lapel"));
  print_key("older-key", self().sealing_key(SealPolicy::kSigner, "label", 2));
  print_key("newer-key", self().sealing_key(SealPolicy::kSigner, "label", 9));
  if (argc == 3) {
    const auto target = sgx::parse_target_info(*parse_hex(argv[1]));
    const auto report = sgx_processor().report(*target, *parse_hex(argv[2]));
    print("report", to_hex(*report));
  }
  const auto evidence = self().evidence({});
  print("evidence", evidence ? "made" : evidence.error().message);
  return measured_enclave() && *measured_enclave() ? 0 : 1;
}
