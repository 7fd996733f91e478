// SPDX-License-Identifier: Apache-2.0
// What AMD's certificates say about a chip.
//
// Source: Versioned Chip Endorsement Key (VCEK) Certificate and KDS Interface Specification (AMD publication 57230), 3.
#pragma once

#include <cstdint>
#include <string>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/snp_report.h"
#include "crypto/x509.h"

namespace adyton {

// A VCEK or VLEK certificate's extensions (1.3.6.1.4.1.3704.1.*).
struct SnpLeaf {
  SnpSigningKey kind = SnpSigningKey::kVcek;  // by the subject's common name: SEV-VCEK, SEV-VLEK
  SnpProduct product = SnpProduct::kUnknown;
  std::string product_name;  // .2, as it stands there: "Milan-B0"
  SnpTcb tcb;                // .3.*, put together as a report of that product has it
  Bytes hwid;                // .4: the chip id; 64 bytes, 8 for Turin; none in a VLEK
  std::string csp_id;        // .5: who runs the platform; only in a VLEK
};

// Errors: invalid: neither a VCEK's nor a VLEK's name, an extension that is missing or malformed, an unknown product.
Result<SnpLeaf> parse_snp_leaf(const Certificate& certificate);

// Whether a certificate's subject is SEV-VCEK or SEV-VLEK: cheap.
bool is_snp_leaf(const Certificate& certificate);

}  // namespace adyton
