// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/development.h"
#include "cli/files.h"
#include "cli/sign_sgx.h"
#include "crypto/keys.h"
#include "image/build.h"
#include "image/sgx/sgx_sign.h"

namespace adyton {
namespace {

struct Options {
  std::string input, manifest, key, output;
  std::string to_be_signed, signature, public_key;
  SgxSignOptions sgx;

  // Signing for SGX alone leaves the signature that the image has.
  [[nodiscard]] bool keeps_signature_of(const Image& image) const {
    return sgx.signs() && key.empty() && !image.signature().empty();
  }
};

Result<PublicKey> load_public_key(const std::string& path) {
  if (path.empty()) return invalid("a key that lives elsewhere needs --public-key");
  return PublicKey::parse_pem(as_text(TRY(load_file(path)))).within(path);
}

// The image without a signature, made from a linked program if there is a manifest to give it.
Result<Image> unsigned_image(const Options& options) {
  Bytes file = TRY(load_file(options.input));
  if (options.manifest.empty()) return Image::parse(std::move(file)).within(options.input);
  TRY(check_linked_program(file).within(options.input));
  const Manifest manifest =
      TRY(parse_manifest_toml(as_text(TRY(load_file(options.manifest)))).within(options.manifest));
  return Image::parse(TRY(attach_manifest(file, manifest).within(options.input)));
}

Result<PrivateKey> load_private_key(const std::string& path) {
  if (path.empty()) return development_signer();
  return PrivateKey::parse_pem(as_text(TRY(load_file(path)))).within(path);
}

// First of two steps: what is to be signed, for the image, for SGX or for both.
Result<int> prepare(const Image& image, const Options& options) {
  if (!options.to_be_signed.empty()) {
    const PublicKey signer = TRY(load_public_key(options.public_key));
    TRY(save_file(options.to_be_signed, TRY(to_be_signed(image, signer))));
  }
  if (!options.sgx.to_be_signed.empty()) TRY(save_sgx_to_be_signed(image, options.sgx));
  if (!options.output.empty()) TRY(save_file(options.output, image.file(), FileMode::kProgram));
  return 0;
}

Result<Image> signed_image(Image image, const Options& options) {
  if (!options.signature.empty()) {
    const PublicKey signer = TRY(load_public_key(options.public_key));
    image = TRY(Image::parse(TRY(attach_signature(image, signer, TRY(load_file(options.signature))))));
    return signed_for_sgx(std::move(image), options.sgx, std::nullopt);
  }
  if (options.keeps_signature_of(image)) return signed_for_sgx(std::move(image), options.sgx, std::nullopt);
  const PrivateKey key = TRY(load_private_key(options.key));
  image = TRY(Image::parse(TRY(sign_image(image, key))));
  return signed_for_sgx(std::move(image), options.sgx, key);
}

// "vault" is also the image vault.enclave, which then is signed where it is; and what becomes of the program vault.elf.
Options with_defaults(Options options) {
  constexpr std::string_view kSuffix = ".enclave";
  if (!std::filesystem::exists(options.input) && std::filesystem::exists(options.input + std::string(kSuffix))) {
    options.input += kSuffix;
  }
  const bool prepares = !options.to_be_signed.empty() || !options.sgx.to_be_signed.empty();
  if (!options.output.empty() || prepares || options.input == "-") return options;
  options.output = options.manifest.empty() ? options.input
                                            : std::filesystem::path(options.input).replace_extension(kSuffix).string();
  return options;
}

Result<int> sign(const Options& given) {
  const Options options = with_defaults(given);
  Image image = TRY(with_keep(TRY(unsigned_image(options)), options.sgx));
  if (!options.to_be_signed.empty() || !options.sgx.to_be_signed.empty()) return prepare(image, options);
  const bool development = options.key.empty() && options.signature.empty() && !options.keeps_signature_of(image);
  const VerifiedImage done = TRY(verify_image(TRY(signed_image(std::move(image), options))));
  std::string sgx;
  if (!done.image().sigstruct().empty()) {
    const SignedSgxPlan enclave = TRY(verify_sgx_signature(done.image()).within("for SGX"));
    sgx = fmt::format("{}: for SGX MRENCLAVE {:.16}..., MRSIGNER {:.16}...\n", options.output,
                      to_hex(enclave.sigstruct.fields.measurement), to_hex(enclave.sigstruct.signer));
  }
  TRY(save_file(options.output, done.image().file(), FileMode::kProgram));
  fmt::print("{}: image {:.16}..., signed by {:.16}...{}\n{}", options.output, to_hex(done.identity().image),
             to_hex(done.identity().signer), development ? ", your development key" : "", sgx);
  return 0;
}

}  // namespace

Run declare_sign(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("INPUT", options->input, "a static-PIE program, or an image to sign again (also without its .enclave)")
      ->required();
  app.add_option("-m,--manifest", options->manifest, "adyton.toml, for a program that is no image yet");
  app.add_option("-k,--key", options->key, "private key (PEM); without one, this user's development key");
  app.add_option("-o,--output", options->output,
                 "the signed image; else an image is signed where it is, and a program's is beside it, NAME.enclave");
  app.add_option("--to-be-signed", options->to_be_signed,
                 "write what a key that lives elsewhere signs; with --output, the unsigned image as well");
  app.add_option("--signature", options->signature, "attach a signature made elsewhere");
  app.add_option("--public-key", options->public_key, "of the key that lives elsewhere (PEM)");
  declare_sgx_options(app, options->sgx);
  return [options] { return sign(*options); };
}

}  // namespace adyton
