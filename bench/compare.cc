// SPDX-License-Identifier: Apache-2.0
#include "bench/compare.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace adyton::bench {
namespace {

struct Spread {
  double median = 0, least = 0, most = 0;  // microseconds, or what a counter counts
};

// Between a benchmark's name and its counter's.
constexpr char kCounter = '#';

// Keeps every repetition's time by benchmark name, and counters.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        fmt::print(stderr, "{}: {}\n", run.benchmark_name(), run.error_message);
        failed_.insert(run.run_name.function_name);
      } else if (run.run_type == Run::RT_Iteration) {
        const double unit = benchmark::GetTimeUnitMultiplier(run.time_unit);
        const double time = run.report_label == kProcessorTime ? run.GetAdjustedCPUTime() : run.GetAdjustedRealTime();
        values_[run.run_name.function_name].push_back(time / unit * 1e6);
        for (const auto& [name, counter] : run.counters) {
          values_[run.run_name.function_name + kCounter + name].push_back(counter.value);
        }
      }
    }
  }
  [[nodiscard]] std::map<std::string, Spread> spreads() const {
    std::map<std::string, Spread> out;
    for (auto [name, values] : values_) {
      std::ranges::sort(values);
      out[name] = {values[values.size() / 2], values.front(), values.back()};
    }
    return out;
  }

  // Whether the benchmark failed in any repetition.
  [[nodiscard]] bool failed(const std::string& name) const {
    return failed_.contains(name.substr(0, name.find(kCounter)));
  }
  [[nodiscard]] bool any_failed() const { return !failed_.empty(); }

 private:
  std::map<std::string, std::vector<double>> values_;
  std::set<std::string> failed_;
};

std::string show(const Spread& s) { return fmt::format("{:.3f} ({:.3f}..{:.3f})", s.median, s.least, s.most); }

}  // namespace

int run(int argc, char** argv, const std::vector<Promise>& promises) {
  std::string promises_out;
  std::vector<char*> arguments;
  for (int i = 0; i < argc; ++i) {
    constexpr std::string_view kFlag = "--promises-out=";
    if (std::string_view(argv[i]).starts_with(kFlag)) {
      promises_out = argv[i] + kFlag.size();
    } else {
      arguments.push_back(argv[i]);
    }
  }
  std::string repetitions = "--benchmark_repetitions=5", interleave = "--benchmark_enable_random_interleaving=true";
  arguments.insert(arguments.begin() + 1, {repetitions.data(), interleave.data()});
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);

  const auto spreads = collector.spreads();
  auto json = nlohmann::ordered_json::array();
  fmt::print("\n{:<44} {:>30} {:>30} {:>7}  {}\n", "microseconds: median (least..most)", "measured", "baseline",
             "ratio", "promised");
  for (const Promise& promise : promises) {
    if (collector.failed(promise.measured) || collector.failed(promise.baseline)) {
      fmt::print("{:<44} {:>30} {:>30} {:>7}  {}   NOT KEPT\n", promise.what, "failed", "", "", promise.note);
      json.push_back({{"what", promise.what}, {"measured_us", nullptr}, {"at_most", promise.at_most}, {"kept", false}});
      continue;
    }
    const auto measured = spreads.find(promise.measured);
    if (measured == spreads.end()) continue;
    const auto baseline = spreads.find(promise.baseline);
    const bool relative = baseline != spreads.end();
    if (!promise.baseline.empty() && !relative) continue;
    const double value = relative ? measured->second.median / baseline->second.median : measured->second.median;
    const bool kept = value <= promise.at_most;
    fmt::print("{:<44} {:>30} {:>30} {:>7}  {}{}\n", promise.what, show(measured->second),
               relative ? show(baseline->second) : "", relative ? fmt::format("{:.2f}", value) : "", promise.note,
               kept ? "" : "   NOT KEPT");
    json.push_back({{"what", promise.what},
                    {"measured_us", measured->second.median},
                    {"measured_least_us", measured->second.least},
                    {"measured_most_us", measured->second.most},
                    {"baseline_us", relative ? nlohmann::ordered_json(baseline->second.median) : nullptr},
                    {"ratio", relative ? nlohmann::ordered_json(value) : nullptr},
                    {"at_most", promise.at_most},
                    {"kept", kept}});
  }
  if (!promises_out.empty()) std::ofstream(promises_out) << json.dump(2) << '\n';
  return collector.any_failed() ? 1 : 0;
}

}  // namespace adyton::bench
