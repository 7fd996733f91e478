// SPDX-License-Identifier: Apache-2.0
#include "device_ca_core.h"

#include <algorithm>
#include <ctime>
#include <set>

#include <openssl/rand.h>

#include <adyton/der.h>

#include "audit_line.h"
#include "openssl_unsafe.h"
#include "pem.h"
#include "reason.h"
#include "refuse.h"

namespace device_ca {
namespace {

namespace der = adyton::der;
using adyton::Bytes;
using adyton::BytesView;
using adyton::SealedBatch;
using adyton::SealedStore;

// Keys of the store. A serial number or digest follows as it is.
constexpr std::string_view kCaKey = "ca/key";                  // the private key's 32 bytes
constexpr std::string_view kCaCertificate = "ca/certificate";  // DER
constexpr std::string_view kCrlNumber = "ca/crl-number";       // 8 bytes, big-endian
constexpr std::string_view kByCertificate = "certificate/";    // serial: Record
constexpr std::string_view kBySubject = "subject/";            // SHA-256 of the canonical name: serial of its latest
constexpr std::string_view kByRevoked = "revoked/";            // serial: time, 8 bytes big-endian, and reason, 1 byte
constexpr std::string_view kByCompromised = "compromised/";    // SHA-256 of a SubjectPublicKeyInfo: nothing

constexpr std::int64_t kDaySeconds{24 * 60 * 60};
constexpr std::int64_t kClockSkewSeconds = 300;  // a device's clock may be behind ours
constexpr std::uint32_t kMostDays = 100 * 365;
constexpr std::size_t kNameBytes = 512;  // of a request's name
constexpr std::size_t kListed = 1000;
constexpr std::uint32_t kBatchBytes = 15u << 20;  // kRequestsPerCall certificates of kRequestBytes each

std::string key_of(std::string_view prefix, BytesView rest) {
  return std::string(prefix) + std::string(adyton::as_text(rest));
}

Bytes big_endian(std::uint64_t value) {
  Bytes out(8);
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::byte>(value >> (56 - 8 * i));
  return out;
}

std::uint64_t from_big_endian(BytesView bytes) {
  std::uint64_t out = 0;
  for (const std::byte b : bytes.first(8)) out = out << 8 | std::to_integer<std::uint64_t>(b);
  return out;
}

Result<Serial> random_serial() {
  Serial out;
  if (RAND_bytes(raw_output(out), static_cast<int>(out.size())) != 1) {
    return refuse(ErrorCode::kUnavailable, "no random numbers can be had");
  }
  out[0] = (out[0] & std::byte{0x3f}) | std::byte{0x40};
  return out;
}

std::string hex(std::string_view serial) { return adyton::to_hex(adyton::as_bytes(serial)); }

Result<void> check_days(std::uint32_t days) {
  if (days == 0 || days > kMostDays) return malformed("a validity of {} days; 1 to {} are allowed", days, kMostDays);
  return {};
}

Refused refused(adyton::Error error) { return {error.code, std::move(error.message)}; }

}  // namespace

// What is kept of each certificate.
struct DeviceCa::Record {
  Bytes certificate;
  Bytes request_sha256;
  std::string request_name;

  [[nodiscard]] Bytes encode() const {
    der::Writer out;
    out.nested(der::kSequence, [&] {
      out.element(der::kOctetString, certificate);
      out.element(der::kOctetString, request_sha256);
      out.text(der::kUtf8String, request_name);
    });
    return out.take();
  }
  static Result<Record> parse(BytesView bytes) {
    der::Reader outer(bytes);
    der::Reader reader = TRY(outer.enter(der::kSequence, "record"));
    Record out;
    out.certificate = adyton::to_bytes(TRY(reader.contents(der::kOctetString, "record")));
    out.request_sha256 = adyton::to_bytes(TRY(reader.contents(der::kOctetString, "record")));
    out.request_name = adyton::as_text(TRY(reader.contents(der::kUtf8String, "record")));
    return out;
  }
};

// What one call of enrol() is about to commit and to tell.
struct DeviceCa::Enrolment {
  std::int64_t time = 0;
  SealedBatch batch;
  std::uint64_t issued = 0;
  std::vector<std::string> lines;
};

// The subjects that one call of enrol() has to itself, from looking them up until they are in the store: what costs
// time, signing and writing, needs no lock.
class DeviceCa::Reservations {
 public:
  explicit Reservations(DeviceCa& ca) : ca_(ca) {}
  ~Reservations() {
    const std::lock_guard lock(ca_.mutex_);
    for (const std::string& subject : subjects_) ca_.reserved_.erase(subject);
  }
  Reservations(const Reservations&) = delete;
  Reservations& operator=(const Reservations&) = delete;

  // Requires mutex_.
  void add(const std::string& subject_key, const std::string& request_name) {
    ca_.reserved_.emplace(subject_key, request_name);
    subjects_.push_back(subject_key);
  }

 private:
  DeviceCa& ca_;
  std::vector<std::string> subjects_;
};

DeviceCa::DeviceCa(SealedStore store, Audit audit, CaOptions options)
    : store_(std::move(store)), audit_(std::move(audit)), options_(std::move(options)) {}

std::int64_t DeviceCa::now() const { return options_.clock ? options_.clock() : std::time(nullptr); }

Result<std::unique_ptr<DeviceCa>> DeviceCa::open(std::shared_ptr<adyton::Storage> storage,
                                                 const adyton::KeySource& keys, Audit audit, CaOptions options) {
  SealedStore store = TRY(SealedStore::open(std::move(storage), keys, adyton::SealPolicy::kSigner, "device-ca",
                                            {.batch_bytes = kBatchBytes}));
  std::unique_ptr<DeviceCa> ca(new DeviceCa(std::move(store), std::move(audit), std::move(options)));
  if (!ca->store_.contains(kCaKey)) TRY(ca->make().within("making a CA"));
  TRY(ca->load().within("reading the CA's state"));
  return ca;
}

Result<void> DeviceCa::make() {
  if (options_.name.empty() || options_.name.size() > 64 || !is_plain_text(options_.name)) {
    return malformed("its name must be 1 to 64 bytes of text");
  }
  TRY(check_days(options_.ca_days));
  const CaKey key = TRY(CaKey::generate());
  const Serial serial = TRY(random_serial());
  const Validity validity{now() - kClockSkewSeconds, now() + options_.ca_days * kDaySeconds};
  const Bytes certificate = TRY(make_ca_certificate(key, make_name(options_.name), serial, validity));
  const adyton::Secret secret = TRY(key.secret());
  TRY(audit_({audit_line(now(), "ca-made", {{"serial", adyton::to_hex(serial)}, {"name", options_.name}})}));
  SealedBatch batch;
  batch.put(kCaKey, secret.expose());
  batch.put(kCaCertificate, certificate);
  TRY(store_.commit(batch));
  made_now_ = true;
  return {};
}

Result<void> DeviceCa::load() {
  const adyton::Secret certificate = TRY(store_.get(kCaCertificate));
  certificate_ = adyton::to_bytes(certificate.expose());
  const CertificateFields fields = TRY(parse_certificate(certificate_));
  name_ = fields.subject_der;
  validity_ = fields.validity;
  const adyton::Secret secret = TRY(store_.get(kCaKey));
  key_ = TRY(CaKey::restore(secret, fields.public_key));
  if (const auto number = store_.get(kCrlNumber)) crl_number_ = from_big_endian(number->expose());
  const auto count = [this](std::string_view prefix) {
    std::uint64_t out = 0;
    store_.scan(prefix, [&](std::string_view, BytesView) { return ++out, true; });
    return out;
  };
  issued_ = count(kByCertificate);
  revoked_ = count(kByRevoked);
  return {};
}

Result<DeviceCa::Record> DeviceCa::record_of(std::string_view serial) const {
  const adyton::Secret stored = TRY(store_.get(key_of(kByCertificate, adyton::as_bytes(serial))));
  return Record::parse(stored.expose());
}

// The certificate this very request got before. Errors: denied, if another request got one for its subject.
Result<std::optional<std::string>> DeviceCa::enrolled_already(const Request& request, const CertificateRequest& parsed,
                                                              const std::string& subject_key) const {
  const auto stored = store_.get(subject_key);
  if (!stored) return std::optional<std::string>();
  const std::string serial(adyton::as_text(stored->expose()));
  if (store_.contains(key_of(kByRevoked, stored->expose()))) return std::optional<std::string>();
  const Record record = TRY(record_of(serial));
  const CertificateFields fields = TRY(parse_certificate(record.certificate));
  if (fields.validity.not_after < now()) return std::optional<std::string>();
  if (record.request_name == request.name && record.request_sha256 == sha256(parsed.der)) {
    return std::optional(make_pem(record.certificate, "CERTIFICATE"));
  }
  return denied("duplicate subject: {} is enrolled already (by {}, serial {}); revoke that certificate first",
                parsed.subject.text, record.request_name, hex(serial));
}

// Whether a certificate may be issued: nothing if so, or the one that this very request got before. Requires mutex_.
Result<std::optional<std::string>> DeviceCa::admit(const Request& request, const CertificateRequest& parsed,
                                                   const std::string& subject_key) {
  if (request.name.empty() || request.name.size() > kNameBytes || !is_plain_text(request.name)) {
    return malformed("the request's name must be 1 to {} bytes of text", kNameBytes);
  }
  if (const auto place = reserved_.find(subject_key); place != reserved_.end()) {
    return denied("duplicate subject: {} was just enrolled by {}", parsed.subject.text, place->second);
  }
  if (store_.contains(key_of(kByCompromised, sha256(parsed.key.spki)))) {
    return denied("its key was reported as compromised: make a new one");
  }
  return enrolled_already(request, parsed, subject_key);
}

Result<Issued> DeviceCa::issue(const Request& request, const CertificateRequest& parsed, const Validity& validity,
                               const std::string& subject_key, Enrolment& enrolment) const {
  const Serial serial = TRY(random_serial());
  Record record{TRY(make_certificate(*key_, name_, serial, validity, parsed)), sha256(parsed.der), request.name};
  enrolment.batch.put(key_of(kByCertificate, serial), record.encode());
  enrolment.batch.put(subject_key, serial);
  enrolment.lines.push_back(audit_line(enrolment.time, "issued",
                                       {{"serial", adyton::to_hex(serial)},
                                        {"subject", parsed.subject.text},
                                        {"not_after", utc_text(validity.not_after)},
                                        {"sha256", adyton::to_hex(sha256(record.certificate))},
                                        {"request", request.name}}));
  ++enrolment.issued;
  return Issued{make_pem(record.certificate, "CERTIFICATE")};
}

Result<std::vector<EnrolOutcome>> DeviceCa::enrol(const std::vector<Request>& requests, std::uint32_t days) {
  if (requests.size() > kRequestsPerCall) {
    return malformed("{} requests in one call; {} are the most", requests.size(), kRequestsPerCall);
  }
  TRY(check_days(days));
  Enrolment enrolment{.time = now()};
  const Validity validity{std::max(enrolment.time - kClockSkewSeconds, validity_.not_before),
                          std::min(enrolment.time + days * kDaySeconds, validity_.not_after)};
  if (validity.not_after <= enrolment.time) return refuse(ErrorCode::kExpired, "the CA's own certificate has expired");

  // First what the requests say of themselves, then who may have a certificate, then the certificates.
  struct Candidate {
    Result<CertificateRequest> parsed;
    std::string subject_key;
    Result<std::optional<std::string>> before;
  };
  std::vector<Candidate> candidates;
  candidates.reserve(requests.size());
  for (const Request& request : requests) {
    candidates.push_back({parse_request(request.pem), "", std::optional<std::string>()});
    Candidate& last = candidates.back();
    if (last.parsed) last.subject_key = key_of(kBySubject, sha256(last.parsed->subject.canonical));
  }
  Reservations reservations(*this);
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      auto& [parsed, subject_key, before] = candidates[i];
      if (!parsed) continue;
      before = admit(requests[i], *parsed, subject_key);
      if (before && !*before) reservations.add(subject_key, requests[i].name);
    }
  }
  std::vector<EnrolOutcome> out;
  out.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto& [parsed, subject_key, before] = candidates[i];
    if (!parsed) {
      out.emplace_back(refused(std::move(parsed).error()));
    } else if (!before) {
      out.emplace_back(refused(std::move(before).error()));
    } else if (*before) {
      enrolment.lines.push_back(
          audit_line(enrolment.time, "returned", {{"subject", parsed->subject.text}, {"request", requests[i].name}}));
      out.emplace_back(Issued{**std::move(before), true});
    } else {
      out.emplace_back(TRY(issue(requests[i], *parsed, validity, subject_key, enrolment)));
    }
  }
  TRY(store_.commit(enrolment.batch));
  {
    const std::lock_guard lock(mutex_);
    issued_ += enrolment.issued;
  }
  if (!enrolment.lines.empty()) TRY(audit_(enrolment.lines).within("the audit log"));
  return out;
}

// Of each subject's latest certificate.
std::vector<std::string> DeviceCa::latest_serials() const {
  std::vector<std::string> out;
  store_.scan(kBySubject,
              [&](std::string_view, BytesView serial) { return out.emplace_back(adyton::as_text(serial)), true; });
  return out;
}

// The serial number (16 bytes) of the certificate that is meant. Errors: not_found, invalid.
Result<std::string> DeviceCa::find(const Revocation& revocation) const {
  const int given = !revocation.serial.empty() + !revocation.subject.empty() + !revocation.pem.empty();
  if (given != 1) return malformed("give one of serial number, subject and certificate");
  if (!revocation.subject.empty()) {
    for (const std::string& serial : latest_serials()) {
      const Record record = TRY(record_of(serial));
      if (TRY(parse_certificate(record.certificate)).subject == revocation.subject) return serial;
    }
    return refuse(ErrorCode::kNotFound, "no certificate has the subject {}", revocation.subject);
  }
  std::string digits = revocation.serial;
  Bytes certificate;
  if (!revocation.pem.empty()) {
    certificate = TRY(parse_pem(revocation.pem, "CERTIFICATE"));
    digits = TRY(parse_certificate(certificate)).serial;
  }
  std::erase(digits, ':');
  const Bytes serial = TRY(adyton::parse_hex(digits));
  const auto record = record_of(adyton::as_text(serial));
  if (!record || (!certificate.empty() && record->certificate != certificate)) {
    return refuse(ErrorCode::kNotFound, "this CA issued no such certificate");
  }
  return std::string(adyton::as_text(serial));
}

Result<std::vector<RevokeOutcome>> DeviceCa::revoke(const std::vector<Revocation>& revocations) {
  if (revocations.size() > kRequestsPerCall) {
    return malformed("{} revocations in one call; {} are the most", revocations.size(), kRequestsPerCall);
  }
  std::vector<RevokeOutcome> out;
  const std::int64_t time = now();
  SealedBatch batch;
  std::set<std::string> revoked_here;
  std::vector<std::string> lines;
  const auto revoke_one = [&](const Revocation& revocation) -> Result<Revoked> {
    if (reason_name(revocation.reason).empty()) return malformed("not a reason to revoke a device's certificate");
    const std::string serial = TRY(find(revocation));
    const std::string key = key_of(kByRevoked, adyton::as_bytes(serial));
    if (store_.contains(key) || !revoked_here.insert(key).second) {
      return denied("certificate {} is revoked already", hex(serial));
    }
    const Record record = TRY(record_of(serial));
    CertificateFields fields = TRY(parse_certificate(record.certificate));
    Bytes value = big_endian(static_cast<std::uint64_t>(time));
    value.push_back(static_cast<std::byte>(revocation.reason));
    batch.put(key, value);
    if (revocation.reason == Reason::kKeyCompromise) {
      batch.put(key_of(kByCompromised, sha256(fields.public_key)), {});
    }
    lines.push_back(audit_line(
        time, "revoked",
        {{"serial", fields.serial}, {"subject", fields.subject}, {"reason", reason_name(revocation.reason)}}));
    return Revoked{std::move(fields.serial), std::move(fields.subject)};
  };
  {
    const std::lock_guard lock(mutex_);
    for (const Revocation& revocation : revocations) {
      auto revoked = revoke_one(revocation);
      if (revoked) {
        out.emplace_back(*std::move(revoked));
      } else {
        out.emplace_back(refused(std::move(revoked).error()));
      }
    }
    TRY(store_.commit(batch));
    revoked_ += lines.size();
  }
  if (!lines.empty()) TRY(audit_(lines).within("the audit log"));
  return out;
}

Result<std::string> DeviceCa::revocation_list(std::uint32_t days) {
  TRY(check_days(days));
  const std::lock_guard lock(mutex_);
  std::vector<RevokedEntry> entries;
  store_.scan(kByRevoked, [&](std::string_view key, BytesView value) {
    RevokedEntry entry{.time = static_cast<std::int64_t>(from_big_endian(value)),
                       .reason = static_cast<Reason>(value[8])};
    std::ranges::copy(adyton::as_bytes(key.substr(kByRevoked.size())), entry.serial.begin());
    entries.push_back(entry);
    return true;
  });
  const Validity validity{now(), now() + days * kDaySeconds};
  const Bytes crl = TRY(make_crl(*key_, name_, crl_number_ + 1, validity, entries));
  SealedBatch batch;
  batch.put(kCrlNumber, big_endian(crl_number_ + 1));
  TRY(store_.commit(batch));
  ++crl_number_;
  TRY(audit_({audit_line(now(), "revocation-list",
                         {{"number", std::to_string(crl_number_)}, {"entries", std::to_string(entries.size())}})})
          .within("the audit log"));
  return make_pem(crl, "X509 CRL");
}

Status DeviceCa::status() const {
  const std::lock_guard lock(mutex_);
  const auto secret = key_->secret();
  return {.certificate = make_pem(certificate_, "CERTIFICATE"),
          .issued = issued_,
          .revoked = revoked_,
          .crl_number = crl_number_,
          .made_now = made_now_,
          .private_key_sha256 = secret ? adyton::to_hex(sha256(secret->expose())) : ""};
}

Result<std::vector<Certificate>> DeviceCa::list(std::string_view after) const {
  std::string from(kByCertificate);
  if (!after.empty()) from += adyton::as_text(TRY(adyton::parse_hex(after)));
  std::vector<std::string> serials;
  const auto collect = [&](std::string_view key, BytesView) {
    serials.emplace_back(key.substr(kByCertificate.size()));
    return serials.size() < kListed;
  };
  store_.scan(kByCertificate, collect, from);
  std::vector<Certificate> out;
  for (const std::string& serial : serials) {
    const Record record = TRY(record_of(serial));
    CertificateFields fields = TRY(parse_certificate(record.certificate));
    const auto revoked = store_.get(key_of(kByRevoked, adyton::as_bytes(serial)));
    out.push_back({std::move(fields.serial), std::move(fields.subject), fields.validity.not_after,
                   revoked ? static_cast<std::int64_t>(from_big_endian(revoked->expose())) : 0});
  }
  return out;
}

}  // namespace device_ca
