// SPDX-License-Identifier: Apache-2.0
// Values as JSON, by their structure: how tools call an enclave without its header (docs/formats/values.md has the
// table).
#pragma once

#include <string>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/codec.h>
#include "call/structure_text.h"

namespace adyton {

// A JSON array, one element a parameter, as the bytes of a call's arguments. Errors: invalid, naming the place
// ("argument 2, field count: ...").
Result<Bytes> arguments_from_json(const std::vector<TypeTree>& parameters, std::string_view json);

// A result as JSON text; "null" for void. Text that is not UTF-8 is shown with replacement characters. Takes bytes of
// any origin: errors as the decoder's.
Result<std::string> result_to_json(const TypeTree& type, Decoder& in);

}  // namespace adyton
