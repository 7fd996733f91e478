// SPDX-License-Identifier: Apache-2.0
#include "platform/process/orders_writer.h"

#include <span>

#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {

template <class T>
std::uint32_t count(const std::vector<T>& list) {
  return static_cast<std::uint32_t>(list.size());
}

}  // namespace

Result<Bytes> encode_orders(const Orders& orders) {
  const supervisor::OrdersHeader header{
      .flags = orders.flags,
      .user = orders.user,
      .open_files = orders.open_files,
      .stack_bytes = orders.stack_bytes,
      .address_space_bytes = orders.address_space_bytes,
      .filter_instructions = count(orders.filter),
      .fallback_instructions = count(orders.fallback),
      .connect_ports = count(orders.connect_ports),
      .listen_ports = count(orders.listen_ports),
      .read_paths = count(orders.read_paths),
      .write_paths = count(orders.write_paths),
      .arguments = count(orders.arguments),
      .environment = count(orders.environment),
      .handed = orders.handed,
  };
  Bytes out;
  append(out, std::as_bytes(std::span(&header, 1)));
  append(out, std::as_bytes(std::span(orders.filter)));
  append(out, std::as_bytes(std::span(orders.fallback)));
  append(out, std::as_bytes(std::span(orders.connect_ports)));
  append(out, std::as_bytes(std::span(orders.listen_ports)));
  for (const auto* list : {&orders.read_paths, &orders.write_paths, &orders.arguments, &orders.environment}) {
    for (const std::string& text : *list) {
      if (text.contains('\0')) return invalid("an argument, variable or path with a zero byte in it");
      append(out, as_bytes(std::string_view(text.c_str(), text.size() + 1)));
    }
  }
  return out;
}

}  // namespace adyton
