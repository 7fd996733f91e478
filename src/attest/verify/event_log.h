// SPDX-License-Identifier: Apache-2.0
// Whether an event log explains the registers that evidence vouches for.
#pragma once

#include <cstdint>
#include <vector>

#include "attest/evidence/event_log.h"
#include "attest/verify/findings.h"

namespace adyton {

// A register whose value a quote or a report vouches for (or its digest does).
struct KnownRegister {
  std::uint32_t index = 0;
  Bytes value;
};

// Replays the log and compares. Checks: "event log" (each register that the log extends must have the replayed value;
// one it never extends must have that of reset, or is only noted, since an operating system extends some without
// writing here), "event data" (an event whose data is not what its digest is of, though its type says so: nobody
// vouches for that data), "separator" (more than one in a register: the border between firmware and system is not where
// it seems).
void verify_event_log(const EventLog& log, HashAlgorithm bank, RegisterKind kind,
                      const std::vector<KnownRegister>& registers, Findings& findings);

}  // namespace adyton
