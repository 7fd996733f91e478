// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/sgx_sign.h"

#include <algorithm>

#include "base/error.h"
#include "crypto/rsa3072.h"
#include "image/sections.h"
#include "image/sgx/keep_elf.h"

namespace adyton {
namespace {

Result<SgxPlan> plan_of(const Image& image) {
  if (image.keep().empty()) {
    return not_found(
        "the image has no keep kernel, beneath which it would run in an SGX enclave: sign it again, without --no-sgx");
  }
  return make_sgx_plan(image, image.keep());
}

}  // namespace

Result<Bytes> attach_keep(const Image& image, BytesView keep) {
  (void)TRY(parse_keep_elf(keep));
  if (std::ranges::equal(image.keep(), keep)) return to_bytes(image.file());
  const NoteChange changes[] = {{kKeepSection, NoteType::kKeep, keep}, {kSigstructSection, NoteType::kSigstruct, {}}};
  return change_notes(image.file(), changes);
}

Result<Bytes> without_keep(const Image& image) {
  if (image.keep().empty() && image.sigstruct().empty()) return to_bytes(image.file());
  const NoteChange changes[] = {{kKeepSection, NoteType::kKeep, {}}, {kSigstructSection, NoteType::kSigstruct, {}}};
  return change_notes(image.file(), changes);
}

Result<Bytes> sgx_to_be_signed(const Image& image, std::uint32_t date) {
  return sigstruct_to_be_signed(signed_fields(TRY(plan_of(image)), date));
}

Result<Bytes> sign_for_sgx(const Image& image, const PrivateKey& signer, std::uint32_t date) {
  const PublicKey public_key = signer.public_key();
  (void)TRY(rsa3072_modulus(public_key));
  const Bytes signature = TRY(signer.sign_pkcs1_sha256(TRY(sgx_to_be_signed(image, date))));
  return attach_sgx_signature(image, public_key, signature, date);
}

Result<Bytes> attach_sgx_signature(const Image& image, const PublicKey& signer, BytesView signature,
                                   std::uint32_t date) {
  const Bytes modulus = TRY(rsa3072_modulus(signer));
  const SgxPlan plan = TRY(plan_of(image));
  const Sigstruct sigstruct = TRY(make_sigstruct(signed_fields(plan, date), modulus, signature));
  const NoteChange changes[] = {{kSigstructSection, NoteType::kSigstruct, sigstruct.bytes}};
  return change_notes(image.file(), changes);
}

Result<SignedSgxPlan> verify_sgx_signature(const Image& image) {
  SgxPlan plan = TRY(plan_of(image));
  if (image.sigstruct().empty()) {
    return not_found("the image is not signed for SGX: sign it with `adyton sign --sgx-key`");
  }
  Sigstruct sigstruct = TRY(parse_sigstruct(image.sigstruct()));
  TRY(check_signed_plan(sigstruct.fields, plan).within("SIGSTRUCT"));
  return SignedSgxPlan{.plan = std::move(plan), .sigstruct = std::move(sigstruct)};
}

}  // namespace adyton
