// SPDX-License-Identifier: Apache-2.0
// How a user's function becomes a Handler: decode, run, catch, encode.
#pragma once

#include <exception>
#include <memory>
#include <tuple>

namespace adyton {
namespace detail {

Error exception_error(std::string_view call_text, const char* what);

template <class Value>
Result<void> write_result(Encoder& reply, Value result) {
  write_value(reply, result);
  // Moving an owner keeps the memory it owns where it is, which is all that is ever borrowed.
  if (!reply.contiguous()) reply.hold(std::make_shared<Value>(std::move(result)));
  return {};
}

template <class Value, class F, class Tuple>
Result<void> run_handler(const F& function, Tuple&& arguments, Encoder& reply) {
  using Returned = decltype(std::apply(function, std::forward<Tuple>(arguments)));
  if constexpr (std::is_void_v<Returned>) {
    static_assert(std::is_void_v<Value>, "the handler returns nothing, but the call promises a value");
    std::apply(function, std::forward<Tuple>(arguments));
    return {};
  } else if constexpr (kIs<std::remove_cvref_t<Returned>, Result>) {
    auto result = std::apply(function, std::forward<Tuple>(arguments));
    if (!result) return std::move(result).error();
    if constexpr (std::is_void_v<Value>) {
      return {};
    } else {
      return write_result(reply, Value(*std::move(result)));
    }
  } else if constexpr ((kIsBytes<Value> && kIsBytesView<Returned>) ||
                       (std::is_same_v<Value, std::string> && std::is_same_v<Returned, std::string_view>)) {
    write_value(reply, std::apply(function, std::forward<Tuple>(arguments)));  // borrowed until it is sent
    return {};
  } else {
    return write_result(reply, Value(std::apply(function, std::forward<Tuple>(arguments))));
  }
}

template <class Base, class F>
struct Runner;

template <FixedString kName, class R, class... P, class F>
struct Runner<Signature<kName, R, P...>, F> {
  F function;
  Result<void> operator()(Decoder& in, Encoder& reply) const {
    std::tuple<std::remove_cvref_t<P>...> arguments;
    std::apply([&](auto&... each) { ((each = read_value<std::remove_cvref_t<decltype(each)>>(in)), ...); }, arguments);
    if (auto end = in.finish(); !end) return end;
    using Value = typename Signature<kName, R, P...>::Value;
    try {
      return run_handler<Value>(function, std::move(arguments), reply);
    } catch (const std::exception& e) {
      return exception_error(Signature<kName, R, P...>::kText, e.what());
    } catch (...) {
      return exception_error(Signature<kName, R, P...>::kText, "an exception that is no std::exception");
    }
  }
};

template <FixedString kName, class R, class... P>
Signature<kName, R, P...> signature_of(const Signature<kName, R, P...>&);

}  // namespace detail

template <AnyCallType C, class F>
Handlers& Handlers::add(const C&, F&& function) {
  using Signature = decltype(detail::signature_of(std::declval<const C&>()));
  const std::string_view text{detail::Served<C>::kText.data(), detail::Served<C>::kText.size()};
  const auto target = C::target();
  list_.push_back(Handler{text, target.name_hash, target.structure_hash,
                          detail::Runner<Signature, std::decay_t<F>>{std::forward<F>(function)}});
  return *this;
}

}  // namespace adyton
