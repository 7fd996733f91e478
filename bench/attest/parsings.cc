// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "base/cursor.h"
#include "bench/attest/scenarios.h"
#include "testing/fake_amd.h"
#include "testing/fake_intel.h"

namespace adyton::bench {
namespace {

// `good` with the length at each of these offsets replaced; of two bytes if it is marked so.
struct Length {
  std::size_t offset;
  bool is_short = false;
};

Bytes with_length(Bytes bytes, Length at, auto change) {
  if (at.is_short) {
    store_le<std::uint16_t>(bytes, at.offset, change(load_le<std::uint16_t>(bytes, at.offset)));
  } else {
    store_le<std::uint32_t>(bytes, at.offset, change(load_le<std::uint32_t>(bytes, at.offset)));
  }
  return bytes;
}

template <unsigned kShift>
constexpr auto kMost =
    [](auto length) { return static_cast<decltype(length)>(std::numeric_limits<decltype(length)>::max() >> kShift); };

Parsing parsing(std::string name, std::string what, const Bytes& good, const Bytes& lying,
                std::initializer_list<Length> lengths) {
  const auto one_more = [](auto length) { return static_cast<decltype(length)>(length + 1); };
  Parsing out{std::move(name), std::move(what), good, {}, {}};
  for (const Length at : lengths) {
    out.slightly.push_back(with_length(lying, at, one_more));
    out.grossly.push_back(with_length(lying, at, kMost<0>));
    out.grossly.push_back(with_length(lying, at, kMost<1>));
  }
  return out;
}

}  // namespace

std::vector<Parsing> parsings() {
  testing::FakeIntel intel;
  testing::FakeAmd amd(SnpProduct::kMilan);
  const testing::FakeIdentity vcek = amd.vcek();
  const Bytes sgx = intel.quote(), tdx = intel.quote({.version = 5, .tdx = true, .td_report_15 = true});
  const Bytes report = testing::fake_snp_report({}, vcek.key);
  Bytes extended = report;  // with a certificate table, whose one entry of eight bytes is just within it
  append(extended, *parse_hex("63da758de6644564adc5f4b93be8accd"));
  append_le<std::uint32_t>(extended, 48);
  append_le<std::uint32_t>(extended, 8);
  extended.resize(report.size() + 56);
  // From the start: size of the signature data, of the QE's authentication data, of the certification data; in
  // versions 4 and 5 that of what is around the QE's report, in 5 that of the body.
  constexpr std::size_t kSgx = 48 + 384, kTdx = 48 + 6 + 648;
  return {parsing("ParseSgx", "SGX quote", sgx, sgx, {{kSgx}, {kSgx + 4 + 576, true}, {kSgx + 4 + 578 + 32 + 2}}),
          parsing("ParseTdx", "TDX quote", tdx, tdx,
                  {{50}, {kTdx}, {kTdx + 4 + 130}, {kTdx + 4 + 134 + 448, true}, {kTdx + 4 + 134 + 450 + 32 + 2}}),
          parsing("ParseSnp", "SEV-SNP report", report, extended, {{report.size() + 16}, {report.size() + 20}})};
}

}  // namespace adyton::bench
