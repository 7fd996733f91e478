// SPDX-License-Identifier: Apache-2.0
#include "bench/attest/signatures.h"

#include <cstdlib>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

namespace adyton::bench {
namespace {

// What one call of EVP_DigestVerify() was given.
struct Recorded {
  EVP_PKEY* key;
  const EVP_MD* digest;
  int padding = 0, salt = 0;  // RSA
  std::vector<unsigned char> message, signature;
};

// Of this program's threads, each its own.
thread_local std::size_t verifications = 0;
thread_local std::vector<Recorded>* recording = nullptr;

void require(bool good) {
  if (!good) std::abort();
}

void record(EVP_MD_CTX* context, const unsigned char* signature, std::size_t signature_size,
            const unsigned char* message, std::size_t size) {
  EVP_PKEY_CTX* parameters = EVP_MD_CTX_get_pkey_ctx(context);
  Recorded one{EVP_PKEY_CTX_get0_pkey(parameters), EVP_MD_CTX_get0_md(context), 0, 0, {message, message + size},
               {signature, signature + signature_size}};
  if (EVP_PKEY_is_a(one.key, "RSA") == 1) {
    require(EVP_PKEY_CTX_get_rsa_padding(parameters, &one.padding) == 1);
    if (one.padding == RSA_PKCS1_PSS_PADDING) {
      require(EVP_PKEY_CTX_get_rsa_pss_saltlen(parameters, &one.salt) == 1);
    }
  }
  EVP_PKEY_up_ref(one.key);
  recording->push_back(std::move(one));
}

}  // namespace

std::size_t verifications_so_far() { return verifications; }

extern "C" {
int __real_EVP_DigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t signature_size,
                            const unsigned char* message, std::size_t size);
int __wrap_EVP_DigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t signature_size,
                            const unsigned char* message, std::size_t size) {
  ++verifications;
  if (recording != nullptr) record(context, signature, signature_size, message, size);
  return __real_EVP_DigestVerify(context, signature, signature_size, message, size);
}
}

struct BareVerifications::Prepared {
  struct One {
    EVP_PKEY_CTX* context;
    std::vector<unsigned char> digest;
  };
  std::vector<Recorded> recorded;
  std::vector<One> all;

  explicit Prepared(std::vector<Recorded> from) : recorded(std::move(from)) {
    for (const Recorded& call : recorded) {
      One& one = all.emplace_back(EVP_PKEY_CTX_new(call.key, nullptr), std::vector<unsigned char>(EVP_MAX_MD_SIZE));
      unsigned size = 0;
      require(EVP_Digest(call.message.data(), call.message.size(), one.digest.data(), &size, call.digest, nullptr) == 1);
      one.digest.resize(size);
      require(one.context != nullptr && EVP_PKEY_verify_init(one.context) == 1);
      if (call.padding != 0) {
        require(EVP_PKEY_CTX_set_rsa_padding(one.context, call.padding) == 1);
        require(EVP_PKEY_CTX_set_signature_md(one.context, call.digest) == 1);
      }
      if (call.padding == RSA_PKCS1_PSS_PADDING) {
        require(EVP_PKEY_CTX_set_rsa_pss_saltlen(one.context, call.salt) == 1);
      }
    }
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared() {
    for (const One& one : all) EVP_PKEY_CTX_free(one.context);
    for (const Recorded& call : recorded) EVP_PKEY_free(call.key);
  }
};

BareVerifications::BareVerifications(std::unique_ptr<Prepared> prepared) : prepared_(std::move(prepared)) {}
BareVerifications::BareVerifications(BareVerifications&&) noexcept = default;
BareVerifications& BareVerifications::operator=(BareVerifications&&) noexcept = default;
BareVerifications::~BareVerifications() = default;

BareVerifications BareVerifications::of(const std::function<void()>& work) {
  std::vector<Recorded> recorded;
  recording = &recorded;
  work();
  recording = nullptr;
  return BareVerifications(std::make_unique<Prepared>(std::move(recorded)));
}

BareVerifications BareVerifications::copy() const {
  for (const Recorded& call : prepared_->recorded) EVP_PKEY_up_ref(call.key);
  return BareVerifications(std::make_unique<Prepared>(prepared_->recorded));
}

bool BareVerifications::run() const {
  for (std::size_t i = 0; i < prepared_->all.size(); ++i) {
    const auto& [context, digest] = prepared_->all[i];
    const std::vector<unsigned char>& signature = prepared_->recorded[i].signature;
    if (EVP_PKEY_verify(context, signature.data(), signature.size(), digest.data(), digest.size()) != 1) return false;
  }
  return true;
}

std::size_t BareVerifications::count() const { return prepared_->all.size(); }

std::string BareVerifications::text() const {
  std::map<std::string, unsigned> kinds;
  for (const Recorded& call : prepared_->recorded) {
    const bool rsa = EVP_PKEY_is_a(call.key, "RSA") == 1;
    ++kinds[fmt::format("{}{}", rsa ? "RSA " : "P-", EVP_PKEY_get_bits(call.key))];
  }
  std::string out;
  for (const auto& [kind, count] : kinds) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, kind);
  return out.empty() ? "none" : out;
}

}  // namespace adyton::bench
