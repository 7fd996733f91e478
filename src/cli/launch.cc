// SPDX-License-Identifier: Apache-2.0
#include "cli/launch.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "platform/backends.h"
#include "platform/directory_storage.h"

namespace adyton {

void LaunchArguments::declare(CLI::App& app) {
  app.add_option("IMAGE", image, "an enclave image")->required();
  app.add_option("--on", backend,
                 "the back-end: auto (default; what ADYTON_BACKEND says, else the strongest that this machine has and "
                 "the image suits), sgx, process, "
                 "sgx-emulated (isolates nothing: for development)");
  app.add_flag("--strict", strict, "sgx-emulated: trap every ENCLU, as exact as the emulator can be, and slower");
  app.add_option("--storage", storage, "a folder for what the enclave keeps; made if missing");
  app.add_option("--env", environment, "NAME=VALUE for the enclave's environment; its manifest must list NAME")
      ->type_name("NAME=VALUE");
  app.add_flag("-q,--quiet", quiet, "do not say which back-end was taken, and why not a stronger one");
}

void LaunchArguments::declare_trace(CLI::App& app) {
  app.add_flag("--trace", trace,
               "tell each system call as strace does, and which of them left the enclave (debug images, on SGX); "
               "--trace=FILE: to a file instead of standard error")
      ->type_name("[=FILE]");
}

namespace {

Result<Descriptor> open_trace(const std::string& where) {
  constexpr int kReadable = 0644;
  Descriptor out(where == LaunchArguments::kStandardError
                     ? ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
                     : ::open(where.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, kReadable));
  if (!out.valid()) return io_error("--trace={}: {}", where, errno_text(errno));
  return out;
}

}  // namespace

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
  if (arguments.quiet || arguments.terse) config.log = [](std::string_view) {};
  Descriptor trace;
  if (!arguments.trace.empty()) {
    if (!image.image().manifest().debug) {
      return denied("{}: only images whose manifest says `debug = true` can be traced; it is part of their identity",
                    arguments.image);
    }
    trace = TRY(open_trace(arguments.trace));
    config.trace = trace.get();
  }
  Launched out;
  ChosenBackend chosen = TRY(choose_backend(arguments.backend, image).within("launching " + arguments.image));
  for (const std::string& line : chosen.passed_over) {
    if (!arguments.quiet) fmt::print(stderr, "adyton: {}\n", line);
  }
  out.backend = std::move(chosen.backend);
  if (!arguments.quiet && !arguments.terse)
    fmt::print(stderr, "adyton: launching {} on {}\n", image.identity().name, out.backend->name());
  out.instance = TRY(out.backend->launch(image, std::move(config)).within("launching " + arguments.image));
  return out;
}

}  // namespace adyton
