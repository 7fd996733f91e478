// SPDX-License-Identifier: Apache-2.0
#include "platform/development_root.h"

#include <cerrno>
#include <cstdlib>

#include "attest/development.h"
#include "base/cbor.h"
#include "base/error.h"
#include "crypto/crypto.h"
#include "platform/private_file.h"

namespace adyton {
namespace {

constexpr std::string_view kFileName = "development-root";
constexpr std::string_view kPublicName = "dev-root.pem";
constexpr std::string_view kFormat = "adyton-development-root-1";
constexpr std::size_t kMachineSecretBytes = 32, kSealingKeyBytes = 32, kLabelBytes = 64;

// The file: a deterministic CBOR array of format, signing key (PKCS#8 in PEM) and machine secret.
Result<Secret> encode_new_root() {
  const PrivateKey signing = TRY(PrivateKey::generate(KeyKind::kP384));
  Secret machine(kMachineSecretBytes);
  TRY(random_bytes(machine.expose_mutable()));
  std::string pem = signing.pem();
  Bytes encoded = cbor::Writer().array(3).text(kFormat).text(pem).bytes(machine.expose()).encoded();
  Secret out = Secret::copy_of(encoded);
  wipe(encoded);
  wipe(std::as_writable_bytes(std::span(pem)));
  return out;
}

// What sealing keys depend on, in an encoding in which nothing can be taken for something else.
Result<Bytes> key_binding(std::string_view backend, const Identity& identity, SealPolicy policy, std::string_view label,
                          std::optional<std::uint16_t> svn) {
  if (label.empty() || label.size() > kLabelBytes)
    return invalid("a sealing key's label has 1 to {} bytes", kLabelBytes);
  cbor::Writer out;
  out.array(6).text("adyton-sealing-key-1").text(backend).boolean(identity.debug);
  out.unsigned_integer(static_cast<std::uint64_t>(policy));
  switch (policy) {
    case SealPolicy::kImage: out.array(1).bytes(identity.image); break;
    case SealPolicy::kSigner: {
      const std::uint16_t wanted = svn.value_or(identity.svn);
      if (wanted > identity.svn) {
        return denied("a sealing key of svn {} is not for an enclave of svn {}", wanted, identity.svn);
      }
      out.array(3).bytes(identity.signer).unsigned_integer(identity.product).unsigned_integer(wanted);
      break;
    }
    default: return invalid("there is no sealing policy {}", static_cast<unsigned>(policy));
  }
  return out.bytes(as_bytes(label)).encoded();
}

}  // namespace

Result<std::filesystem::path> DevelopmentRoot::default_folder() {
  // The launcher's environment; nothing here writes to it.
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return std::filesystem::path(data) / "adyton";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::filesystem::path(home) / ".local/share/adyton";
  return unavailable("there is nowhere to keep the development root: set HOME or XDG_DATA_HOME");
}

Result<DevelopmentRoot::Keys> DevelopmentRoot::open_keys(const std::filesystem::path& folder) {
  const PrivateFolder files = TRY(PrivateFolder::open(folder));
  auto contents = TRY(files.read(kFileName));
  if (!contents) {
    // Two at once: one of them wins, and both go on with what the winner made.
    TRY(files.add(kFileName, TRY(encode_new_root()).expose()));
    contents = TRY(files.read(kFileName));
    if (!contents) return io_error("{} disappeared", (folder / kFileName).string());
  }

  const auto parse = [&]() -> Result<Keys> {
    cbor::Reader reader(contents->expose());
    TRY(reader.read_array_head(3));
    if (TRY(reader.read_text()) != kFormat) return invalid("unknown format");
    auto signing = TRY(PrivateKey::parse_pem(TRY(reader.read_text())));
    auto machine = Secret::copy_of(TRY(reader.read_bytes()));
    TRY(reader.finish());
    if (signing.public_key().kind() != KeyKind::kP384) return invalid("the key is not of P-384");
    if (machine.size() != kMachineSecretBytes) return invalid("a machine secret of {} bytes", machine.size());
    return Keys{std::move(signing), std::move(machine)};
  };
  auto keys = TRY(parse().within((folder / kFileName).string() +
                                 " is damaged (put a copy back; without one, what was sealed under it is lost)"));

  // For verifiers; it can always be made again.
  const std::string pem = keys.signing.public_key().pem();
  TRY(files.publish(kPublicName, as_bytes(pem)));
  return keys;
}

Result<const DevelopmentRoot::Keys*> DevelopmentRoot::keys() {
  const std::scoped_lock lock(mutex_);
  if (!folder_) return folder_.error();
  if (!keys_) keys_ = TRY(open_keys(*folder_).within("the development root"));
  return &*keys_;
}

Result<PublicKey> DevelopmentRoot::public_key() { return TRY(keys())->signing.public_key(); }

Result<std::filesystem::path> DevelopmentRoot::public_path() {
  (void)TRY(keys());
  return *folder_ / kPublicName;
}

Result<Bytes> DevelopmentRoot::evidence(std::string_view backend, const Identity& identity, BytesView report_data) {
  const DevelopmentClaims claims{std::string(backend), identity, to_bytes(report_data)};
  return make_development_evidence(claims, TRY(keys())->signing);
}

Result<Secret> DevelopmentRoot::sealing_key(std::string_view backend, const Identity& identity, SealPolicy policy,
                                            std::string_view label, std::optional<std::uint16_t> svn) {
  const Bytes binding = TRY(key_binding(backend, identity, policy, label, svn));
  return hkdf(TRY(keys())->machine.expose(), binding, kSealingKeyBytes);
}

}  // namespace adyton
