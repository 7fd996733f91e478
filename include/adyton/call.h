// SPDX-License-Identifier: Apache-2.0
// Typed calls: the interface between a host program and an enclave is a C++ header both include.
//   inline constexpr adyton::Call<"vault.issue", std::string(std::string_view csr_pem)> issue;
//   inline constexpr adyton::HostCall<"vault.audit", void(std::string_view line)> audit;
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <stop_token>
#include <string_view>

#include <adyton/detail/structure.h>
#include <adyton/detail/values.h>
#include <adyton/result.h>

namespace adyton {

// A string literal as a template argument.
template <std::size_t N>
struct FixedString {
  char data[N] = {};
  consteval FixedString(const char (&text)[N]) {
    for (std::size_t i = 0; i < N; ++i) data[i] = text[i];
  }
  [[nodiscard]] constexpr std::string_view view() const { return {data, N - 1}; }
};

// One call's conditions. The default: no deadline, cannot be cancelled.
struct CallOptions {
  std::chrono::nanoseconds timeout{0};  // 0: none
  std::stop_token cancel{};
};

namespace detail {

// What both sides must agree on: a call's name and the structure of its types.
struct CallTarget {
  std::string_view text;  // "vault.issue(string) -> string"; static storage
  std::uint64_t name_hash;
  std::uint64_t structure_hash;
  [[nodiscard]] std::string_view name() const { return text.substr(0, text.find('(')); }
};

// A borrowed callable: cheaper than std::function, valid only while what it refers to is.
template <class Signature>
class FunctionRef;
template <class R, class... A>
class FunctionRef<R(A...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
  FunctionRef(F& function)
      : object_(&function), call_([](const void* object, A... arguments) -> R {
          return (*static_cast<F*>(const_cast<void*>(object)))(static_cast<A>(arguments)...);
        }) {}
  R operator()(A... arguments) const { return call_(object_, static_cast<A>(arguments)...); }

 private:
  const void* object_;
  R (*call_)(const void*, A...);
};

// Something calls can be made through: an endpoint of a channel. Thread-safe.
class Caller {
 public:
  virtual ~Caller() = default;
  // Sends what `encode` writes and lets `decode` read the reply, both on this thread.
  virtual Result<void> call(const CallTarget& target, const CallOptions& options, FunctionRef<void(Encoder&)> encode,
                            FunctionRef<Result<void>(Decoder&)> decode) = 0;
};

template <class T>
struct ValueOf {
  using Type = T;
};
template <class T>
struct ValueOf<Result<T>> {
  using Type = T;
};

template <FixedString kName, class R, class... P>
struct Signature {
  using Value = typename ValueOf<R>::Type;
  static_assert(!std::is_same_v<Value, std::string_view> && !kIsBytesView<Value>,
                "a call returns a value that owns its memory");
  static_assert(kName.view().size() >= 1 && kName.view().size() <= 128 &&
                    kName.view().find('(') == std::string_view::npos,
                "a call's name is 1 to 128 characters without parentheses");

  struct Describe {
    constexpr void operator()(Text& out) const {
      out.add(kName.view());
      describe_list<std::remove_cvref_t<P>...>(out, "(", ") -> ");
      describe<Value>(out);
    }
  };
  static constexpr auto kTextArray = text_of(Describe{});
  static constexpr std::string_view kText{kTextArray.data(), kTextArray.size()};
  static constexpr CallTarget target() { return {kText, hash_of(kName.view()), hash_of(kText)}; }

  static Result<Value> invoke(Caller& caller, const CallOptions& options, const std::remove_cvref_t<P>&... arguments) {
    auto encode = [&](Encoder& out) { (write_value(out, arguments), ...); };
    static constexpr CallTarget kTarget = target();
    if constexpr (std::is_void_v<Value>) {
      auto decode = [](Decoder& in) -> Result<void> { return in.finish(); };
      return caller.call(kTarget, options, encode, decode);
    } else {
      Result<Value> out{Error{}};
      auto decode = [&](Decoder& in) -> Result<void> {
        auto value = read_value<Value>(in);
        auto end = in.finish();
        if (end) out = std::move(value);
        return end;
      };
      auto done = caller.call(kTarget, options, encode, decode);
      if (!done) return std::move(done).error();
      return out;
    }
  }
};

// The text of a call that a program serves, or makes at its host: data symbols the image builder finds by their names
// (`Served<...>::kText`, `UsedHost<...>::kText`), so that an image lists its interface without running it.
template <class C>
struct Served {
  [[gnu::used, gnu::retain]] static constexpr auto kText = C::kTextArray;
};
template <class C>
struct UsedHost {
  [[gnu::used, gnu::retain]] static constexpr auto kText = C::kTextArray;
};

}  // namespace detail

// A call from the host into the enclave.
template <FixedString kName, class Types>
struct Call;
template <FixedString kName, class R, class... P>
struct Call<kName, R(P...)> : detail::Signature<kName, R, P...> {
  static constexpr bool kToHost = false;
};

// A call from the enclave to its host.
template <FixedString kName, class Types>
struct HostCall;
template <FixedString kName, class R, class... P>
struct HostCall<kName, R(P...)> : detail::Signature<kName, R, P...> {
  static constexpr bool kToHost = true;
};

template <class C>
concept AnyCallType = requires {
  typename C::Value;
  { C::target() } -> std::same_as<detail::CallTarget>;
  { C::kToHost } -> std::convertible_to<bool>;
};
template <class C>
concept CallType = AnyCallType<C> && !C::kToHost;
template <class C>
concept HostCallType = AnyCallType<C> && C::kToHost;

namespace detail {

template <AnyCallType C, class... A>
Result<typename C::Value> call_through(Caller& caller, const CallOptions& options, const C&, A&&... arguments) {
  if constexpr (C::kToHost) static_cast<void>(UsedHost<C>::kText.data());
  return C::invoke(caller, options, std::forward<A>(arguments)...);
}

}  // namespace detail
}  // namespace adyton
