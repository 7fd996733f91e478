// SPDX-License-Identifier: Apache-2.0
#include "keep/extended_state.h"

#include <gtest/gtest.h>

#include <vector>

#include "keep/address_unsafe.h"
#include "keep/cpuid.h"

namespace adyton::keep {
namespace {

// By the SDM's tables: what XSAVE and XSAVEC write of these components.
TEST(Cpuid, RoomForStateIsThatOfWhatIsEnabled) {
  const struct {
    std::uint64_t enabled;
    std::uint32_t standard, compacted;
  } table[] = {{0, 576, 576},       {3, 576, 576},           {7, 832, 832},           {0xe7, 2688, 2432},
               {0x2e7, 2696, 2440}, {0x600e7, 11008, 10688}, {0x602e7, 11008, 10752}, {~0ull, 11008, 10880}};
  for (const auto& row : table) {
    EXPECT_EQ(extended_state_bytes(row.enabled), row.standard) << std::hex << row.enabled;
    for (const std::uint32_t host : {0U, 1U, ~0U}) {
      EXPECT_EQ(with_known_sizes(0xd, 0, {host, host, host, host}, row.enabled).ebx, row.standard);
      EXPECT_EQ(with_known_sizes(0xd, 0, {host, host, host, host}, row.enabled).ecx, row.standard);
      EXPECT_EQ(with_known_sizes(0xd, 1, {host, host, host, host}, row.enabled).ebx, row.compacted);
    }
  }
}

// Whatever is enabled here, the processor itself needs no more than that.
TEST(ExtendedState, IsSavedWithinItsBytes) {
  const std::uint64_t bytes = saved_state_bytes();
  EXPECT_GE(bytes, kLegacyStateBytes);
  std::vector<unsigned char> memory(bytes + 64 + 256, 0xa5);
  const std::uint64_t area = (address_of(memory.data()) + 63) / 64 * 64;
  save_extended_state(at<void>(area));
  for (std::uint64_t beyond = area + bytes; beyond < address_of(memory.data()) + memory.size(); ++beyond) {
    ASSERT_EQ(*at<unsigned char>(beyond), 0xa5) << beyond - area;
  }
}

}  // namespace
}  // namespace adyton::keep
