// SPDX-License-Identifier: Apache-2.0
// How every Adyton function that can fail says so: a value, or an error a program can branch on and a person can read.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace adyton {

// What kind of failure, for callers to branch on. The message is for people.
enum class ErrorCode : std::uint8_t {
  kInvalid = 1,      // malformed or out-of-range input
  kNotFound = 2,     // the thing named does not exist
  kUnavailable = 3,  // cannot be had now or here: a missing facility, a dead enclave, a deadline that passed
  kDenied = 4,       // a policy said no
  kUntrusted = 5,    // cryptography failed: bad signature, wrong key, altered data
  kExpired = 6,      // genuine, but outside its validity
  kExhausted = 7,    // a limit was reached
  kIo = 8,           // the operating system reported an error
  kInternal = 9,     // a defect in Adyton or in a handler (an exception that escaped it)
};

// The lower-case name of a code ("not_found"); "unknown" for a value outside the enumeration.
std::string_view name_of(ErrorCode code);

// The exit status the command-line tool ends with for a code: 10 (kInvalid) to 18 (kInternal).
int exit_status_of(ErrorCode code);

// A failure. `message` reads outermost context first ("launching vault.enclave: ...") and says what to do.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // The same error with `context` before its message, as "context: message".
  [[nodiscard]] Error within(std::string_view context) &&;
  bool operator==(const Error&) const = default;
};

// Either a T or an Error. Not copied from std::expected but derived from it, so that the compiler complains when a
// result is dropped and so that `return Error{...}` works.
template <class T>
struct [[nodiscard]] Result : std::expected<T, Error> {
  using std::expected<T, Error>::expected;
  using Value = T;
  Result(Error error) : std::expected<T, Error>(std::unexpect, std::move(error)) {}

  // The same result, with `context` before the message of an error.
  Result within(std::string_view context) && {
    if (this->has_value()) return std::move(*this);
    return std::move(this->error()).within(context);
  }
};

}  // namespace adyton

// Evaluates to the value of a Result, or returns its error from the enclosing function.
//   auto image = ADYTON_TRY(load_image(path));
// Not after a comma within the braces of an aggregate or a list: g++ 12 does not destroy what these hold already when
// this returns. Give the value a name before.
#define ADYTON_TRY(...) ADYTON_TRY_NAMED(ADYTON_TRY_JOIN(adyton_try_, __COUNTER__), __VA_ARGS__)
#define ADYTON_TRY_JOIN(a, b) ADYTON_TRY_JOIN_EXPANDED(a, b)
#define ADYTON_TRY_JOIN_EXPANDED(a, b) a##b
#define ADYTON_TRY_NAMED(name, ...)                        \
  __extension__({                                          \
    auto&& name = (__VA_ARGS__);                           \
    if (!name.has_value()) return std::move(name).error(); \
    *std::move(name);                                      \
  })
