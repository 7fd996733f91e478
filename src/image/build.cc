// SPDX-License-Identifier: Apache-2.0
#include "image/build.h"

#include "base/error.h"
#include "image/launch_plan.h"
#include "image/sections.h"
#include "image/signature.h"
#include "image/symbols.h"

namespace adyton {
namespace {

Result<ProgramSymbols> read_program(BytesView elf) {
  const ImageLimits limits;
  const LaunchPlan plan = TRY(make_launch_plan(elf, limits));
  const auto sections = TRY(read_sections(elf, limits));
  ProgramSymbols symbols = TRY(read_symbols(sections, plan));
  if (symbols.wrong_start_file) {
    return invalid(
        "it was linked with the start file of programs at a fixed address (crt1.o) and would crash before "
        "main(): link it with -static-pie alone, without -static and without start files of its own");
  }
  return symbols;
}

}  // namespace

Result<void> check_linked_program(BytesView elf) {
  (void)TRY(read_program(elf));
  return {};
}

Result<Bytes> attach_manifest(BytesView elf, Manifest manifest) {
  ProgramSymbols symbols = TRY(read_program(elf));
  manifest.calls = std::move(symbols.calls);
  manifest.host_calls = std::move(symbols.host_calls);
  TRY(check_manifest(manifest).within("manifest"));
  const Bytes encoded = encode_manifest(manifest);
  const NoteChange changes[] = {{kManifestSection, NoteType::kManifest, encoded},
                                {kSignatureSection, NoteType::kSignature, {}},
                                {kKeepSection, NoteType::kKeep, {}},
                                {kSigstructSection, NoteType::kSigstruct, {}}};
  return change_notes(elf, changes);
}

Result<Bytes> to_be_signed(const Image& image, const PublicKey& signer) {
  return image_to_be_signed(image.digest(), signer);
}

Result<Bytes> sign_image(const Image& image, const PrivateKey& signer) {
  const PublicKey public_key = signer.public_key();
  const Bytes signature = TRY(signer.sign(image_to_be_signed(image.digest(), public_key)));
  return attach_signature(image, public_key, signature);
}

Result<Bytes> attach_signature(const Image& image, const PublicKey& signer, BytesView signature) {
  const bool is_ecdsa = signer.kind() == KeyKind::kP256 || signer.kind() == KeyKind::kP384;
  const Bytes raw = is_ecdsa ? TRY(ecdsa_signature_to_raw(signature, signer.kind())) : to_bytes(signature);
  const Bytes encoded = encode_image_signature(signer, raw);
  (void)TRY(
      verify_image_signature(encoded, image.digest())
          .within(signer.kind() == KeyKind::kRsa3072
                      ? "this signature is not of this image by this key (RSA: PSS with SHA-384 and a salt of 48 bytes)"
                      : "this signature is not of this image by this key"));
  const NoteChange changes[] = {{kSignatureSection, NoteType::kSignature, encoded}};
  return change_notes(image.file(), changes);
}

}  // namespace adyton
