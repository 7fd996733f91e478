// SPDX-License-Identifier: Apache-2.0
// A certificate request (PKCS#10, RFC 2986), taken apart and checked: what the CA needs of it, and nothing it refuses.
#pragma once

#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "name.h"
#include "subject_key.h"

namespace device_ca {

// Everything but the strings points into `der`: movable, not copyable.
struct CertificateRequest {
  CertificateRequest() = default;
  CertificateRequest(CertificateRequest&&) = default;
  CertificateRequest& operator=(CertificateRequest&&) = default;

  adyton::Bytes der;
  Name subject;
  SubjectKey key;
  std::vector<adyton::BytesView> alternative_names;  // encoded GeneralNames: dNSName, iPAddress, rfc822Name, URI
  bool names_a_server = false;                       // some of them are DNS names or addresses
};

// Reads a PEM request of at most kRequestBytes and checks all that can be checked without the CA's records: form, name,
// key, wishes, signature. What it asks for beside alternative names is dropped if the CA has its own answer (key usage,
// purposes, identifiers) or it is not critical; wishing to be a CA, or for critical extensions that are not issued, is
// denied. Errors: exhausted (too large), invalid (malformed), denied, untrusted (signature).
adyton::Result<CertificateRequest> parse_request(std::string_view pem);

}  // namespace device_ca
