// SPDX-License-Identifier: Apache-2.0
// What calls are measured against: the barest round trips between two processes of this machine.
#pragma once

#include <memory>

namespace adyton::bench {

// A forked process that answers; destroying it ends the process.
class RoundTrip {
 public:
  virtual ~RoundTrip() = default;
  virtual void go() = 0;
};

std::unique_ptr<RoundTrip> spinning();        // both awake, each on a processor of its own
std::unique_ptr<RoundTrip> futex_one_core();  // both asleep in turn, on one processor
std::unique_ptr<RoundTrip> unix_socket();     // a byte over a socket pair, on one processor

}  // namespace adyton::bench
