// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/structures.h"

#include <gtest/gtest.h>

#include <set>

#include "base/cursor.h"

namespace adyton::sgx {
namespace {

// Which bytes of a structure that parses may have their lowest bit flipped: the others are reserved, or fixed.
template <class Parse>
std::set<std::size_t> free_bytes(const Bytes& good, Parse&& parse) {
  EXPECT_TRUE(parse(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse(BytesView(good).first(size))) << size;
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(parse(longer));
  std::set<std::size_t> out;
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes changed = good;
    changed[at] ^= std::byte{1};
    if (parse(changed)) out.insert(at);
  }
  return out;
}

std::set<std::size_t> ranges(std::initializer_list<std::pair<std::size_t, std::size_t>> all) {
  std::set<std::size_t> out;
  for (const auto& [begin, end] : all) {
    for (std::size_t at = begin; at < end; ++at) out.insert(at);
  }
  return out;
}

TEST(SgxStructures, ReservedBytesOfATcsAreZero) {
  Bytes tcs(kPageBytes);
  store_le<std::uint64_t>(tcs, 16, 0x2000);
  // DBGOPTIN; OSSA, OFSBASE and OGSBASE at pages; NSSA, OENTRY, AEP, limits.
  EXPECT_EQ(free_bytes(tcs, parse_tcs), ranges({{8, 9}, {18, 24}, {28, 48}, {50, 56}, {58, 72}}));
}

TEST(SgxStructures, ReservedBytesOfAKeyRequestAreZero) {
  EXPECT_EQ(free_bytes(Bytes(KeyRequest::kBytes), parse_key_request), ranges({{0, 3}, {4, 6}, {8, 78}}));
}

TEST(SgxStructures, ReservedBytesOfATargetAreZero) {
  EXPECT_EQ(free_bytes(Bytes(TargetInfo::kBytes), parse_target_info), ranges({{0, 48}, {50, 56}, {64, 128}}));
}

TEST(SgxStructures, ReservedBytesOfASecinfoAreZero) {
  EXPECT_EQ(free_bytes(Bytes(SecinfoOperand::kBytes), parse_secinfo), ranges({{0, 2}}));
}

}  // namespace
}  // namespace adyton::sgx
