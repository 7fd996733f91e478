// SPDX-License-Identifier: Apache-2.0
// What AMD's certificates say about a chip, and the table in which hosts hand them to guests.
//
// Sources: Versioned Chip Endorsement Key (VCEK) Certificate and KDS Interface Specification (AMD publication 57230, tables
// 8 to 11); SEV-ES Guest-Hypervisor Communication Block Standardization (AMD publication 56421, 4.1.8.1).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

struct SnpTableEntry {
  std::string role;  // "VCEK", "VLEK", "ASK", "ARK", "CRL"; or the identifier in hexadecimal
  BytesView bytes;   // into the table
};

// The certificate table of an extended guest request (`auxblob` of configfs-tsm): entries of identifier, offset and length
// up to one of zeros, then the contents. At most 32 entries. Errors: invalid.
Result<std::vector<SnpTableEntry>> parse_snp_certificate_table(BytesView table);
bool looks_like_snp_certificate_table(BytesView bytes);

}  // namespace adyton
