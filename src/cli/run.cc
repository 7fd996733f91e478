// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <fmt/format.h>
#include <sys/signalfd.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/debugger.h"
#include "cli/launch.h"

namespace adyton {
namespace {

struct Options {
  LaunchArguments launch;
  std::vector<std::string> arguments;
  bool gdb = false;
};

// SIGINT and SIGTERM as something to wait for, from construction on.
class Interruption {
 public:
  Interruption() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals_, nullptr);
  }
  // The signal, or nothing when the instance ended first.
  std::optional<int> wait_with(Instance& instance) {
    timespec poll{.tv_sec = 0, .tv_nsec = 50'000'000};
    for (;;) {
      const int signal = sigtimedwait(&signals_, nullptr, &poll);
      if (signal > 0) return signal;
      if (instance.wait(std::chrono::nanoseconds(1))) return std::nullopt;
    }
  }

 private:
  sigset_t signals_{};
};

int status_of(const Exit& exit) { return exit.signalled ? 128 + exit.status : exit.status; }

Result<int> run_program(const VerifiedImage& image, const Options& options) {
  LaunchConfig config{.arguments = options.arguments, .inherit_stdio = true};
  config.wait_for_debugger = options.gdb;
  Interruption interruption;
  const Launched launched = TRY(launch(image, options.launch, std::move(config)));
  if (options.gdb) return run_debugger(launched.instance->debugger_arguments(options.launch.image));
  if (const auto signal = interruption.wait_with(*launched.instance)) {
    TRY(launched.instance->stop());
    return 128 + *signal;
  }
  const Exit exit = TRY(launched.instance->wait(std::chrono::nanoseconds(0)));
  if (exit.signalled) fmt::print(stderr, "adyton: {} was {}\n", image.identity().name, exit.text);
  return status_of(exit);
}

Result<int> run_server(const VerifiedImage& image, const Options& options) {
  LaunchConfig config{.arguments = options.arguments};
  config.wait_for_debugger = options.gdb;
  Interruption interruption;
  const Launched launched = TRY(launch(image, options.launch, std::move(config)));
  if (options.gdb) return run_debugger(launched.instance->debugger_arguments(options.launch.image));
  TRY(launched.instance->endpoint().wait_ready(std::chrono::seconds(30)).within("launching " + options.launch.image));
  fmt::print("{} serves\n", image.identity().name);
  for (const Method& method : image.image().manifest().calls) fmt::print("  {}{}\n", method.name, method.structure);
  fmt::print("until interrupted (Ctrl-C).\n");
  std::fflush(stdout);
  if (interruption.wait_with(*launched.instance)) {
    const Exit exit = TRY(launched.instance->stop());
    fmt::print("{} {}\n", image.identity().name, exit.text);
    return 0;
  }
  const Exit exit = TRY(launched.instance->wait(std::chrono::nanoseconds(0)));
  return unavailable("{} {}", image.identity().name, exit.text);
}

Result<int> run(const Options& options) {
  const VerifiedImage image = TRY(load_verified(options.launch.image));
  if (options.gdb && !image.image().manifest().debug) {
    return denied("{}: only images whose manifest says `debug = true` can be debugged; it is part of their identity",
                  options.launch.image);
  }
  return image.image().manifest().calls.empty() ? run_program(image, options) : run_server(image, options);
}

}  // namespace

Run declare_run(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->launch.declare(app);
  options->launch.declare_trace(app);
  app.add_option("ARGUMENTS", options->arguments, "the program's own, after --");
  app.add_flag("--gdb", options->gdb, "stop at main() in gdb, with the image's symbols (debug images only)");
  return [options] { return run(*options); };
}

}  // namespace adyton
