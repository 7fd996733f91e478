// SPDX-License-Identifier: Apache-2.0
// Finds the handler of an incoming call and runs it.
#pragma once

#include <unordered_map>

#include <adyton/handlers.h>
#include <adyton/result.h>
#include "call/channel_map.h"

namespace adyton {

class HandlerTable {
 public:
  HandlerTable() = default;
  // Errors: invalid (two handlers for one name).
  static Result<HandlerTable> make(const Handlers& handlers);

  // Runs the handler `head` asks for on its arguments. Fills `reply` and returns what kind of message it is.
  MessageKind answer(const MessageHead& head, Decoder& arguments, Encoder& reply) const;

 private:
  std::unordered_map<std::uint64_t, Handler> by_name_;
};

// An error as the payload of a kError message, and back; what comes back is cut to 64 KiB and has a known code.
void write_error(Encoder& out, const Error& error);
Error read_error(Decoder& in);

}  // namespace adyton
