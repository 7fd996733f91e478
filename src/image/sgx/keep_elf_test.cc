// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/keep_elf.h"

#include <functional>

#include <gtest/gtest.h>

#include "image/sgx/test_keep.h"

namespace adyton {
namespace {

TEST(SgxKeepElf, IsTakenAsItIs) {
  const Bytes file = TestKeep().encode();
  const auto keep = parse_keep_elf(file);
  ASSERT_TRUE(keep) << keep.error().message;
  EXPECT_EQ(keep->entry, TestKeep::kEntry);
  EXPECT_EQ(keep->bytes, 0x4000u);
  ASSERT_EQ(keep->regions.size(), 3u);
  EXPECT_TRUE(keep->regions[0].executable && !keep->regions[0].writable);
  EXPECT_TRUE(keep->regions[2].writable && !keep->regions[2].executable);
  EXPECT_EQ(keep->regions[2].bytes.size(), 0x40u);
}

TEST(SgxKeepElf, MayHaveADynamicSectionThatSaysNothing) {
  TestKeep keep;
  keep.header.e_type = ET_EXEC;
  keep.dynamic = {TestElf::tag(DT_RELASZ, 0), TestElf::tag(DT_FLAGS_1, 0x08000000), TestElf::tag(DT_NULL, 0)};
  const auto parsed = parse_keep_elf(keep.encode());
  EXPECT_TRUE(parsed) << parsed.error().message;
}

TEST(SgxKeepElf, SaysWhereSystemCallsAndCpuidLead) {
  TestKeep keep;
  EXPECT_EQ(parse_keep_elf(keep.encode())->syscall_entry, 0u);
  EXPECT_EQ(parse_keep_elf(keep.encode())->cpuid_entry, 0u);
  keep.syscall_entry = TestKeep::kEntry + 1;
  keep.cpuid_entry = TestKeep::kEntry + 2;
  EXPECT_EQ(parse_keep_elf(keep.encode())->syscall_entry, TestKeep::kEntry + 1);
  EXPECT_EQ(parse_keep_elf(keep.encode())->cpuid_entry, TestKeep::kEntry + 2);
  for (const std::uint64_t nowhere : {TestKeep::kConstants, TestKeep::kData, std::uint64_t{0x500}, ~std::uint64_t{0}}) {
    keep.syscall_entry = nowhere;
    const auto parsed = parse_keep_elf(keep.encode());
    ASSERT_FALSE(parsed) << nowhere;
    EXPECT_TRUE(parsed.error().message.contains("entry for system calls")) << parsed.error().message;
  }
  keep.syscall_entry = TestKeep::kEntry + 1;
  for (const std::uint64_t nowhere : {std::uint64_t{0}, TestKeep::kConstants, ~std::uint64_t{0}}) {
    keep.cpuid_entry = nowhere;
    const auto parsed = parse_keep_elf(keep.encode());
    ASSERT_FALSE(parsed) << nowhere;
    EXPECT_TRUE(parsed.error().message.contains("entry for cpuid")) << parsed.error().message;
  }
}

TEST(SgxKeepElf, RefusesWhatNeedsALoader) {
  const std::pair<std::string_view, std::function<void(TestKeep&)>> cases[] = {
      {"another machine", [](TestKeep& k) { k.header.e_machine = EM_AARCH64; }},
      {"an object file", [](TestKeep& k) { k.header.e_type = ET_REL; }},
      {"entry in constants", [](TestKeep& k) { k.header.e_entry = TestKeep::kConstants; }},
      {"entry beyond the file", [](TestKeep& k) { k.header.e_entry = 0x500; }},
      {"linked elsewhere", [](TestKeep& k) { k.segments[0].p_vaddr = 0x100000; }},
      {"nothing at 0", [](TestKeep& k) { k.segments.erase(k.segments.begin()); }},
      {"W and X", [](TestKeep& k) { k.segments[0].p_flags |= PF_W; }},
      {"W without R", [](TestKeep& k) { k.segments[2].p_flags = PF_W; }},
      {"unknown flags", [](TestKeep& k) { k.segments[2].p_flags |= 0x100; }},
      {"a shared page", [](TestKeep& k) { k.segments[0].p_memsz = 0x1001; }},
      {"descending", [](TestKeep& k) { std::swap(k.segments[1], k.segments[2]); }},
      {"beyond the file", [](TestKeep& k) { k.segments[2].p_offset = 0x2001; }},
      {"offset that wraps", [](TestKeep& k) { k.segments[2].p_offset = ~0ull; }},
      {"file beyond memory", [](TestKeep& k) { k.segments[2].p_memsz = 0x10; }},
      {"huge", [](TestKeep& k) { k.segments[2].p_memsz = kMaxKeepBytes; }},
      {"address that wraps", [](TestKeep& k) { k.segments[2].p_vaddr = ~0ull - 0x10; }},
      {"empty", [](TestKeep& k) { k.segments[2].p_memsz = k.segments[2].p_filesz = 0; }},
      {"executable stack", [](TestKeep& k) { k.segments[3].p_flags |= PF_X; }},
      {"thread-local storage", [](TestKeep& k) { k.segments.push_back({.p_type = PT_TLS}); }},
      {"an interpreter", [](TestKeep& k) { k.segments.push_back({.p_type = PT_INTERP}); }},
      {"relocations", [](TestKeep& k) { k.dynamic = {TestElf::tag(DT_RELASZ, 24), TestElf::tag(DT_NULL, 0)}; }},
      {"packed relocations", [](TestKeep& k) { k.dynamic = {TestElf::tag(DT_RELRSZ, 8), TestElf::tag(DT_NULL, 0)}; }},
      {"a library", [](TestKeep& k) { k.dynamic = {TestElf::tag(DT_NEEDED, 1), TestElf::tag(DT_NULL, 0)}; }},
      {"constructors", [](TestKeep& k) { k.dynamic = {TestElf::tag(DT_INIT_ARRAYSZ, 8), TestElf::tag(DT_NULL, 0)}; }},
      {"no end", [](TestKeep& k) { k.dynamic = {TestElf::tag(DT_RELASZ, 0)}; }},
  };
  for (const auto& [name, change] : cases) {
    TestKeep keep;
    change(keep);
    const auto parsed = parse_keep_elf(keep.encode());
    ASSERT_FALSE(parsed) << name;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid) << name;
    EXPECT_TRUE(parsed.error().message.starts_with("the keep kernel: ")) << parsed.error().message;
  }
}

TEST(SgxKeepElf, RefusesEveryTruncationThatMatters) {
  const Bytes whole = TestKeep().encode();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_keep_elf(BytesView(whole).first(size))) << size;
  }
}

// Any flip is refused, or leaves a plan that keeps the rules.
TEST(SgxKeepElf, SurvivesEveryFlippedBitOfItsHeaders) {
  Bytes file = TestKeep().encode();
  for (std::size_t bit = 0; bit < 8 * (sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr)); ++bit) {
    file[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    if (const auto keep = parse_keep_elf(file)) {
      std::uint64_t end = 0;
      for (const Region& region : keep->regions) {
        EXPECT_TRUE(region.address / 4096 * 4096 >= end && region.size >= region.bytes.size()) << bit;
        EXPECT_FALSE(region.writable && region.executable) << bit;
        end = region.address + region.size;
      }
      EXPECT_TRUE(end <= keep->bytes && keep->bytes <= kMaxKeepBytes + 4096) << bit;
    }
    file[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
  }
}

}  // namespace
}  // namespace adyton
