// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image file: what parses has regions that hold to their rules, and what is executed is what is
// measured.
#include <algorithm>
#include <cstdlib>

#include "image/build.h"
#include "image/digest.h"
#include "image/function_names.h"
#include "image/launch_plan.h"

namespace adyton {
namespace {

void check_plan(const LaunchPlan& plan) {
  std::uint64_t end = 0;
  for (const Region& region : plan.regions) {
    const bool in_order = region.address >= end && region.bytes.size() <= region.size;
    const bool in_executable =
        region.bytes.empty() || region.bytes.data() == plan.executable.data() + region.file_offset;
    if (!in_order || !in_executable || (region.writable && region.executable)) std::abort();
    end = region.address + region.size;
  }
  // The file to execute is itself a program with this very plan.
  const auto again = make_launch_plan(plan.executable, {});
  if (!again || again->executable != plan.executable || image_digest(*again, {}) != image_digest(plan, {}))
    std::abort();
}

}  // namespace
}  // namespace adyton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView input = std::as_bytes(std::span(data, size));
  if (const auto plan = make_launch_plan(input, {})) check_plan(*plan);
  if (const auto names = FunctionNames::read(input)) {
    for (const std::uint64_t address : {0x0ull, 0x1000ull, 0x401000ull, ~0ull}) (void)names->at(address);
  }
  if (auto image = Image::parse(to_bytes(input))) (void)verify_image(std::move(*image));
  if (const auto made = attach_manifest(input, {.name = "fuzz"})) {
    const auto image = Image::parse(*made);
    if (!image || image->manifest().name != "fuzz") std::abort();
    // Once more: the same program, if not the same file: a stray sh_link may point to the new names, and then there may
    // even be no symbols to be found.
    const auto again = attach_manifest(*made, {.name = "fuzz"});
    if (!again) return 0;
    const auto before = make_launch_plan(*made, {}), after = make_launch_plan(*again, {});
    if (before.has_value() != after.has_value()) std::abort();
    if (before && image_digest(*before, {}) != image_digest(*after, {})) std::abort();
  }
  return 0;
}
