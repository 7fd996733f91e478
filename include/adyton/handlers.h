// SPDX-License-Identifier: Apache-2.0
// The calls one side answers: name, structure, and the function that decodes, runs and encodes.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <adyton/call.h>
#include <adyton/codec.h>
#include <adyton/result.h>

namespace adyton {

// One answered call. Copyable; `run` may be called from several threads at once.
struct Handler {
  std::string_view text;  // "vault.issue(string) -> string"; static storage
  std::uint64_t name_hash = 0;
  std::uint64_t structure_hash = 0;
  // Decodes the arguments, runs the user's function, encodes the result into `reply`. Never throws.
  std::function<Result<void>(Decoder& arguments, Encoder& reply)> run;
};

class Handlers {
 public:
  Handlers() = default;

  // Pairs: a call, the function that answers it, the next call, ... A function returns the call's result, a Result of
  // it, or (for byte vectors and strings) a view of memory that stays as it is until the reply is sent. What it throws
  // becomes the caller's error. It may run on several threads at once.
  template <class C, class F, class... Rest>
    requires AnyCallType<C>
  Handlers(const C& call, F&& function, Rest&&... rest) {
    add_all(call, std::forward<F>(function), std::forward<Rest>(rest)...);
  }

  template <AnyCallType C, class F>
  Handlers& add(const C&, F&& function);

  // All of `other`'s as well; a name answered twice is answered by the first.
  Handlers& add(const Handlers& other) {
    list_.insert(list_.end(), other.list_.begin(), other.list_.end());
    return *this;
  }

  [[nodiscard]] const std::vector<Handler>& list() const { return list_; }

 private:
  void add_all() {}
  template <class C, class F, class... Rest>
  void add_all(const C& call, F&& function, Rest&&... rest) {
    add(call, std::forward<F>(function));
    add_all(std::forward<Rest>(rest)...);
  }
  std::vector<Handler> list_;
};

}  // namespace adyton

#include <adyton/detail/handlers_impl.h>
