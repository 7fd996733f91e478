// SPDX-License-Identifier: Apache-2.0
// Which signature verifications a piece of work asks of OpenSSL, found by standing between it and us (the linker's
// --wrap), and the same ones done barely: what the work is measured against is what it really computed.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace adyton::bench {

// How many verifications this thread has asked OpenSSL for so far.
std::size_t verifications_so_far();

// Verifications, each with its key and context ready and the message hashed, as `openssl speed` does them: the least
// that can be.
class BareVerifications {
 public:
  // Runs `work` and takes down what it verifies.
  static BareVerifications of(const std::function<void()>& work);
  BareVerifications(BareVerifications&&) noexcept;
  BareVerifications& operator=(BareVerifications&&) noexcept;
  ~BareVerifications();

  [[nodiscard]] bool run() const;                // all of them; false if one does not hold. For one thread at a time
  [[nodiscard]] BareVerifications copy() const;  // for another thread
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::string text() const;  // "2 P-256, 1 RSA 4096"

 private:
  struct Prepared;
  explicit BareVerifications(std::unique_ptr<Prepared> prepared);
  std::unique_ptr<Prepared> prepared_;
};

}  // namespace adyton::bench
