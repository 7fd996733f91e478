// SPDX-License-Identifier: Apache-2.0
// Any bytes as a value of every family of the grammar: what decodes must encode to bytes of the same size.
#include <cstdlib>

#include <adyton/call.h>
#include "call/json_values.h"
#include "call/structure_text.h"

namespace {

struct Inner {
  std::optional<std::string> text;
  std::array<std::int16_t, 3> numbers{};
};
struct Outer {
  std::vector<Inner> inners;
  std::map<std::string, std::vector<std::byte>> blobs;
  std::variant<std::monostate, bool, double, Inner> choice;
  std::set<std::uint32_t> set;
  std::pair<float, std::vector<bool>> pair;
};
constexpr adyton::Call<"f", void(const Outer&)> call;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  Decoder in(bytes);
  const auto value = detail::read_value<Outer>(in);
  const bool good = in.finish().has_value();
  if (good) {
    Encoder out;
    detail::write_value(out, value);
    if (out.size() != size) std::abort();
  }
  static const auto tree = parse_call_text(call.kText).value();
  Decoder again(bytes);
  const bool as_json = result_to_json(tree.parameters[0], again).has_value();
  if (good && !as_json) std::abort();  // JSON takes everything the typed side takes
  return 0;
}
