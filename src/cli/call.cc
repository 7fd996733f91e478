// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <adyton/call.h>
#include "base/error.h"
#include "call/json_values.h"
#include "cli/command.h"
#include "cli/launch.h"

namespace adyton {
namespace {

struct Options {
  LaunchArguments launch;
  std::string method;
  std::string arguments = "[]";
  double timeout_s = 30;
};

Result<Method> find_method(const VerifiedImage& image, const std::string& name) {
  std::string served;
  for (const Method& method : image.image().manifest().calls) {
    if (method.name == name) return method;
    served += fmt::format("\n  {}{}", method.name, method.structure);
  }
  if (served.empty()) return not_found("it serves no calls; run it with: adyton run");
  return not_found("it serves no {}; it serves{}", name, served);
}

Result<int> call(const Options& options) {
  const VerifiedImage image = TRY(load_verified(options.launch.image));
  const Method method = TRY(find_method(image, options.method).within(options.launch.image));
  const std::string text = method.name + method.structure;
  const CallTree tree = TRY(parse_call_text(text));
  const Bytes arguments = TRY(arguments_from_json(tree.parameters, options.arguments).within(method.name));

  const Launched launched = TRY(launch(image, options.launch));
  Endpoint& endpoint = launched.instance->endpoint();
  const std::chrono::nanoseconds timeout(static_cast<std::int64_t>(options.timeout_s * 1e9));
  TRY(endpoint.wait_ready(timeout).within("launching " + options.launch.image));

  std::string result;
  const auto encode = [&](Encoder& out) { out.write_bytes(arguments); };
  const auto decode = [&](Decoder& in) -> Result<void> {
    result = TRY(result_to_json(tree.result, in));
    return {};
  };
  const detail::CallTarget target{text, detail::hash_of(method.name), detail::hash_of(text)};
  TRY(endpoint.call(target, {.timeout = timeout}, encode, decode));
  fmt::print("{}\n", result);
  static_cast<void>(launched.instance->stop());
  return 0;
}

}  // namespace

Run declare_call(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->launch.terse = true;
  options->launch.declare(app);
  options->launch.declare_trace(app);
  app.add_option("METHOD", options->method, "what to call; `adyton inspect` lists what is served")->required();
  app.add_option("ARGUMENTS", options->arguments, "a JSON array, one element a parameter (default [])");
  app.add_option("--timeout", options->timeout_s, "seconds to wait (default 30; 0: for ever)")
      ->check(CLI::Range(0.0, 1e9));
  return [options] { return call(*options); };
}

}  // namespace adyton
