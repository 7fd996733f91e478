// SPDX-License-Identifier: Apache-2.0
// How many certificates the CA issues per second beside what one ECDSA signature and one verification cost, on one core.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <openssl/evp.h>

#include "device_ca_core.h"
#include "testing.h"
#include "testing/fake_key_source.h"
#include "testing/memory_storage.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Pairs of `openssl speed ecdsap256`'s operations per second: sign a digest, verify it, with keys and contexts at hand.
double openssl_pairs_per_second(int pairs) {
  EVP_PKEY* key = device_ca::testing::make_test_key("P-256");
  EVP_PKEY_CTX* sign = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_CTX* verify = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_sign_init(sign);
  EVP_PKEY_verify_init(verify);
  unsigned char digest[32] = {1}, signature[80];
  const auto start = Clock::now();
  for (int i = 0; i < pairs; ++i) {
    std::size_t size = sizeof signature;
    if (EVP_PKEY_sign(sign, signature, &size, digest, sizeof digest) != 1 ||
        EVP_PKEY_verify(verify, signature, size, digest, sizeof digest) != 1) {
      std::abort();
    }
  }
  const double out = pairs / seconds_since(start);
  EVP_PKEY_CTX_free(sign);
  EVP_PKEY_CTX_free(verify);
  EVP_PKEY_free(key);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 3000;
  constexpr std::size_t kBatch = 128;
  std::vector<device_ca::Request> requests;
  for (int i = 0; i < count; ++i) {
    const std::string name = "device-" + std::to_string(i);
    requests.push_back({name + ".csr", device_ca::testing::make_request({.subject = "/C=DE/O=Example/CN=" + name})});
  }
  const adyton::testing::FakeKeySource keys;
  std::uint64_t lines = 0;
  auto ca = device_ca::DeviceCa::open(std::make_shared<adyton::testing::MemoryStorage>(), keys,
                                      [&](const auto& batch) { return lines += batch.size(), adyton::Result<void>(); });
  if (!ca) return std::fprintf(stderr, "%s\n", ca.error().message.c_str()), 1;
  openssl_pairs_per_second(200);
  const double before = openssl_pairs_per_second(count);
  const auto start = Clock::now();
  for (std::size_t at = 0; at < requests.size(); at += kBatch) {
    const std::vector<device_ca::Request> batch(requests.begin() + static_cast<std::ptrdiff_t>(at),
                                                requests.begin() + static_cast<std::ptrdiff_t>(std::min(at + kBatch, requests.size())));
    const auto outcomes = (*ca)->enrol(batch, 365);
    for (const auto& outcome : outcomes.value()) {
      if (outcome.index() != 0) return std::fprintf(stderr, "%s\n", std::get<1>(outcome).reason.c_str()), 1;
    }
  }
  const double rate = count / seconds_since(start);
  const double after = openssl_pairs_per_second(count);
  const double baseline = (before + after) / 2;
  std::printf("%.0f certificates/s, %.0f openssl sign+verify pairs/s, ratio %.2f (%llu audit lines)\n", rate, baseline,
              rate / baseline, static_cast<unsigned long long>(lines));
  return 0;
}
