// SPDX-License-Identifier: Apache-2.0
// The calls between the device CA's enclave and its host: both sides include this header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <adyton/call.h>
#include <adyton/result.h>

namespace device_ca {

// A request that is larger is refused; a call with more requests is an error.
inline constexpr std::size_t kRequestBytes = 16 * 1024;
inline constexpr std::size_t kRequestsPerCall = 1024;

// A PEM certificate request (PKCS#10), and what the host calls it: a file's name.
struct Request {
  std::string name;
  std::string pem;
};

struct Issued {
  std::string pem;
  bool again = false;  // the certificate that this very request got before
};

// Why something was refused: `code` for programs, `reason` for people.
struct Refused {
  adyton::ErrorCode code = adyton::ErrorCode::kInternal;
  std::string reason;
};

// RFC 5280, 5.3.1. Without those that do not apply to a device (2, 8, 10) or can be taken back (6).
enum class Reason : std::uint8_t {
  kUnspecified = 0,
  kKeyCompromise = 1,
  kAffiliationChanged = 3,
  kSuperseded = 4,
  kCessationOfOperation = 5,
  kPrivilegeWithdrawn = 9,
};

// Names the certificate to revoke by exactly one of: serial number (hexadecimal), subject (as `device_ca show --list`
// prints it), the certificate itself (PEM).
struct Revocation {
  std::string serial;
  std::string subject;
  std::string pem;
  Reason reason = Reason::kUnspecified;
};

struct Revoked {
  std::string serial;
  std::string subject;
};

using EnrolOutcome = std::variant<Issued, Refused>;
using RevokeOutcome = std::variant<Revoked, Refused>;

struct Certificate {
  std::string serial;
  std::string subject;
  std::int64_t not_after = 0;  // seconds since 1970
  std::int64_t revoked = 0;    // likewise; 0: not revoked
};

struct Status {
  std::string certificate;         // the CA's own, PEM
  std::uint64_t issued = 0;        // certificates ever
  std::uint64_t revoked = 0;       // of these
  std::uint64_t crl_number = 0;    // of the last revocation list; 0: none yet
  bool made_now = false;           // the CA was made by this start of the enclave
  std::string private_key_sha256;  // tells nothing of the key, but lets a search through memory recognise it
};

namespace calls {

// Answers each request in its order: what is refused stops nobody else. `days` is how long certificates are valid.
// Certificates are returned only once they are durable in the sealed state and in the audit log.
inline constexpr adyton::Call<"ca.enrol",
                              std::vector<EnrolOutcome>(const std::vector<Request>& requests, std::uint32_t days)>
    enrol;

inline constexpr adyton::Call<"ca.revoke", std::vector<RevokeOutcome>(const std::vector<Revocation>& revocations)>
    revoke;

// A certificate revocation list (PEM) of all that is revoked, valid for `days`.
inline constexpr adyton::Call<"ca.crl", std::string(std::uint32_t days)> revocation_list;

inline constexpr adyton::Call<"ca.status", Status()> status;

// Up to 1000 certificates in the order of their serial numbers, from the one after `after` ("": from the first).
inline constexpr adyton::Call<"ca.list", std::vector<Certificate>(std::string_view after)> list;

// To the host: appends lines to the audit log. The enclave hands nothing out before this has succeeded.
inline constexpr adyton::HostCall<"ca.audit", void(const std::vector<std::string>& lines)> audit;

}  // namespace calls
}  // namespace device_ca
