// SPDX-License-Identifier: Apache-2.0
#include "cli/development.h"

#include "base/error.h"
#include "platform/development_root.h"
#include "platform/private_file.h"

namespace adyton {

Result<PrivateKey> development_signer() {
  constexpr std::string_view kFile = "dev-signer.pem";
  const PrivateFolder folder = TRY(PrivateFolder::open(TRY(DevelopmentRoot::default_folder())));
  if (!TRY(folder.read(kFile))) {
    const PrivateKey made = TRY(PrivateKey::generate(KeyKind::kRsa3072));
    TRY(folder.add(kFile, as_bytes(made.pem())));  // another process's, if it was first
  }
  const auto pem = TRY(folder.read(kFile));
  if (!pem) return internal("the development signing key is gone as soon as it was made");
  return PrivateKey::parse_pem(as_text(pem->expose())).within(kFile);
}

}  // namespace adyton
