// SPDX-License-Identifier: Apache-2.0
// What the keep kernel's refusals and failures are called.
#include "platform/sgx/host_requests.h"

namespace adyton {

std::string_view describe(KeepRefusal refusal) {
  switch (refusal) {
    case KeepRefusal::kBusy: return "the thread is busy";
    case KeepRefusal::kNotWaiting: return "it asked for nothing that this would be the answer to";
    case KeepRefusal::kNotWanted: return "nobody asked for this thread";
    case KeepRefusal::kBadEntry: return "an entry of no known kind";
    case KeepRefusal::kBadPage: return "the host's page is not outside the enclave";
    case KeepRefusal::kNoException: return "the processor tells of no exception";
    case KeepRefusal::kNested: return "an exception while another is looked at";
    case KeepRefusal::kEnded: return "the application has ended";
  }
  return "a reason that is none";
}

std::string_view describe(KeepFailure failure) {
  switch (failure) {
    case KeepFailure::kConfig: return "the measured configuration is not this keep kernel's";
    case KeepFailure::kMemory:
      return "there is no room for what the start takes; raise memory.heap_bytes in the manifest";
    case KeepFailure::kRandom: return "the processor's RDRAND gives nothing";
    case KeepFailure::kStack: return "its own stack ran over";
    case KeepFailure::kException: return "an exception within it";
    case KeepFailure::kArguments: return "arguments and environment that do not fit, or are not as many as said";
  }
  return "a reason that is none";
}

}  // namespace adyton
