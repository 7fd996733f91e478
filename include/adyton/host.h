// SPDX-License-Identifier: Apache-2.0
// What a host program includes: launch an enclave and call it as if it were a local object.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/call.h>
#include <adyton/handlers.h>
#include <adyton/identity.h>
#include <adyton/result.h>

namespace adyton {

struct LaunchOptions {
  std::string backend = "auto";        // "auto": the strongest that this machine has and the image suits; "process"
  std::vector<std::string> arguments;  // argv[1] and on
  std::vector<std::pair<std::string, std::string>> environment;  // names must be in the manifest
  Handlers host_calls;                               // what the enclave may call: {audit, [](auto line) {...}}
  std::filesystem::path storage;                     // folder for adyton::storage(), made if missing; empty: none
  std::optional<Digest384> expect_signer;            // refuse an image of any other signer
  std::optional<Digest384> expect_image;             // refuse any other image
  std::chrono::milliseconds launch_timeout{10'000};  // until the enclave serves
  std::chrono::milliseconds stop_grace{2'000};       // between asking it to end and killing it
  std::chrono::microseconds spin{50};                // how long threads stay awake for the next call
  std::uint64_t message_bytes = 64u << 20;           // largest message, either way
  std::function<void(bool is_error, std::string_view line)>
      output;  // the enclave's output; empty: to standard error, with its name
};

// A running enclave that serves calls. Movable; destroying it ends the enclave. Calls are thread-safe.
class Enclave {
 public:
  static Result<Enclave> launch(const std::filesystem::path& image, LaunchOptions options = {});
  Enclave(Enclave&&) noexcept;
  Enclave& operator=(Enclave&&) noexcept;
  ~Enclave();

  // Calls the enclave; the arguments are those of the call's signature. Errors: docs/errors.md.
  template <CallType C, class... Arguments>
  auto call(const C& call, Arguments&&... arguments) {
    return detail::call_through(caller(), CallOptions{}, call, std::forward<Arguments>(arguments)...);
  }
  // The same with a deadline or a way to cancel: `vault->call({.timeout = 2s}, issue, csr)`.
  template <CallType C, class... Arguments>
  auto call(const CallOptions& options, const C& call, Arguments&&... arguments) {
    return detail::call_through(caller(), options, call, std::forward<Arguments>(arguments)...);
  }

  [[nodiscard]] const Identity& identity() const;
  [[nodiscard]] std::string_view backend() const;  // which one "auto" took
  [[nodiscard]] int process_id() const;            // 0 where the back-end has none
  Result<std::string> stop();                      // ends it; how it ended, in words

 private:
  struct Impl;
  explicit Enclave(std::unique_ptr<Impl> impl);
  detail::Caller& caller();
  std::unique_ptr<Impl> impl_;
};

}  // namespace adyton
