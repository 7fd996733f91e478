// SPDX-License-Identifier: Apache-2.0
// The table of certificates that a hypervisor hands to an SEV-SNP guest with an extended report: "SEV-ES
// Guest-Hypervisor Communication Block Standardization" (AMD 56421), rev. 2.03, 4.1.8.1, SNP Extended Guest Request.
#pragma once

#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

struct CertificateTableEntry {
  std::string guid;  // "63da758d-e664-4564-adc5-f4b93be8accd"
  BytesView bytes;   // within the table
};

bool looks_like_certificate_table(BytesView bytes);

// Errors: invalid: an entry that lies outside the table, no end, more than 64 entries.
Result<std::vector<CertificateTableEntry>> parse_certificate_table(BytesView bytes);

}  // namespace adyton
