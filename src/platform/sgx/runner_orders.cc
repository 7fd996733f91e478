// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/runner_orders.h"

#include "base/cbor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kFormat = "adyton-sgx-runner-1";

}  // namespace

Secret encode_runner_orders(const RunnerOrders& orders) {
  Bytes encoded = cbor::Writer()
                      .array(6)
                      .text(kFormat)
                      .boolean(orders.strict)
                      .boolean(orders.debugger)
                      .unsigned_integer(orders.trace)
                      .bytes(orders.fuses ? orders.fuses->expose() : BytesView())
                      .bytes(orders.image)
                      .encoded();
  Secret out = Secret::copy_of(encoded);
  wipe(encoded);
  return out;
}

Result<RunnerOrders> parse_runner_orders(BytesView encoded) {
  cbor::Reader reader(encoded);
  TRY(reader.read_array_head(6));
  if (TRY(reader.read_text()) != kFormat) return invalid("orders of another version than this program");
  RunnerOrders out;
  out.strict = TRY(reader.read_boolean());
  out.debugger = TRY(reader.read_boolean());
  out.trace = static_cast<std::uint32_t>(TRY(reader.read_unsigned()));
  const BytesView fuses = TRY(reader.read_bytes());
  if (!fuses.empty()) out.fuses = Secret::copy_of(fuses);
  out.image = TRY(reader.read_bytes());
  TRY(reader.finish());
  return out;
}

}  // namespace adyton
