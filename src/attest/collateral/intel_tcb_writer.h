// SPDX-License-Identifier: Apache-2.0
// Makes the TCB infos and enclave identities that attest/collateral/intel_tcb.h reads, as Intel's service gives them:
// for authorities that are not Intel, the SGX emulator's and the tests'.
#pragma once

#include <string>

#include <adyton/bytes.h>
#include "attest/collateral/intel_tcb.h"

namespace adyton {

// The JSON that is signed: of the contents, not of `document` and `name`.
std::string encode_unsigned(const TcbInfo& info);
std::string encode_unsigned(const EnclaveIdentity& identity);

// {"tcbInfo": TEXT, "signature": hex} and {"enclaveIdentity": ...}: the text and its signature, r || s.
std::string tcb_info_answer(const std::string& text, BytesView signature);
std::string enclave_identity_answer(const std::string& text, BytesView signature);

}  // namespace adyton
