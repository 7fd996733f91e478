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
                      .boolean(orders.trace)
                      .bytes(orders.fuses.expose())
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
  out.trace = TRY(reader.read_boolean());
  out.fuses = Secret::copy_of(TRY(reader.read_bytes()));
  out.image = TRY(reader.read_bytes());
  TRY(reader.finish());
  return out;
}

}  // namespace adyton
