// SPDX-License-Identifier: Apache-2.0
// Makes certificate requests of every kind for the tests, good and bad, and asks the openssl command for its opinion.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace device_ca::testing {

struct RequestOptions {
  std::string key = "P-256";                          // or P-384, secp256k1, RSA1024, RSA2048, Ed25519, ...
  std::string subject = "/C=DE/O=Example/CN=device";  // "/A=b/..."; "" for none
  const char* digest = "SHA256";
  std::vector<std::pair<const char*, const char*>> extensions;  // as in openssl.cnf: {"subjectAltName", "DNS:a"}
  int string_type = 0x1001;                                     // of the subject's values (MBSTRING_ASC)
  std::function<void(X509_REQ*, EVP_PKEY*)> change;             // before it is signed
};

// PEM, in memory.
std::string make_request(const RequestOptions& options);

// A key as make_request() makes it.
EVP_PKEY* make_test_key(const std::string& kind);

// What a shell command writes to its output and error output, and "exit N" on a last line if N is not 0.
std::string shell(const std::string& command);

// A folder that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }
  void write(std::string_view name, std::string_view text) const;
  [[nodiscard]] std::string read(std::string_view name) const;

 private:
  std::string folder_;
};

}  // namespace device_ca::testing
