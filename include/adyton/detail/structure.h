// SPDX-License-Identifier: Apache-2.0
// The canonical text of a C++ type as it crosses a channel, made at compile time, without macros or a generator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <adyton/result.h>

namespace adyton::detail {

// ---- Aggregates: how many fields, which, and what they are called.

template <class Owner>
struct Anything {
  template <class T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, Owner>)
  operator T() const noexcept;
};

template <class T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), Anything<T>{})...}; };
}

inline constexpr std::size_t kMaxFields = 20;

template <class T, std::size_t N = kMaxFields>
consteval std::size_t field_count() {
  if constexpr (N == 0) {
    return 0;
  } else if constexpr (takes<T>(std::make_index_sequence<N>{})) {
    static_assert(N < kMaxFields, "an aggregate that crosses a channel has at most 19 fields");
    return N;
  } else {
    return field_count<T, N - 1>();
  }
}

// Calls f with references to all fields of an aggregate.
template <class T, class F>
constexpr decltype(auto) with_fields(T& value, F&& f) {
  constexpr std::size_t n = field_count<std::remove_cv_t<T>>();
  if constexpr (n == 0) {
    return f();
  } else if constexpr (n == 1) {
    auto& [a] = value;
    return f(a);
  } else if constexpr (n == 2) {
    auto& [a, b] = value;
    return f(a, b);
  } else if constexpr (n == 3) {
    auto& [a, b, c] = value;
    return f(a, b, c);
  } else if constexpr (n == 4) {
    auto& [a, b, c, d] = value;
    return f(a, b, c, d);
  } else if constexpr (n == 5) {
    auto& [a, b, c, d, e] = value;
    return f(a, b, c, d, e);
  } else if constexpr (n == 6) {
    auto& [a, b, c, d, e, g] = value;
    return f(a, b, c, d, e, g);
  } else if constexpr (n == 7) {
    auto& [a, b, c, d, e, g, h] = value;
    return f(a, b, c, d, e, g, h);
  } else if constexpr (n == 8) {
    auto& [a, b, c, d, e, g, h, i] = value;
    return f(a, b, c, d, e, g, h, i);
  } else if constexpr (n == 9) {
    auto& [a, b, c, d, e, g, h, i, j] = value;
    return f(a, b, c, d, e, g, h, i, j);
  } else if constexpr (n == 10) {
    auto& [a, b, c, d, e, g, h, i, j, k] = value;
    return f(a, b, c, d, e, g, h, i, j, k);
  } else if constexpr (n == 11) {
    auto& [a, b, c, d, e, g, h, i, j, k, l] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l);
  } else if constexpr (n == 12) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m);
  } else if constexpr (n == 13) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o);
  } else if constexpr (n == 14) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o, p);
  } else if constexpr (n == 15) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q);
  } else if constexpr (n == 16) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r);
  } else if constexpr (n == 17) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s);
  } else if constexpr (n == 18) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s, t] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s, t);
  } else {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s, t, u] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s, t, u);
  }
}

// An object that exists only by name: pointers to its fields, as template arguments, spell the fields' names.
template <class T>
struct Named {
  T value;
};
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
template <class T>
extern const Named<T> kNamed;

template <class T>
struct PointerTo {
  const T* pointer;
};
template <class T>
PointerTo(const T*) -> PointerTo<T>;

template <std::size_t I>
struct PointerToField {
  template <class... Fields>
  constexpr auto operator()(const Fields&... fields) const {
    return PointerTo{std::get<I>(std::tuple{&fields...})};
  }
};

template <auto kPointer>
consteval std::string_view spelled() {
  return __PRETTY_FUNCTION__;
}
template <class Type>
consteval std::string_view spelled() {
  return __PRETTY_FUNCTION__;
}

constexpr bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The last identifier that ends at or before `end`.
consteval std::string_view last_name(std::string_view text, std::size_t end) {
  while (end > 0 && !is_name_character(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_name_character(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

template <class T, std::size_t I>
consteval std::string_view field_name() {
  constexpr auto pointer = with_fields(kNamed<T>.value, PointerToField<I>{});
  constexpr std::string_view text = spelled<pointer>();
  // g++: "... [with auto kPointer = ...{(& kNamed<T>.Named<T>::value.T::count)}; ..."; clang:
  // "...{&kNamed.value.count}]"
  constexpr std::size_t gcc = text.find("; ");
  return last_name(text, gcc == std::string_view::npos ? text.size() : gcc);
}

// The unqualified name of a class or enumeration.
template <class T>
consteval std::string_view type_name() {
  constexpr std::string_view text = spelled<T>();
  // g++: "... [with Type = ns::T; ..."; clang: "... [Type = ns::T]"
  constexpr std::size_t begin = text.rfind(" = ", text.find("; std::string_view"));
  constexpr std::size_t stop = text.find(';', begin);
  constexpr std::size_t end = stop == std::string_view::npos ? text.size() - 1 : stop;
  return last_name(text, end);
}

// ---- Which family of the value grammar a type belongs to.

template <class T, template <class...> class Of>
inline constexpr bool kIs = false;
template <class... A, template <class...> class Of>
inline constexpr bool kIs<Of<A...>, Of> = true;

template <class T>
inline constexpr bool kIsStdArray = false;
template <class T, std::size_t N>
inline constexpr bool kIsStdArray<std::array<T, N>> = true;

template <class T>
inline constexpr bool kIsByte = std::is_same_v<T, std::byte> || std::is_same_v<T, unsigned char>;

template <class T>
inline constexpr bool kIsBytes = false;
template <class T, class A>
inline constexpr bool kIsBytes<std::vector<T, A>> = kIsByte<T>;
template <class T>
inline constexpr bool kIsBytesView = false;
template <class T>
inline constexpr bool kIsBytesView<std::span<const T, std::dynamic_extent>> = kIsByte<T>;

template <class T>
inline constexpr bool kIsMap = kIs<T, std::map> || kIs<T, std::unordered_map>;
template <class T>
inline constexpr bool kIsSet = kIs<T, std::set> || kIs<T, std::unordered_set>;
template <class T>
inline constexpr bool kIsTuple = kIs<T, std::tuple> || kIs<T, std::pair>;
template <class T>
inline constexpr bool kIsAggregate =
    std::is_class_v<T> && std::is_aggregate_v<T> && !kIsStdArray<T> && std::is_default_constructible_v<T>;

// ---- The text.

struct Text {
  static constexpr std::size_t kMaxBytes = 4000;
  char data[kMaxBytes] = {};
  std::size_t size = 0;
  constexpr void add(std::string_view part) {
    for (char c : part) data[size++] = c;  // past the end: not a constant expression, so it does not compile
  }
  constexpr void add(std::size_t number) {
    if (number >= 10) add(number / 10);
    data[size++] = static_cast<char>('0' + number % 10);
  }
};

template <class T>
constexpr void describe(Text& out);

// The types of an aggregate's fields, as a tuple of std::type_identity.
struct TypesOf {
  template <class... Fields>
  constexpr auto operator()(Fields&...) const {
    return std::tuple<std::type_identity<std::remove_cvref_t<Fields>>...>{};
  }
};
template <class T>
using FieldTypes = decltype(with_fields(std::declval<T&>(), TypesOf{}));

template <class T, std::size_t I>
constexpr void describe_field(Text& out) {
  if (I > 0) out.add(", ");
  out.add(field_name<T, I>());
  out.add(": ");
  describe<typename std::tuple_element_t<I, FieldTypes<T>>::type>(out);
}

template <class T, std::size_t... I>
constexpr void describe_fields(Text& out, std::index_sequence<I...>) {
  (describe_field<T, I>(out), ...);
}

template <class... T>
constexpr void describe_list(Text& out, std::string_view before, std::string_view after) {
  out.add(before);
  std::size_t i = 0;
  ((out.add(i++ == 0 ? "" : ", "), describe<T>(out)), ...);
  out.add(after);
}

template <class T>
inline constexpr bool kNoCodec = false;

template <class T>
constexpr void describe(Text& out) {
  static_assert(!std::is_reference_v<T> && !std::is_pointer_v<T>, "pointers and references cannot cross a channel");
  if constexpr (std::is_void_v<T>) {
    out.add("void");
  } else if constexpr (std::is_same_v<T, bool>) {
    out.add("bool");
  } else if constexpr (std::is_enum_v<T>) {
    out.add("enum ");
    out.add(type_name<T>());
    out.add(": ");
    describe<std::underlying_type_t<T>>(out);
  } else if constexpr (std::is_integral_v<T>) {
    static_assert(!std::is_same_v<T, wchar_t> && !std::is_same_v<T, char8_t> && sizeof(T) <= 8);
    out.add(std::is_signed_v<T> ? "i" : "u");
    out.add(sizeof(T) * 8);
  } else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    out.add(sizeof(T) == 4 ? "f32" : "f64");
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    out.add("string");
  } else if constexpr (kIsBytes<T> || kIsBytesView<T>) {
    out.add("bytes");
  } else if constexpr (kIs<T, std::vector>) {
    describe_list<typename T::value_type>(out, "list<", ">");
  } else if constexpr (kIsStdArray<T>) {
    describe_list<typename T::value_type>(out, "array<", ", ");
    out.add(std::tuple_size_v<T>);
    out.add(">");
  } else if constexpr (kIsMap<T>) {
    describe_list<typename T::key_type, typename T::mapped_type>(out, "map<", ">");
  } else if constexpr (kIsSet<T>) {
    describe_list<typename T::key_type>(out, "set<", ">");
  } else if constexpr (kIs<T, std::optional>) {
    describe_list<typename T::value_type>(out, "optional<", ">");
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    out.add("void");
  } else if constexpr (kIs<T, std::variant>) {
    [&]<class... A>(std::type_identity<std::variant<A...>>) {
      describe_list<A...>(out, "variant<", ">");
    }(std::type_identity<T>{});
  } else if constexpr (kIsTuple<T>) {
    [&]<template <class...> class Of, class... A>(std::type_identity<Of<A...>>) {
      describe_list<A...>(out, "tuple<", ">");
    }(std::type_identity<T>{});
  } else if constexpr (kIsAggregate<T>) {
    out.add(type_name<T>());
    out.add("{");
    describe_fields<T>(out, std::make_index_sequence<field_count<T>()>{});
    out.add("}");
  } else {
    static_assert(kNoCodec<T>,
                  "this type cannot cross a channel: use integers, floats, enums, strings, byte vectors and spans, "
                  "vectors, arrays, maps, sets, optionals, variants, tuples, or plain aggregates of these");
  }
}

// "Name(parameters) -> result" as an array of exactly its size.
template <class Describe>
consteval auto text_of(Describe describe_it) {
  constexpr std::size_t size = [](Describe d) {
    Text text;
    d(text);
    return text.size;
  }(Describe{});
  Text text;
  describe_it(text);
  std::array<char, size> out{};
  for (std::size_t i = 0; i < size; ++i) out[i] = text.data[i];
  return out;
}

// FNV-1a, 64 bits: tells structures apart; it is no defence against anybody.
constexpr std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace adyton::detail

#ifdef __clang__
#pragma clang diagnostic pop
#endif
