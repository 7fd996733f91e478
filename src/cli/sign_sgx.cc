// SPDX-License-Identifier: Apache-2.0
#include "cli/sign_sgx.h"

#include <chrono>

#include "base/error.h"
#include "base/utc.h"
#include "cli/files.h"
#include "crypto/rsa3072.h"
#include "image/sgx/sgx_sign.h"
#include "platform/sgx/keep_program.h"

namespace adyton {
namespace {

// SIGSTRUCT's DATE: the digits of year, month and day in hexadecimal.
Result<std::uint32_t> date_of(const std::string& text) {
  const std::int64_t today =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const std::int64_t seconds = text.empty() ? today : TRY(parse_utc(text).within("--sgx-date"));
  std::string digits = utc_text(seconds).substr(0, 10);
  std::erase(digits, '-');
  return static_cast<std::uint32_t>(std::stoul(digits, nullptr, 16));
}

Result<PublicKey> load_public_key(const std::string& path) {
  if (path.empty()) return invalid("a key that lives elsewhere needs --sgx-public-key");
  return PublicKey::parse_pem(as_text(TRY(load_file(path)))).within(path);
}

}  // namespace

void declare_sgx_options(CLI::App& app, SgxSignOptions& options) {
  auto* none = app.add_flag("--no-sgx", options.none, "not for SGX: without keep kernel and SIGSTRUCT");
  app.add_option("--keep", options.keep, "for SGX: the keep kernel beneath the program; else the image's own, or ours")
      ->excludes(none);
  app.add_option("--sgx-key", options.key,
                 "sign for SGX with this key (PEM, RSA-3072 with the exponent 3); else with --key, if it is one")
      ->excludes(none);
  app.add_option("--sgx-date", options.date, "the date that the signature for SGX has; today, unless given");
  app.add_option("--sgx-to-be-signed", options.to_be_signed, "write what a key that lives elsewhere signs for SGX");
  app.add_option("--sgx-signature", options.signature, "attach a signature for SGX made elsewhere");
  app.add_option("--sgx-public-key", options.public_key, "of the key that lives elsewhere (PEM)");
}

Result<Image> with_keep(Image image, const SgxSignOptions& options) {
  if (!options.keep.empty()) {
    const Bytes keep = TRY(load_file(options.keep));
    return Image::parse(TRY(attach_keep(image, keep).within(options.keep)));
  }
  if (options.none) return Image::parse(TRY(without_keep(image)));
  if (!image.keep().empty()) return image;
  return Image::parse(TRY(attach_keep(image, keep_program())));
}

Result<void> save_sgx_to_be_signed(const Image& image, const SgxSignOptions& options) {
  return save_file(options.to_be_signed, TRY(sgx_to_be_signed(image, TRY(date_of(options.date)))));
}

Result<Image> signed_for_sgx(Image image, const SgxSignOptions& options, const std::optional<PrivateKey>& image_key) {
  const std::uint32_t date = TRY(date_of(options.date));
  if (!options.signature.empty()) {
    const PublicKey signer = TRY(load_public_key(options.public_key));
    const Bytes signature = TRY(load_file(options.signature));
    return Image::parse(
        TRY(attach_sgx_signature(image, signer, signature, date)
                .within("for SGX (PKCS #1 v1.5 with SHA-256, as of the day of --sgx-to-be-signed: see --sgx-date)")));
  }
  if (!options.key.empty()) {
    const PrivateKey key = TRY(PrivateKey::parse_pem(as_text(TRY(load_file(options.key)))).within(options.key));
    return Image::parse(TRY(sign_for_sgx(image, key, date).within("for SGX")));
  }
  if (!image_key || image.keep().empty()) return image;
  if (!rsa3072_modulus(image_key->public_key())) {
    fmt::print(stderr,
               "adyton: {}: SGX takes RSA-3072 with the exponent 3, which this key is not: --sgx-key names one\n",
               image.sigstruct().empty() ? "not signed for SGX" : "the signature for SGX stays that of another key");
    return image;
  }
  // Not asked for in words: an image that SGX cannot take is still one for everything else.
  auto signed_image = sign_for_sgx(image, *image_key, date);
  if (!signed_image) {
    fmt::print(stderr, "adyton: not signed for SGX: {}\n", signed_image.error().message);
    return image;
  }
  return Image::parse(*std::move(signed_image));
}

}  // namespace adyton
