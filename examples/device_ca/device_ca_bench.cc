// SPDX-License-Identifier: Apache-2.0
// How many certificates the CA issues per second beside what one ECDSA signature and one verification cost, on one
// core.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include <openssl/evp.h>

#include "device_ca_core.h"
#include "testing.h"
#include "testing/fake_key_source.h"
#include "testing/memory_storage.h"

namespace {

// Processor time of this thread: what else the machine does changes it little.
double seconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// What `openssl speed ecdsap256` does: sign a digest, verify it, with key and contexts at hand.
class Pairs {
 public:
  Pairs()
      : key_(device_ca::testing::make_test_key("P-256")),
        sign_(EVP_PKEY_CTX_new(key_, nullptr)),
        verify_(EVP_PKEY_CTX_new(key_, nullptr)) {
    EVP_PKEY_sign_init(sign_);
    EVP_PKEY_verify_init(verify_);
  }
  ~Pairs() {
    EVP_PKEY_CTX_free(sign_);
    EVP_PKEY_CTX_free(verify_);
    EVP_PKEY_free(key_);
  }
  Pairs(const Pairs&) = delete;
  Pairs& operator=(const Pairs&) = delete;

  double seconds_for(std::size_t pairs) {
    const double start = seconds_now();
    for (std::size_t i = 0; i < pairs; ++i) {
      const unsigned char digest[32] = {1};
      unsigned char signature[80];
      std::size_t size = sizeof signature;
      if (EVP_PKEY_sign(sign_, signature, &size, digest, sizeof digest) != 1 ||
          EVP_PKEY_verify(verify_, signature, size, digest, sizeof digest) != 1) {
        std::abort();
      }
    }
    return seconds_now() - start;
  }

 private:
  EVP_PKEY* key_;
  EVP_PKEY_CTX *sign_, *verify_;
};

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 3000;
  constexpr std::size_t kBatch = 512;
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
  Pairs pairs;
  pairs.seconds_for(200);
  double pair_seconds = 0, enrol_seconds = 0;  // alternating, so that both see the same machine
  for (std::size_t at = 0; at < requests.size(); at += kBatch) {
    const std::size_t size = std::min(kBatch, requests.size() - at);
    const auto first = requests.begin() + static_cast<std::ptrdiff_t>(at);
    const std::vector<device_ca::Request> batch(first, first + static_cast<std::ptrdiff_t>(size));
    pair_seconds += pairs.seconds_for(size);
    const double start = seconds_now();
    const auto outcomes = (*ca)->enrol(batch, 365);
    enrol_seconds += seconds_now() - start;
    for (const auto& outcome : outcomes.value()) {
      if (outcome.index() != 0) return std::fprintf(stderr, "%s\n", std::get<1>(outcome).reason.c_str()), 1;
    }
  }
  std::printf("%.0f certificates/s, %.0f openssl sign+verify pairs/s, ratio %.2f (%llu audit lines)\n",
              count / enrol_seconds, count / pair_seconds, pair_seconds / enrol_seconds,
              static_cast<unsigned long long>(lines));
  return 0;
}
