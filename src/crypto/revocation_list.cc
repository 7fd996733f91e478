// SPDX-License-Identifier: Apache-2.0
// Revocation lists (RFC 5280, 5).
#include <algorithm>

#include "base/error.h"
#include "crypto/x509.h"
#include "crypto/x509_parts.h"

namespace adyton {

using x509::Extension;
using x509::ExtensionId;

namespace {

constexpr std::size_t kMaxListBytes = 64 << 20;

struct Revoked {
  BytesView serial;
  RevocationList::Entry entry;
};

bool before(BytesView a, BytesView b) {
  return a.size() != b.size() ? a.size() < b.size() : std::ranges::lexicographical_compare(a, b);
}

}  // namespace

// Views point into `der`, whose storage never moves.
struct RevocationList::Fields {
  Bytes der;
  x509::Signed outer;
  DistinguishedName issuer;
  std::int64_t this_update = 0;
  std::optional<std::int64_t> next_update;
  std::optional<BytesView> authority_key_id, number;
  std::optional<std::vector<std::string>> distribution_urls;
  std::vector<Revoked> revoked;  // ascending
};

namespace {

// RFC 5280, 5.2.5. A list of some kinds of certificates or reasons only is of no use; one that names its distribution
// point is for the certificates that name it too.
Result<void> read_distribution_point(BytesView value, RevocationList::Fields& out) {
  der::Reader outer(value);
  der::Reader reader = TRY(outer.enter(der::kSequence, "issuing distribution point"));
  TRY(outer.end("issuing distribution point"));
  if (reader.next_is(der::context_constructed(0))) {
    der::Reader name = TRY(reader.enter(der::context_constructed(0), "distribution point"));
    TRY(x509::read_distribution_name(name, out.distribution_urls.emplace()));
  }
  while (!reader.at_end()) {
    const der::Element limit = TRY(reader.any("issuing distribution point"));
    const bool is_false = limit.contents.size() == 1 && limit.contents[0] == std::byte{0};
    if (!is_false) return invalid("an indirect list, or one of some certificates or reasons only");
  }
  return {};
}

Result<void> interpret(const Extension& extension, RevocationList::Fields& out) {
  if (extension.is(ExtensionId::kDeltaCrl)) return invalid("a delta list");
  if (extension.is(ExtensionId::kIssuingDistributionPoint)) return read_distribution_point(extension.value, out);
  if (extension.is(ExtensionId::kAuthorityKeyId)) {
    out.authority_key_id = TRY(x509::parse_authority_key_id(extension.value));
  } else if (extension.is(ExtensionId::kCrlNumber)) {
    der::Reader reader(extension.value);
    out.number = TRY(reader.unsigned_integer("list number"));
    TRY(reader.end("list number"));
  } else if (extension.critical) {
    return invalid("the unknown critical extension {}", der::object_identifier_text(extension.oid));
  }
  return {};
}

// RFC 5280, 5.3.
Result<void> interpret_entry(const Extension& extension, RevocationList::Entry& out) {
  if (extension.is(ExtensionId::kReasonCode)) {
    der::Reader reader(extension.value);
    const BytesView code = TRY(reader.contents(der::kEnumerated, "reason"));
    if (code.size() != 1) return invalid("a reason of {} bytes", code.size());
    out.reason = std::to_integer<std::uint64_t>(code[0]);
    return reader.end("reason");
  }
  if (extension.critical) {
    return invalid("an entry's unknown critical extension {}", der::object_identifier_text(extension.oid));
  }
  return {};
}

Result<Revoked> read_entry(der::Reader& list, bool extensions_allowed) {
  der::Reader reader = TRY(list.enter(der::kSequence, "entry"));
  Revoked out;
  out.serial = TRY(x509::read_serial(reader));
  out.entry.date = TRY(reader.time("revocation date"));
  if (extensions_allowed && !reader.at_end()) {
    for (const Extension& extension : TRY(x509::read_extensions(reader))) TRY(interpret_entry(extension, out.entry));
  }
  TRY(reader.end("entry"));
  return out;
}

Result<void> read_entries(der::Reader& tbs, bool extensions_allowed, std::vector<Revoked>& out) {
  // Absent when there are none (RFC 5280, 5.1.2.6); an empty one says the same.
  if (!tbs.next_is(der::kSequence)) return {};
  der::Reader list = TRY(tbs.enter(der::kSequence, "revoked certificates"));
  while (!list.at_end()) out.push_back(TRY(read_entry(list, extensions_allowed)));
  std::ranges::sort(out, before, &Revoked::serial);
  return {};
}

Result<std::shared_ptr<const RevocationList::Fields>> parse_fields(BytesView der) {
  if (der.size() > kMaxListBytes) return invalid("{} bytes", der.size());
  const auto fields = std::make_shared<RevocationList::Fields>();
  RevocationList::Fields& out = *fields;
  out.der = to_bytes(der);
  out.outer = TRY(x509::read_signed(out.der, "list"));
  der::Reader whole(out.outer.tbs);
  der::Reader tbs = TRY(whole.enter(der::kSequence, "signed part"));
  bool version_2 = false;
  if (tbs.next_is(der::kInteger)) {
    if (TRY(tbs.small_integer("version")) != 1) return invalid("an unknown version");
    version_2 = true;
  }
  TRY(x509::read_same_algorithm(tbs, out.outer));
  out.issuer = TRY(x509::read_name(tbs, "issuer"));
  out.this_update = TRY(tbs.time("thisUpdate"));
  if (tbs.next_is(der::kUtcTime) || tbs.next_is(der::kGeneralizedTime)) out.next_update = TRY(tbs.time("nextUpdate"));
  TRY(read_entries(tbs, version_2, out.revoked));
  if (version_2 && tbs.next_is(der::context_constructed(0))) {
    der::Reader wrapped = TRY(tbs.enter(der::context_constructed(0), "extensions"));
    const std::vector<Extension> extensions = TRY(x509::read_extensions(wrapped));
    TRY(wrapped.end("extensions"));
    for (const Extension& extension : extensions) TRY(interpret(extension, out));
  }
  TRY(tbs.end("signed part"));
  return fields;
}

}  // namespace

Result<RevocationList> RevocationList::parse(BytesView der) {
  auto fields = parse_fields(der);
  if (!fields) return std::move(fields).error().within("not a revocation list");
  return RevocationList(std::move(*fields));
}

BytesView RevocationList::der() const { return fields_->der; }
const DistinguishedName& RevocationList::issuer() const { return fields_->issuer; }
std::int64_t RevocationList::this_update() const { return fields_->this_update; }
std::optional<std::int64_t> RevocationList::next_update() const { return fields_->next_update; }
std::optional<BytesView> RevocationList::authority_key_id() const { return fields_->authority_key_id; }
std::optional<BytesView> RevocationList::number() const { return fields_->number; }
bool RevocationList::covers(const Certificate& certificate) const {
  if (!fields_->distribution_urls) return true;
  return std::ranges::any_of(*fields_->distribution_urls, [&](const std::string& url) {
    return std::ranges::find(certificate.crl_urls(), url) != certificate.crl_urls().end();
  });
}

std::size_t RevocationList::size() const { return fields_->revoked.size(); }

std::optional<RevocationList::Entry> RevocationList::find(BytesView serial) const {
  while (!serial.empty() && serial[0] == std::byte{0}) serial = serial.subspan(1);
  const auto found = std::ranges::lower_bound(fields_->revoked, serial, before, &Revoked::serial);
  if (found == fields_->revoked.end() || !std::ranges::equal(found->serial, serial)) return std::nullopt;
  return found->entry;
}

Result<void> RevocationList::verify_signature(const VerifyingKey& issuer_key, SeenSignatures* seen) const {
  return issuer_key.verify(fields_->outer.algorithm, fields_->outer.tbs, fields_->outer.signature, EcdsaForm::kDer,
                           seen);
}

}  // namespace adyton
