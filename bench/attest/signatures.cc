// SPDX-License-Identifier: Apache-2.0
#include "bench/attest/signatures.h"

#include <algorithm>
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
  Recorded one{EVP_PKEY_CTX_get0_pkey(EVP_MD_CTX_get_pkey_ctx(context)),
               EVP_MD_CTX_get0_md(context),
               {message, message + size},
               {signature, signature + signature_size}};
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
    std::vector<unsigned char> digest, signature;
    [[nodiscard]] bool verify() const {
      return EVP_PKEY_verify(context, signature.data(), signature.size(), digest.data(), digest.size()) == 1;
    }
  };
  std::vector<Recorded> recorded;
  std::vector<One> all;

  explicit Prepared(std::vector<Recorded> from) : recorded(std::move(from)) {
    for (const Recorded& call : recorded) {
      One& one = all.emplace_back(EVP_PKEY_CTX_new(call.key, nullptr), std::vector<unsigned char>(EVP_MAX_MD_SIZE),
                                  call.signature);
      unsigned size = 0;
      require(EVP_Digest(call.message.data(), call.message.size(), one.digest.data(), &size, call.digest, nullptr) ==
              1);
      one.digest.resize(size);
      require(one.context != nullptr && EVP_PKEY_verify_init(one.context) == 1);
      if (EVP_PKEY_is_a(call.key, "RSA") == 1) set_padding(one, call.digest);
      require(one.verify());
    }
  }
  // OpenSSL does not tell which one it was asked for: the one that fits.
  static void set_padding(const One& one, const EVP_MD* digest) {
    require(EVP_PKEY_CTX_set_signature_md(one.context, digest) == 1);
    if (one.verify()) return;
    require(EVP_PKEY_CTX_set_rsa_padding(one.context, RSA_PKCS1_PSS_PADDING) == 1);
    require(EVP_PKEY_CTX_set_rsa_pss_saltlen(one.context, RSA_PSS_SALTLEN_DIGEST) == 1);
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

bool BareVerifications::run() const { return std::ranges::all_of(prepared_->all, &Prepared::One::verify); }

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
