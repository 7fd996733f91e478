// SPDX-License-Identifier: Apache-2.0
#include "cli/launch.h"

#include <fmt/format.h>

#include "base/error.h"
#include "platform/backends.h"
#include "platform/directory_storage.h"

namespace adyton {

void LaunchArguments::declare(CLI::App& app) {
  app.add_option("IMAGE", image, "an enclave image")->required();
  app.add_option(
      "--on", backend,
      "the back-end: auto (default; what ADYTON_BACKEND says, else the strongest this machine has), sgx, process, "
      "sgx-emulated (isolates nothing: for development)");
  app.add_flag("--strict", strict, "sgx-emulated: trap every ENCLU, as exact as the emulator can be, and slower");
  app.add_option("--storage", storage, "a folder for what the enclave keeps; made if missing");
  app.add_option("--env", environment, "NAME=VALUE for the enclave's environment; its manifest must list NAME")
      ->type_name("NAME=VALUE");
  app.add_flag("-q,--quiet", quiet, "do not say which back-end was taken");
}

Result<VerifiedImage> load_verified(const std::string& path) {
  return verify_image(TRY(Image::load(path))).within(path);
}

Result<Launched> launch(const VerifiedImage& image, const LaunchArguments& arguments, LaunchConfig config) {
  for (const std::string& variable : arguments.environment) {
    const std::size_t equals = variable.find('=');
    if (equals == 0 || equals == std::string::npos) return invalid("--env {}: NAME=VALUE is wanted", variable);
    config.environment.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  if (!arguments.storage.empty()) config.storage = TRY(DirectoryStorage::open(arguments.storage));
  config.strict = arguments.strict;
  if (arguments.quiet) config.log = [](std::string_view) {};
  Launched out;
  out.backend = TRY(choose_backend(arguments.backend));
  if (!arguments.quiet) fmt::print(stderr, "adyton: {} runs on {}\n", image.identity().name, out.backend->name());
  out.instance = TRY(out.backend->launch(image, std::move(config)).within("launching " + arguments.image));
  return out;
}

}  // namespace adyton
