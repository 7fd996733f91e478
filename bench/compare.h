// SPDX-License-Identifier: Apache-2.0
// Benchmarks beside their baselines: runs all of a program's Google Benchmarks several times, interleaved, and prints
// each promised number as a ratio of medians measured in the same run.
#pragma once

#include <string>
#include <vector>

namespace adyton::bench {

// The label (State::SetLabel) of a benchmark that only computes: its processor time counts, which other programs on the
// machine disturb less.
inline constexpr const char* kProcessorTime = "processor time";

// One promise. `measured` and `baseline` are names of benchmarks, whose times per operation are compared, or counters
// of benchmarks: "Name#counter".
struct Promise {
  std::string what;
  std::string measured;
  std::string baseline;  // empty: none, the limit is absolute
  double at_most = 0;    // of measured / baseline, or of measured in microseconds without a baseline
  std::string note;      // what the limit is, in words
};

// Runs, prints the table, writes JSON (Google Benchmark's own with --benchmark_out=FILE, the promises with
// --promises-out=FILE). 1 if a benchmark failed, such as one whose replies were wrong; else 0, whatever was measured: a
// benchmark is no test.
int run(int argc, char** argv, const std::vector<Promise>& promises);

}  // namespace adyton::bench
