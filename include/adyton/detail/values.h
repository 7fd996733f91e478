// SPDX-License-Identifier: Apache-2.0
// Values to bytes and back, by the grammar of docs/formats/values.md.
#pragma once

#include <bit>

#include <adyton/codec.h>
#include <adyton/detail/structure.h>

namespace adyton::detail {

// The fewest bytes a value of T takes: what a count is checked against before anything is allocated.
template <class T>
consteval std::size_t least_bytes();

template <class... T>
consteval std::size_t least_bytes_of(std::type_identity<std::tuple<std::type_identity<T>...>>) {
  return (std::size_t{0} + ... + least_bytes<T>());
}

template <class T>
consteval std::size_t least_bytes() {
  if constexpr (std::is_same_v<T, bool>) {
    return 1;
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return sizeof(T);
  } else if constexpr (kIsStdArray<T>) {
    return std::tuple_size_v<T> * least_bytes<typename T::value_type>();
  } else if constexpr (kIs<T, std::optional> || kIs<T, std::variant>) {
    return 1;
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    return 0;
  } else if constexpr (kIsTuple<T>) {
    return []<template <class...> class Of, class... A>(std::type_identity<Of<A...>>) {
      return (std::size_t{0} + ... + least_bytes<A>());
    }(std::type_identity<T>{});
  } else if constexpr (kIsAggregate<T>) {
    return least_bytes_of(std::type_identity<FieldTypes<T>>{});
  } else {
    return 4;  // a count
  }
}

template <class T>
void write_value(Encoder& out, const T& value);

struct WriteAll {
  Encoder& out;
  template <class... T>
  void operator()(const T&... values) const {
    (write_value(out, values), ...);
  }
};

template <class T>
void write_value(Encoder& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out.write_integer<std::uint8_t>(value ? 1 : 0);
  } else if constexpr (std::is_enum_v<T>) {
    write_value(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_integral_v<T>) {
    out.write_integer(static_cast<std::make_unsigned_t<T>>(value));
  } else if constexpr (std::is_same_v<T, float>) {
    out.write_integer(std::bit_cast<std::uint32_t>(value));
  } else if constexpr (std::is_same_v<T, double>) {
    out.write_integer(std::bit_cast<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    out.write_count(value.size());
    out.write_bytes(as_bytes(value));
  } else if constexpr (kIsBytes<T> || kIsBytesView<T>) {
    out.write_count(value.size());
    out.write_bytes(std::as_bytes(std::span(value)));
  } else if constexpr (kIs<T, std::vector>) {
    static_assert(least_bytes<typename T::value_type>() > 0, "a list's elements take at least one byte each");
    out.write_count(value.size());
    for (const auto& element : value) write_value<typename T::value_type>(out, element);
  } else if constexpr (kIsStdArray<T>) {
    for (const auto& element : value) write_value(out, element);
  } else if constexpr (kIsMap<T>) {
    out.write_count(value.size());
    for (const auto& [key, mapped] : value) {
      write_value(out, key);
      write_value(out, mapped);
    }
  } else if constexpr (kIsSet<T>) {
    out.write_count(value.size());
    for (const auto& key : value) write_value(out, key);
  } else if constexpr (kIs<T, std::optional>) {
    write_value(out, value.has_value());
    if (value) write_value(out, *value);
  } else if constexpr (kIs<T, std::variant>) {
    static_assert(std::variant_size_v<T> <= 255);
    out.write_integer(static_cast<std::uint8_t>(value.index()));
    std::visit([&](const auto& alternative) { write_value(out, alternative); }, value);
  } else if constexpr (std::is_same_v<T, std::monostate>) {
  } else if constexpr (kIsTuple<T>) {
    std::apply(WriteAll{out}, value);
  } else {
    static_assert(kIsAggregate<T>, "this type cannot cross a channel");
    with_fields(value, WriteAll{out});
  }
}

template <class T>
T read_value(Decoder& in);

struct ReadAll {
  Decoder& in;
  template <class... T>
  void operator()(T&... values) const {
    ((values = read_value<T>(in)), ...);
  }
};

template <class T>
T read_container(Decoder& in) {
  T out{};
  if constexpr (kIsMap<T>) {
    using Key = typename T::key_type;
    using Mapped = typename T::mapped_type;
    static_assert(least_bytes<Key>() > 0, "a map's keys take at least one byte each");
    for (auto n = in.read_count(least_bytes<Key>() + least_bytes<Mapped>()); n > 0 && !in.failed(); --n) {
      auto key = read_value<Key>(in);
      auto mapped = read_value<Mapped>(in);
      if (!in.failed() && !out.emplace(std::move(key), std::move(mapped)).second) {
        in.fail({ErrorCode::kInvalid, "a map with the same key twice"});
      }
    }
  } else if constexpr (kIsSet<T>) {
    using Key = typename T::key_type;
    static_assert(least_bytes<Key>() > 0, "a set's elements take at least one byte each");
    for (auto n = in.read_count(least_bytes<Key>()); n > 0 && !in.failed(); --n) {
      auto key = read_value<Key>(in);
      if (!in.failed() && !out.insert(std::move(key)).second) {
        in.fail({ErrorCode::kInvalid, "a set with the same element twice"});
      }
    }
  } else {
    using Element = typename T::value_type;
    static_assert(least_bytes<Element>() > 0, "a list's elements take at least one byte each");
    auto n = in.read_count(least_bytes<Element>());
    out.reserve(n < 4096 ? n : 4096);
    for (; n > 0 && !in.failed(); --n) out.push_back(read_value<Element>(in));
  }
  return out;
}

template <class T, std::size_t... I>
T read_variant(Decoder& in, std::index_sequence<I...>) {
  const auto index = in.read_integer<std::uint8_t>();
  T out{};
  if (index >= sizeof...(I)) {
    in.fail({ErrorCode::kInvalid, "a variant with an alternative that it does not have"});
  } else if (!in.failed()) {
    static_cast<void>(
        ((index == I &&
          (static_cast<void>(out.template emplace<I>(read_value<std::variant_alternative_t<I, T>>(in))), true)) ||
         ...));
  }
  return out;
}

template <class T>
T read_nested(Decoder& in) {
  T out{};
  if (in.enter()) {
    if constexpr (kIsBytes<T>) {
      in.append_to(out, in.read_count(1));
    } else if constexpr (kIsStdArray<T>) {
      for (auto& element : out) element = read_value<typename T::value_type>(in);
    } else if constexpr (kIs<T, std::optional>) {
      if (read_value<bool>(in)) out = read_value<typename T::value_type>(in);
    } else if constexpr (kIs<T, std::variant>) {
      out = read_variant<T>(in, std::make_index_sequence<std::variant_size_v<T>>{});
    } else if constexpr (kIsTuple<T>) {
      std::apply(ReadAll{in}, out);
    } else if constexpr (kIsAggregate<T>) {
      with_fields(out, ReadAll{in});
    } else {
      out = read_container<T>(in);
    }
  }
  in.leave();
  return out;
}

template <class T>
T read_value(Decoder& in) {
  if constexpr (std::is_same_v<T, bool>) {
    const auto value = in.read_integer<std::uint8_t>();
    if (value > 1) in.fail({ErrorCode::kInvalid, "a bool that is neither 0 nor 1"});
    return value == 1;
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(read_value<std::underlying_type_t<T>>(in));
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(in.read_integer<std::make_unsigned_t<T>>());
  } else if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<float>(in.read_integer<std::uint32_t>());
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(in.read_integer<std::uint64_t>());
  } else if constexpr (std::is_same_v<T, std::string>) {
    std::string out;
    in.append_to(out, in.read_count(1));
    return out;
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return as_text(in.read_view(in.read_count(1)));
  } else if constexpr (kIsBytesView<T>) {
    return in.read_view(in.read_count(1));
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    return {};
  } else {
    return read_nested<T>(in);
  }
}

}  // namespace adyton::detail
