// SPDX-License-Identifier: Apache-2.0
// The certificate authority itself: what the enclave serves, as a class that knows nothing of enclaves and can be
// tested anywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <adyton/result.h>
#include <adyton/sealed_store.h>
#include <adyton/self.h>
#include <adyton/storage.h>
#include "ca_key.h"
#include "certificate.h"
#include "device_ca_calls.h"

namespace device_ca {

struct CaOptions {
  std::string name = "Device CA";       // common name of a CA that is made now
  std::function<std::int64_t()> clock;  // seconds since 1970; empty: the system's
  std::uint32_t ca_days = 30 * 365;     // validity of a CA that is made now
};

// Everything it answers is durable in the sealed store and in the audit log before it is answered. Thread-safe.
class DeviceCa {
 public:
  // Appends lines to the audit log; an error keeps back what they tell of.
  using Audit = std::function<adyton::Result<void>(const std::vector<std::string>& lines)>;

  // Goes on from the sealed state in `storage`, or makes a new CA if there is none. `keys` must outlive it. Errors:
  // those of SealedStore::open, and invalid (the name).
  static adyton::Result<std::unique_ptr<DeviceCa>> open(std::shared_ptr<adyton::Storage> storage,
                                                        const adyton::KeySource& keys, Audit audit,
                                                        CaOptions options = {});

  // See device_ca_calls.h. Errors: invalid (arguments), and those of storage and audit log, after which nothing was
  // handed out; asking again is safe.
  adyton::Result<std::vector<EnrolOutcome>> enrol(const std::vector<Request>& requests, std::uint32_t days);
  adyton::Result<std::vector<RevokeOutcome>> revoke(const std::vector<Revocation>& revocations);
  adyton::Result<std::string> revocation_list(std::uint32_t days);
  [[nodiscard]] Status status() const;
  [[nodiscard]] adyton::Result<std::vector<Certificate>> list(std::string_view after) const;

 private:
  struct Record;
  struct Enrolment;
  class Reservations;
  DeviceCa(adyton::SealedStore store, Audit audit, CaOptions options);
  adyton::Result<void> load();
  adyton::Result<void> make();
  [[nodiscard]] std::int64_t now() const;
  [[nodiscard]] adyton::Result<Record> record_of(std::string_view serial) const;
  adyton::Result<std::optional<std::string>> admit(const Request& request, const CertificateRequest& parsed,
                                                   const std::string& subject_key);
  [[nodiscard]] adyton::Result<std::optional<std::string>> enrolled_already(const Request& request,
                                                                            const CertificateRequest& parsed,
                                                                            const std::string& subject_key) const;
  adyton::Result<Issued> issue(const Request& request, const CertificateRequest& parsed, const Validity& validity,
                               const std::string& subject_key, Enrolment& enrolment) const;
  [[nodiscard]] std::vector<std::string> latest_serials() const;
  [[nodiscard]] adyton::Result<std::string> find(const Revocation& revocation) const;

  adyton::SealedStore store_;
  const Audit audit_;
  const CaOptions options_;
  std::optional<CaKey> key_;
  adyton::Bytes certificate_, name_;  // DER
  Validity validity_;
  bool made_now_ = false;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> reserved_;  // subjects that are being enrolled, by store key: the request's name
  std::uint64_t issued_ = 0, revoked_ = 0, crl_number_ = 0;
};

}  // namespace device_ca
