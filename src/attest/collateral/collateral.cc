// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/collateral.h"

#include <algorithm>

#include "attest/collateral/bundle.h"
#include "attest/collateral/certificate_table.h"
#include "attest/collateral/intel_tcb.h"
#include "attest/collateral/json_web_keys.h"
#include "attest/json.h"
#include "attest/percent.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/white_space.h"

namespace adyton {

struct Collateral::Items {
  std::vector<Certificate> certificates;
  std::vector<RevocationList> lists;
  std::vector<std::shared_ptr<const TcbInfo>> tcb_infos;
  std::vector<std::shared_ptr<const EnclaveIdentity>> identities;
  std::vector<NamedKey> keys;
  std::vector<Document> documents;
};

Collateral::Collateral() : items_(std::make_unique<Items>()) {}
Collateral::~Collateral() = default;
Collateral::Collateral(Collateral&&) noexcept = default;
Collateral& Collateral::operator=(Collateral&&) noexcept = default;

namespace {

constexpr std::size_t kMaxPemBlocks = 1024;
constexpr std::string_view kPemBegin = "-----BEGIN ", kUrlPemBegin = "-----BEGIN%20";

constexpr std::byte kDerSequence{der::kSequence};

// All three are tried; of the errors that of a certificate is told, the likeliest.
Result<void> add_der(std::string_view name, BytesView der, Collateral& out) {
  Result<Certificate> certificate = Certificate::parse(der);
  if (certificate) {
    out.add(std::move(*certificate));
    return {};
  }
  if (Result<RevocationList> list = RevocationList::parse(der)) {
    out.add(std::move(*list));
    return {};
  }
  if (Result<VerifyingKey> key = VerifyingKey::parse_spki(der)) {
    out.add_key(std::string(name), std::move(*key));
    return {};
  }
  return std::move(certificate).error().within("neither certificate, revocation list nor public key");
}

Result<void> add_pem_block(std::string_view name, const PemBlock& block, Collateral& out) {
  if (block.label == "CERTIFICATE") {
    out.add(TRY(Certificate::parse(block.der)));
  } else if (block.label == "X509 CRL") {
    out.add(TRY(RevocationList::parse(block.der)));
  } else if (block.label == "PUBLIC KEY") {
    out.add_key(std::string(name), TRY(VerifyingKey::parse_spki(block.der)));
  } else {
    return invalid("a PEM block \"{}\" is no collateral", block.label);
  }
  return {};
}

// Takes every block that can be understood, then tells what could not.
Result<void> add_pem(std::string_view name, std::string_view text, Collateral& out) {
  Result<void> result;
  for (const PemBlock& block : TRY(parse_pem_blocks(text, kMaxPemBlocks))) {
    Result<void> added = add_pem_block(name, block, out);
    if (!added && result) result = std::move(added);
  }
  return result;
}

Result<void> add_table(std::string_view name, BytesView bytes, Collateral& out) {
  for (const CertificateTableEntry& entry : TRY(parse_certificate_table(bytes))) {
    if (!entry.bytes.empty() && entry.bytes[0] == kDerSequence) {
      TRY(add_der(name, entry.bytes, out).within(entry.guid));
    } else {
      out.add_document(fmt::format("{}/{}", name, entry.guid), to_bytes(entry.bytes));
    }
  }
  return {};
}

Result<void> add_json(std::string_view name, std::string_view text, Collateral& out) {
  const nlohmann::json json = TRY(parse_json(text));
  if (TRY(add_intel_json(name, json, as_bytes(text), out))) return {};
  if (looks_like_json_web_keys(json)) {
    for (JsonWebKeys::Key& key : TRY(parse_json_web_keys(json)).keys) {
      for (Certificate& certificate : key.certificates) out.add(std::move(certificate));
      out.add_key(std::move(key.id), std::move(key.key));
    }
    return {};
  }
  // The answer of NVIDIA's service of reference manifests: the manifest itself is XML in base64.
  const std::string *id = find_string(json, "id"), *manifest = find_string(json, "rim");
  if (id != nullptr && manifest != nullptr) {
    out.add_document(*id, TRY(parse_base64(*manifest).within("rim")));
    return {};
  }
  return invalid("JSON that is no collateral we know");
}

Result<void> add_any(std::string_view name, BytesView bytes, Collateral& out);

Result<void> add_bundle(BytesView bytes, Collateral& out) {
  for (auto& [name, content] : TRY(parse_bundle(bytes))) {
    if (looks_like_bundle(content)) return invalid("{}: a bundle within a bundle", name);
    // What is nothing we know may be what one kind of evidence asks for by name.
    if (!add_any(name, content, out)) out.add_document(name, std::move(content));
  }
  return {};
}

Result<void> add_any(std::string_view name, BytesView bytes, Collateral& out) {
  if (bytes.empty()) return invalid("empty");
  if (looks_like_bundle(bytes)) return add_bundle(bytes, out);
  if (looks_like_certificate_table(bytes)) return add_table(name, bytes, out);
  if (TRY(add_open_enclave_endorsements(name, bytes, out))) return {};
  const std::string_view text = trimmed(as_text(bytes));
  if (text.starts_with('{') || text.starts_with('[')) return add_json(name, text, out);
  if (text.find(kPemBegin) != text.npos) return add_pem(name, text, out);
  if (text.find(kUrlPemBegin) != text.npos) return add_pem(name, TRY(percent_decoded(text)), out);
  if (bytes[0] == kDerSequence) return add_der(name, bytes, out);
  if (text.starts_with("30")) {  // Intel's services give lists as DER in hexadecimal
    if (const Result<Bytes> der = parse_hex(text)) return add_der(name, *der, out);
  }
  return invalid("it is no collateral we know");
}

}  // namespace

Result<void> Collateral::add(std::string_view name, BytesView bytes) {
  return add_any(name, bytes, *this).within(name);
}

void Collateral::add(Certificate certificate) {
  const auto same = [&](const Certificate& other) { return std::ranges::equal(other.der(), certificate.der()); };
  if (std::ranges::none_of(items_->certificates, same)) items_->certificates.push_back(std::move(certificate));
}

void Collateral::add(RevocationList list) {
  const auto same = [&](const RevocationList& other) { return std::ranges::equal(other.der(), list.der()); };
  if (std::ranges::none_of(items_->lists, same)) items_->lists.push_back(std::move(list));
}

void Collateral::add(std::shared_ptr<const TcbInfo> info) { items_->tcb_infos.push_back(std::move(info)); }

void Collateral::add(std::shared_ptr<const EnclaveIdentity> identity) {
  items_->identities.push_back(std::move(identity));
}

void Collateral::add_key(std::string name, VerifyingKey key, std::string address) {
  items_->keys.push_back({std::move(name), std::move(key), std::move(address)});
}

Result<void> Collateral::add_fetched(std::string_view address, BytesView bytes) {
  // A bundle has files of other places: they stay nobody's.
  const bool bundle = looks_like_bundle(bytes);
  const std::size_t before = items_->keys.size();
  Result<void> added = add(address, bytes);
  for (std::size_t i = before; i < items_->keys.size() && !bundle; ++i) items_->keys[i].address = address;
  return added;
}

void Collateral::add_document(std::string name, Bytes bytes) {
  items_->documents.push_back({std::move(name), std::move(bytes)});
}

const std::vector<Certificate>& Collateral::certificates() const { return items_->certificates; }
const std::vector<RevocationList>& Collateral::lists() const { return items_->lists; }
const std::vector<std::shared_ptr<const TcbInfo>>& Collateral::tcb_infos() const { return items_->tcb_infos; }

const std::vector<std::shared_ptr<const EnclaveIdentity>>& Collateral::identities() const { return items_->identities; }

const std::vector<Collateral::NamedKey>& Collateral::keys() const { return items_->keys; }
const std::vector<Collateral::Document>& Collateral::documents() const { return items_->documents; }

Collateral Collateral::copy() const {
  Collateral out;
  *out.items_ = *items_;
  return out;
}

void Collateral::add_checkable(const Collateral& other) {
  for (const Certificate& certificate : other.certificates()) add(certificate);
  for (const RevocationList& list : other.lists()) add(list);
  for (const auto& info : other.tcb_infos()) add(info);
  for (const auto& identity : other.identities()) add(identity);
}

}  // namespace adyton
