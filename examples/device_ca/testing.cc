// SPDX-License-Identifier: Apache-2.0
#include "testing.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include <sys/wait.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace device_ca::testing {
namespace {

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("making a test request: ") + what);
}

// "/C=DE/CN=a"
void fill_name(X509_NAME* name, std::string_view text, int string_type) {
  while (!text.empty()) {
    text.remove_prefix(1);
    const auto end = text.find('/');
    const std::string_view attribute = text.substr(0, end);
    const auto equals = attribute.find('=');
    const std::string type(attribute.substr(0, equals)), value(attribute.substr(equals + 1));
    const std::vector<unsigned char> bytes(value.begin(), value.end());
    require(X509_NAME_add_entry_by_txt(name, type.c_str(), string_type, bytes.data(), static_cast<int>(bytes.size()),
                                       -1, 0) == 1,
            "subject");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
}

}  // namespace

EVP_PKEY* make_test_key(const std::string& kind) {
  EVP_PKEY* key = nullptr;
  if (kind.starts_with("RSA")) {
    key = EVP_RSA_gen(static_cast<unsigned>(std::stoul(kind.substr(3))));
  } else if (kind.starts_with("Ed") || kind == "X25519") {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, kind == "Ed25519" ? "ED25519" : kind == "Ed448" ? "ED448" : "X25519");
  } else {
    key = EVP_EC_gen(kind.c_str());
  }
  require(key != nullptr, "key");
  return key;
}

std::string make_request(const RequestOptions& options) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(make_test_key(options.key), &EVP_PKEY_free);
  const std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> request(X509_REQ_new(), &X509_REQ_free);
  fill_name(X509_REQ_get_subject_name(request.get()), options.subject, options.string_type);
  require(X509_REQ_set_pubkey(request.get(), key.get()) == 1, "public key");
  if (!options.extensions.empty()) {
    STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
    for (const auto& [name, value] : options.extensions) {
      X509_EXTENSION* extension = X509V3_EXT_conf(nullptr, nullptr, name, value);
      require(extension != nullptr, name);
      sk_X509_EXTENSION_push(extensions, extension);
    }
    require(X509_REQ_add_extensions(request.get(), extensions) == 1, "extensions");
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  }
  if (options.change) options.change(request.get(), key.get());
  const EVP_MD* digest = options.key.starts_with("Ed") ? nullptr : EVP_get_digestbyname(options.digest);
  require(X509_REQ_sign(request.get(), key.get(), digest) > 0,
          ("signature with " + options.key + " and " + options.digest).c_str());
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  require(PEM_write_bio_X509_REQ(out.get(), request.get()) == 1, "PEM");
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string shell(const std::string& command) {
  std::FILE* pipe = ::popen(("{ " + command + "; } 2>&1").c_str(), "r");
  require(pipe != nullptr, "shell");
  std::string out;
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, size);
  const int status = ::pclose(pipe);
  if (status != 0) out += "exit " + std::to_string(WEXITSTATUS(status));
  return out;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = std::filesystem::temp_directory_path() / "device-ca-XXXXXX";
  require(::mkdtemp(name.data()) != nullptr, "folder");
  folder_ = name;
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(folder_); }

void TemporaryFolder::write(std::string_view name, std::string_view text) const {
  std::ofstream file(path(name), std::ios::binary);
  file << text;
  require(file.flush().good(), "file");
}

std::string TemporaryFolder::read(std::string_view name) const {
  std::ostringstream out;
  out << std::ifstream(path(name), std::ios::binary).rdbuf();
  return std::move(out).str();
}

}  // namespace device_ca::testing
