// SPDX-License-Identifier: Apache-2.0
// One run of `device_ca enrol`: from a source of requests, through the CA, to a folder of certificates.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <adyton/result.h>
#include "device_ca_calls.h"
#include "progress.h"
#include "request_source.h"

namespace device_ca {

struct EnrolmentResult {
  struct Refusal {
    std::string name;
    Refused refused;
  };
  std::uint64_t issued = 0;  // of these
  std::uint64_t again = 0;   // so many had been issued before
  std::vector<Refusal> refusals;
};

// The CA's answers to a batch. Called from several threads at once.
using EnrolBatch = std::function<adyton::Result<std::vector<EnrolOutcome>>(const std::vector<Request>& requests)>;

// Writes each certificate to `out`/NAME.pem, where NAME is the request's without .csr, .req or .pem, whole or not at
// all. Of two requests that would take one name the later takes its full one and ".pem". Errors: of the source, of
// `enrol` (what was issued before is written), io and exhausted (the folder).
// `jobs` batches are on their way at the same time, so that one is checked while another is being written; refusals are
// in the order of the source, but which of two requests for one subject comes first may depend on it.
adyton::Result<EnrolmentResult> run_enrolment(RequestSource& source, const EnrolBatch& enrol, const std::string& out,
                                              std::size_t batch, unsigned jobs, Progress& progress);

// What happened, in words: the counts, then each refused request and why.
std::string summary(const EnrolmentResult& result, double seconds);

// Replaces the file by one with this text; at no time is there less than one of them. Errors: io, exhausted.
adyton::Result<void> write_file(const std::string& path, std::string_view text);

}  // namespace device_ca
