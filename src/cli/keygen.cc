// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/files.h"
#include "crypto/keys.h"
#include "crypto/rsa3072.h"
#include "image/sgx/sigstruct.h"

namespace adyton {
namespace {

struct Options {
  std::string file;
  KeyKind kind = KeyKind::kRsa3072;
  bool sgx = false;
};

Result<int> keygen(const Options& options) {
  if (options.sgx && options.kind != KeyKind::kRsa3072) return invalid("SGX takes rsa3072 only: leave out --type");
  const PrivateKey key = TRY(PrivateKey::generate(options.kind));
  const PublicKey public_key = key.public_key();
  TRY(save_file(options.file, as_bytes(key.pem()), FileMode::kPrivate, Overwrite::kNo));
  TRY(save_file(options.file + ".pub", as_bytes(public_key.pem())));
  fmt::print(
      "Private key  {}   keep it secret: who has it can sign enclaves as you\nPublic key   {}.pub\nSigner       {}\n",
      options.file, options.file, to_hex(public_key.fingerprint()));
  if (options.sgx) fmt::print("MRSIGNER     {}\n", to_hex(mr_signer(TRY(rsa3072_modulus(public_key)))));
  return 0;
}

}  // namespace

Run declare_keygen(CLI::App& app) {
  auto options = std::make_shared<Options>();
  const std::map<std::string, KeyKind> kinds{{"rsa3072", KeyKind::kRsa3072},
                                             {"p256", KeyKind::kP256},
                                             {"p384", KeyKind::kP384},
                                             {"ed25519", KeyKind::kEd25519}};
  app.add_option("FILE", options->file, "where the private key goes; the public key goes to FILE.pub")->required();
  app.add_option("--type", options->kind,
                 "rsa3072 (default; the one kind every TEE accepts, SGX included), p256, p384, ed25519")
      ->transform(CLI::CheckedTransformer(kinds))
      ->option_text("KIND");
  app.add_flag("--sgx", options->sgx, "a key that signs for SGX (rsa3072); prints its MRSIGNER as well");
  return [options] { return keygen(*options); };
}

}  // namespace adyton
