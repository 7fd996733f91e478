// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/vdso.h"

#include <gtest/gtest.h>
#include <sys/auxv.h>

#include "base/cursor.h"
#include "platform/sgx_device/kernel.h"
#include "testing/fake_vdso.h"

namespace adyton::sgx {
namespace {

TEST(SgxVdsoTest, FindsTheFunctionByEitherHashTable) {
  for (const FakeVdso& made : {FakeVdso{}, FakeVdso{.gnu_hash = false}, FakeVdso{.hash = false},
                               FakeVdso{.load_address = 0xffffffffff700000}}) {
    const auto found = find_vdso_function(made.make(), kEnterEnclave);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(*found, 0x780u);
    EXPECT_EQ(find_vdso_function(made.make(), "__vdso_time").value(), 0x700u);
  }
}

TEST(SgxVdsoTest, SaysWhatItHasNot) {
  const FakeVdso without{.functions = {{"__vdso_time", 0x700}}};
  for (const std::string_view name :
       {kEnterEnclave, std::string_view("__vdso_tim"), std::string_view("__vdso_time2")}) {
    const auto found = find_vdso_function(without.make(), name);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(found.error().message.contains(name)) << found.error().message;
  }
  EXPECT_EQ(find_vdso_function(FakeVdso{.hash = false, .gnu_hash = false}.make(), kEnterEnclave).error().code,
            ErrorCode::kInvalid);
  const FakeVdso behind{.functions = {{std::string(kEnterEnclave), FakeVdso::kBytes}}};
  EXPECT_EQ(find_vdso_function(behind.make(), kEnterEnclave).error().code, ErrorCode::kInvalid);
}

TEST(SgxVdsoTest, EveryTruncationAndBitFlipIsAnErrorOrWithinTheImage) {
  for (const FakeVdso& made : {FakeVdso{}, FakeVdso{.hash = false}}) {
    const Bytes whole = made.make();
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto found = find_vdso_function(BytesView(whole).first(size), kEnterEnclave);
      if (found) {
        EXPECT_LT(*found, size);
      }
    }
    EXPECT_FALSE(find_vdso_function(BytesView(whole).first(FakeVdso::kStrings), kEnterEnclave));
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      Bytes altered = whole;
      altered[bit / 8] ^= std::byte{1} << bit % 8;
      const auto found = find_vdso_function(altered, kEnterEnclave);
      if (found) {
        EXPECT_LT(*found, whole.size());
      }
    }
  }
}

TEST(SgxVdsoTest, NoImageHasNoLength) {
  EXPECT_EQ(vdso_bytes(FakeVdso{}.make()), FakeVdso::kBytes);
  EXPECT_EQ(vdso_bytes({}), 0u);
  EXPECT_EQ(vdso_bytes(Bytes(kVdsoHeaderBytes)), 0u);
  // A segment of any length is not believed.
  Bytes long_one = FakeVdso{}.make();
  store_le<std::uint64_t>(long_one, sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), ~0ull);
  EXPECT_LT(vdso_bytes(long_one), FakeVdso::kBytes);
}

TEST(SgxVdsoTest, ThisMachinesVdsoHasAClock) {
  const VdsoImage vdso = make_kernel()->vdso();
  if (vdso.address == 0) GTEST_SKIP() << "the kernel maps none";
  const auto found = find_vdso_function(vdso.bytes, "__vdso_clock_gettime");
  ASSERT_TRUE(found) << found.error().message;
  timespec now{};
  const auto clock = std::bit_cast<int (*)(int, timespec*)>(vdso.address + *found);
  EXPECT_EQ(clock(CLOCK_MONOTONIC, &now), 0);
  EXPECT_NE(now.tv_sec + now.tv_nsec, 0);
}

}  // namespace
}  // namespace adyton::sgx
