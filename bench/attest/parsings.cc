// SPDX-License-Identifier: Apache-2.0
#include "base/cursor.h"
#include "bench/attest/scenarios.h"
#include "testing/fake_amd.h"
#include "testing/fake_intel.h"

namespace adyton::bench {
namespace {

constexpr std::uint32_t kLies[] = {0x7fffffff, 0xffffffff, 0x00ffffff, 0};

// `good` with each lie at each of the offsets. (Of lengths of two bytes, what follows is spoilt too.)
std::vector<Bytes> with_lies(const Bytes& good, std::initializer_list<std::size_t> offsets) {
  std::vector<Bytes> out;
  for (const std::size_t offset : offsets) {
    for (const std::uint32_t lie : kLies) store_le<std::uint32_t>(out.emplace_back(good), offset, lie);
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
  Bytes extended = report;  // with the start of a certificate table, whose one entry is too long
  extended.resize(extended.size() + 48, std::byte{1});
  std::vector<Bytes> snp_lies = with_lies(extended, {report.size() + 16, report.size() + 20});
  // From the start: size of the signature data, of the QE's authentication data, of the certification data; in
  // versions 4 and 5 that of what is around the QE's report, in 5 that of the body.
  constexpr std::size_t kSgx = 48 + 384, kTdx = 48 + 6 + 648;
  return {{"ParseSgx", "SGX quote", sgx, with_lies(sgx, {kSgx, kSgx + 4 + 576, kSgx + 4 + 578 + 32 + 2})},
          {"ParseTdx", "TDX quote", tdx,
           with_lies(tdx, {50, kTdx, kTdx + 4 + 130, kTdx + 4 + 134 + 448, kTdx + 4 + 134 + 450 + 32 + 2})},
          {"ParseSnp", "SEV-SNP report", report, std::move(snp_lies)}};
}

}  // namespace adyton::bench
