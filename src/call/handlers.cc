// SPDX-License-Identifier: Apache-2.0
#include <adyton/handlers.h>

#include "base/error.h"

namespace adyton::detail {

Error exception_error(std::string_view call_text, const char* what) {
  return internal("the handler of {} threw: {}", call_text.substr(0, call_text.find('(')), what);
}

}  // namespace adyton::detail
