// SPDX-License-Identifier: Apache-2.0
#include <adyton/host.h>

#include "base/error.h"
#include "image/image.h"
#include "platform/backends.h"
#include "platform/directory_storage.h"

namespace adyton {

struct Enclave::Impl {
  Identity identity;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Instance> instance;  // before the back-end that made it
};

namespace {

Result<void> check_expectations(const Identity& identity, const LaunchOptions& options) {
  if (options.expect_signer && identity.signer != *options.expect_signer) {
    return untrusted("it is signed by {}, not by {}", to_hex(identity.signer), to_hex(*options.expect_signer));
  }
  if (options.expect_image && identity.image != *options.expect_image) {
    return untrusted("its image is {}, not {}", to_hex(identity.image), to_hex(*options.expect_image));
  }
  return {};
}

Result<LaunchConfig> config_of(LaunchOptions options) {
  LaunchConfig config;
  config.arguments = std::move(options.arguments);
  config.environment = std::move(options.environment);
  config.host_calls = std::move(options.host_calls);
  config.stop_grace = options.stop_grace;
  config.limits.message_bytes = options.message_bytes;
  config.limits.spin = options.spin;
  if (options.output) {
    config.output = [output = std::move(options.output)](StandardStream stream, std::string_view line) {
      output(stream == StandardStream::kError, line);
    };
  }
  if (!options.storage.empty()) config.storage = TRY(DirectoryStorage::open(options.storage));
  return config;
}

}  // namespace

Result<Enclave> Enclave::launch(const std::filesystem::path& path, LaunchOptions options) {
  const std::string context = "launching " + path.string();
  const auto attempt = [&]() -> Result<Enclave> {
    const VerifiedImage image = TRY(verify_image(TRY(Image::load(path))));
    TRY(check_expectations(image.identity(), options));
    if (image.image().manifest().calls.empty()) {
      return invalid("it serves no calls: it is a program of its own; run it with: adyton run {}", path.string());
    }
    auto impl = std::make_unique<Impl>();
    impl->identity = image.identity();
    ChosenBackend chosen = TRY(choose_backend(options.backend, image));
    for (const std::string& line : chosen.passed_over) fmt::print(stderr, "adyton: {}\n", line);
    impl->backend = std::move(chosen.backend);
    const auto timeout = options.launch_timeout;
    impl->instance = TRY(impl->backend->launch(image, TRY(config_of(std::move(options)))));
    TRY(impl->instance->endpoint().wait_ready(timeout));
    return Enclave(std::move(impl));
  };
  return attempt().within(context);
}

Enclave::Enclave(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Enclave::Enclave(Enclave&&) noexcept = default;
Enclave& Enclave::operator=(Enclave&&) noexcept = default;
Enclave::~Enclave() = default;

const Identity& Enclave::identity() const { return impl_->identity; }
std::string_view Enclave::backend() const { return impl_->backend->name(); }
int Enclave::process_id() const { return impl_->instance->process_id(); }
detail::Caller& Enclave::caller() { return impl_->instance->endpoint(); }

Result<std::string> Enclave::stop() {
  auto exit = impl_->instance->stop();
  if (!exit) return std::move(exit).error();
  return std::move(exit->text);
}

}  // namespace adyton
