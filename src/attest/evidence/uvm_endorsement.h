// SPDX-License-Identifier: Apache-2.0
// Endorsements of Azure's utility VMs (confidential containers on ACI): who built the guest whose launch digest a
// SEV-SNP report has.
//
// A COSE_Sign1 (RFC 9052) with the signer's certificates in x5chain (RFC 9360) and an issuer of the did:x509 method in
// "iss". Source: microsoft/hcsshim and microsoft/confidential-sidecar-containers, "UVM reference info"; did:x509 (CCF).
#pragma once

#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/cose.h"
#include "crypto/x509.h"

namespace adyton {

struct UvmEndorsement {
  CoseSign1 message;  // the exact signed bytes
  std::int64_t algorithm = 0;
  std::vector<Certificate> chain;  // the signer's first, the root last; at least two
  std::string issuer;              // "did:x509:0:sha256:<root>::eku:<oid>"
  std::string feed;                // "ContainerPlat-AMD-UVM"
  Bytes launch_measurement;        // "x-ms-sevsnpvm-launchmeasurement": 48 bytes
  std::string guest_svn;           // "x-ms-sevsnpvm-guestsvn"
};

// At most 64 KiB. Errors: invalid.
Result<UvmEndorsement> parse_uvm_endorsement(BytesView bytes);
bool looks_like_uvm_endorsement(BytesView bytes);

}  // namespace adyton
