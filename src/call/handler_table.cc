// SPDX-License-Identifier: Apache-2.0
#include "call/handler_table.h"

#include <algorithm>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxErrorBytes = 64u << 10;

}  // namespace

Result<HandlerTable> HandlerTable::make(const Handlers& handlers) {
  HandlerTable table;
  for (const Handler& handler : handlers.list()) {
    if (!table.by_name_.try_emplace(handler.name_hash, handler).second) {
      return invalid("two handlers for {}", handler.text.substr(0, handler.text.find('(')));
    }
  }
  return table;
}

MessageKind HandlerTable::answer(const MessageHead& head, Decoder& arguments, Encoder& reply) const {
  const auto found = by_name_.find(head.name_hash);
  if (found == by_name_.end()) return MessageKind::kNoSuchCall;
  if (found->second.structure_hash != head.structure_hash) {
    reply.write_bytes(as_bytes(found->second.text));
    return MessageKind::kOtherStructure;
  }
  auto result = found->second.run(arguments, reply);
  if (result) return MessageKind::kReply;
  reply.clear();
  write_error(reply, result.error());
  return MessageKind::kError;
}

void write_error(Encoder& out, const Error& error) {
  out.write_integer(static_cast<std::uint8_t>(error.code));
  auto text = std::make_shared<std::string>(error.message.substr(0, kMaxErrorBytes));
  out.write_bytes(as_bytes(*text));
  out.hold(std::move(text));
}

Error read_error(Decoder& in) {
  const auto code = in.read_integer<std::uint8_t>();
  std::string message;
  in.append_to(message, std::min<std::uint64_t>(in.remaining(), kMaxErrorBytes));
  const bool known = code >= 1 && code <= static_cast<std::uint8_t>(ErrorCode::kInternal);
  return Error{known ? static_cast<ErrorCode>(code) : ErrorCode::kInternal, std::move(message)};
}

}  // namespace adyton
