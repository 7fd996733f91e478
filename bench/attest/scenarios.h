// SPDX-License-Identifier: Apache-2.0
// What a relying party does all day, as pieces of work to be measured. Each ends the program if its answer is not the
// right one: a fast refusal is no verification.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <adyton/bytes.h>

namespace adyton::bench {

// From the evidence's bytes to the answer, as the C interface and the tool do it.
struct Verification {
  std::string name;            // of the benchmark: no spaces
  std::string what;            // for people
  double at_most;              // times the signature verifications that it computes
  std::function<void()> once;  // thread-safe; computes the same signatures each time
};
std::vector<Verification> intel_verifications();
std::vector<Verification> snp_verifications();

// Evidence to parse, and the same with lengths in it that lie.
struct Parsing {
  std::string name, what;
  Bytes good;
  std::vector<Bytes> slightly, grossly;  // lengths that are one too many, and as many as can be written
};
std::vector<Parsing> parsings();

}  // namespace adyton::bench
