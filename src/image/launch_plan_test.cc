// SPDX-License-Identifier: Apache-2.0
#include "image/launch_plan.h"

#include <functional>

#include <gtest/gtest.h>

#include "image/test_elf.h"
#include "image/test_workshop.h"

namespace adyton {
namespace {

TEST(LaunchPlan, HoldsWhatIsLoaded) {
  const Bytes file = TestElf().encode();
  const Result<LaunchPlan> plan = make_launch_plan(file, {});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->entry, 0x1000u);
  EXPECT_EQ(plan->relro_end, 0x4000u);
  ASSERT_EQ(plan->regions.size(), 4u);
  const Region& data = plan->regions[3];
  EXPECT_EQ(data.address, 0x3000u);
  EXPECT_EQ(data.size, 0x2000u);
  EXPECT_EQ(data.file_offset, 0x3000u);
  EXPECT_TRUE(data.readable && data.writable && !data.executable);
  EXPECT_EQ(to_hex(data.bytes.first(4)), "00010203");
  EXPECT_EQ(data.bytes.size(), 0x80u);
  EXPECT_TRUE(plan->regions[1].executable && !plan->regions[1].writable);
  EXPECT_EQ(plan->regions[1].bytes.data(), plan->executable.data() + 0x1000);
  // It is a program, and so is what the plan would have the kernel run.
  const Workshop workshop;
  EXPECT_EQ(workshop.execute(file).status, 0);
  EXPECT_EQ(workshop.execute(plan->executable).status, 0);
}

TEST(LaunchPlan, StaysWholeWhenMoved) {
  static_assert(!std::is_copy_constructible_v<LaunchPlan> && !std::is_copy_assignable_v<LaunchPlan>);
  static_assert(!std::is_copy_constructible_v<Image> && std::is_nothrow_move_constructible_v<Image>);
  LaunchPlan first = *make_launch_plan(TestElf().encode(), {});
  LaunchPlan second = std::move(first);
  LaunchPlan third;
  third = std::move(second);
  EXPECT_EQ(third.regions[3].bytes.data(), third.executable.data() + 0x3000);
}

TEST(LaunchPlan, LeavesOutWhatIsNotLoaded) {
  const Bytes file = TestElf().encode();
  const Bytes executable = make_launch_plan(file, {})->executable;
  Bytes noisy = file;
  append(noisy, as_bytes("appended"));
  const auto fill = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) noisy[i] = std::byte{0xcc};
  };
  fill(0x300, 0x1000);  // the pages' ends: the kernel maps whole pages
  fill(0x1020, 0x2000);
  fill(0x2400, 0x3000);
  fill(0x28, 0x30);  // e_shoff
  fill(0x3a, 0x40);  // e_shentsize, e_shnum, e_shstrndx
  EXPECT_EQ(make_launch_plan(noisy, {})->executable, executable);
  for (const std::size_t loaded : {0x27, 0x30, 0x39, 0x40, 0x2ff, 0x1000, 0x101f, 0x23ff, 0x307f}) {
    Bytes changed = file;
    changed[loaded] ^= std::byte{1};
    const Result<LaunchPlan> plan = make_launch_plan(changed, {});
    EXPECT_TRUE(!plan || plan->executable != executable) << loaded;
  }
}

using Change = std::function<void(TestElf&)>;

struct Refusal {
  std::string_view reason;
  Change change;
};

void expect_refused(std::span<const Refusal> refusals) {
  for (const Refusal& refusal : refusals) {
    TestElf elf;
    refusal.change(elf);
    const Result<LaunchPlan> plan = make_launch_plan(elf.encode(), {});
    ASSERT_FALSE(plan) << refusal.reason;
    EXPECT_EQ(plan.error().code, ErrorCode::kInvalid);
    EXPECT_NE(plan.error().message.find(refusal.reason), std::string::npos)
        << refusal.reason << ": " << plan.error().message;
  }
}

TEST(LaunchPlan, RefusesOtherHeaders) {
  const Refusal refusals[] = {
      {"not an ELF file", [](TestElf& elf) { elf.header.e_ident[0] = 0; }},
      {"another machine", [](TestElf& elf) { elf.header.e_machine = EM_AARCH64; }},
      {"another machine", [](TestElf& elf) { elf.header.e_ident[EI_CLASS] = ELFCLASS32; }},
      {"another machine", [](TestElf& elf) { elf.header.e_ident[EI_DATA] = ELFDATA2MSB; }},
      {"fixed address", [](TestElf& elf) { elf.header.e_type = ET_EXEC; }},
      {"an object file", [](TestElf& elf) { elf.header.e_type = ET_REL; }},
      {"ELF type 4", [](TestElf& elf) { elf.header.e_type = ET_CORE; }},
      {"unknown kind", [](TestElf& elf) { elf.header.e_version = 2; }},
      {"unknown kind", [](TestElf& elf) { elf.header.e_ident[EI_VERSION] = 0; }},
      {"unknown kind", [](TestElf& elf) { elf.header.e_ident[EI_OSABI] = ELFOSABI_FREEBSD; }},
      {"unknown kind", [](TestElf& elf) { elf.header.e_flags = 1; }},
      {"unknown kind", [](TestElf& elf) { elf.header.e_ehsize = 52; }},
      {"a library", [](TestElf& elf) { elf.header.e_entry = 0; }},
      {"entry point", [](TestElf& elf) { elf.header.e_entry = TestElf::kConstants; }},
      {"entry point", [](TestElf& elf) { elf.header.e_entry = TestElf::kCode + 0x20; }},
      {"entry point", [](TestElf& elf) { elf.header.e_entry = UINT64_MAX; }},
      {"program headers", [](TestElf& elf) { elf.header.e_phnum = 65535; }},
      {"program headers", [](TestElf& elf) { elf.header.e_phentsize = 32; }},
      {"program headers", [](TestElf& elf) { elf.header.e_phoff = UINT64_MAX - 7; }},
      {"program headers", [](TestElf& elf) { elf.header.e_phoff = 0x1000000; }},
      {"program headers", [](TestElf& elf) { elf.header.e_phoff = 0; }},
      {"program headers", [](TestElf& elf) { elf.header.e_phoff = 65; }},
  };
  expect_refused(refusals);
  EXPECT_FALSE(make_launch_plan({}, {}));
}

Change segment(TestElf::Index index, const std::function<void(Elf64_Phdr&)>& change) {
  return [=](TestElf& elf) { change(elf.segments[index]); };
}
Change extra(const Elf64_Phdr& header) {
  return [=](TestElf& elf) { elf.segments.push_back(header); };
}

TEST(LaunchPlan, RefusesOtherSegments) {
  const Refusal refusals[] = {
      {"beyond the end of the file", segment(TestElf::kWritable, [](auto& s) { s.p_filesz = 0x81; })},
      {"beyond the end of the file", segment(TestElf::kWritable, [](auto& s) { s.p_offset = UINT64_MAX - 0xfff; })},
      {"larger in the file", segment(TestElf::kText, [](auto& s) { s.p_memsz = 0x1f; })},
      {"empty segment", segment(TestElf::kText, [](auto& s) { s.p_filesz = s.p_memsz = 0; })},
      {"of memory", segment(TestElf::kWritable, [](auto& s) { s.p_memsz = 4ull << 30; })},
      {"of memory", segment(TestElf::kWritable, [](auto& s) { s.p_memsz = UINT64_MAX; })},
      {"of memory", segment(TestElf::kWritable, [](auto& s) { s.p_vaddr = UINT64_MAX - 0xfff; })},
      {"not aligned", segment(TestElf::kText, [](auto& s) { s.p_align = 0; })},
      {"not aligned", segment(TestElf::kText, [](auto& s) { s.p_align = 16; })},
      {"not aligned", segment(TestElf::kText, [](auto& s) { s.p_align = 4097; })},
      {"not aligned", segment(TestElf::kText, [](auto& s) { s.p_align = 4ull << 20; })},
      {"not aligned", segment(TestElf::kText, [](auto& s) { s.p_vaddr += 8; })},
      {"writable and executable", segment(TestElf::kText, [](auto& s) { s.p_flags |= PF_W; })},
      {"writable and executable", segment(TestElf::kWritable, [](auto& s) { s.p_flags |= PF_X; })},
      {"unknown flags", segment(TestElf::kText, [](auto& s) { s.p_flags |= 8; })},
      {"unknown flags", segment(TestElf::kReadOnly, [](auto& s) { s.p_flags = 0; })},
      {"overlap, share a page", segment(TestElf::kText, [](auto& s) { s.p_memsz = 0x1001; })},
      {"overlap, share a page", [](TestElf& elf) { std::swap(elf.segments[1], elf.segments[2]); }},
      {"overlap, share a page", extra(TestElf::load(PF_R, 0x1000, 0x20))},
      {"overlap in the file", segment(TestElf::kText, [](auto& s) { s.p_offset = 0; })},
      {"overlap in the file", segment(TestElf::kWritable, [](auto& s) { s.p_offset = 0, s.p_filesz = 1; })},
      {"not loaded at address 0", segment(TestElf::kHeaders, [](auto& s) { s.p_filesz = 0x200; })},
      {"not loaded at address 0", segment(TestElf::kHeaders, [](auto& s) { s.p_type = PT_NULL; })},
      {"of memory", segment(TestElf::kHeaders, [](auto& s) { s.p_vaddr = 1ull << 47; })},
      {"executable stack", segment(TestElf::kStack, [](auto& s) { s.p_flags |= PF_X; })},
      {"PT_GNU_STACK", segment(TestElf::kStack, [](auto& s) { s.p_type = PT_NULL; })},
      {"a stack with content", segment(TestElf::kStack, [](auto& s) { s.p_filesz = 8; })},
      {"linked dynamically", extra({.p_type = PT_INTERP, .p_filesz = 8})},
      {"two program headers", extra({.p_type = PT_DYNAMIC})},
      {"two program headers", extra({.p_type = PT_GNU_STACK})},
      {"two program headers", extra({.p_type = PT_TLS})},
      {"two program header tables", extra({.p_type = PT_PHDR, .p_offset = 0x48, .p_vaddr = 0x48, .p_filesz = 56})},
      {"bytes that are not loaded", segment(TestElf::kNote, [](auto& s) { s.p_offset = 0x400; })},
      {"bytes that are not loaded", segment(TestElf::kNote, [](auto& s) { s.p_vaddr = 0x400, s.p_offset = 0x400; })},
      {"bytes that are not loaded", segment(TestElf::kNote, [](auto& s) { s.p_filesz = UINT64_MAX; })},
      {"bytes that are not loaded", segment(TestElf::kTls, [](auto& s) { s.p_filesz = 0x81; })},
      {"bytes that are not loaded", extra({.p_type = 0x60000000, .p_offset = 0x3100, .p_filesz = 1})},
      {"thread-local storage", segment(TestElf::kTls, [](auto& s) { s.p_memsz = 4; })},
      {"thread-local storage", segment(TestElf::kTls, [](auto& s) { s.p_memsz = UINT64_MAX; })},
      {"read-only relocations", segment(TestElf::kRelro, [](auto& s) { s.p_memsz = 0x2001; })},
      {"read-only relocations", segment(TestElf::kRelro, [](auto& s) { s.p_memsz = UINT64_MAX; })},
      {"read-only relocations", segment(TestElf::kRelro, [](auto& s) { s.p_filesz = 0, s.p_vaddr = 0x1000; })},
  };
  expect_refused(refusals);
}

TEST(LaunchPlan, RefusesWhatCrashesBeforeMain) {
  const auto dynamic = [](std::int64_t tag, std::uint64_t value) -> Change {
    return [=](TestElf& elf) { elf.dynamic.insert(elf.dynamic.begin(), TestElf::tag(tag, value)); };
  };
  const auto relocation = [](std::uint64_t type, std::uint64_t address) -> Change {
    return [=](TestElf& elf) { elf.relocations[0] = TestElf::relocation(type, address); };
  };
  const Refusal refusals[] = {
      {"shared libraries", dynamic(DT_NEEDED, 1)},
      {"search path", dynamic(DT_RPATH, 1)},
      {"search path", dynamic(DT_RUNPATH, 1)},
      {"relocations in code", dynamic(DT_TEXTREL, 0)},
      {"relocations in code", dynamic(DT_FLAGS, DF_TEXTREL)},
      {"without addends", dynamic(DT_REL, TestElf::kConstants)},
      {"tag 0x7 twice", dynamic(DT_RELA, TestElf::kConstants)},
      {"without end",
       [](TestElf& elf) { elf.dynamic.resize(32, TestElf::tag(DT_NEEDED, 0)), elf.dynamic[4] = elf.dynamic[5]; }},
      {"dynamic section without end", segment(TestElf::kDynamic, [](auto& s) { s.p_filesz = 64; })},
      {"dynamic section without end", segment(TestElf::kDynamic, [](auto& s) { s.p_filesz = 0; })},
      {"unknown size", [](TestElf& elf) { elf.dynamic[2].d_un.d_val = 16; }},
      {"not loaded from the file", [](TestElf& elf) { elf.dynamic[1].d_un.d_val = 1ull << 40; }},
      {"not loaded from the file", [](TestElf& elf) { elf.dynamic[0].d_un.d_val = UINT64_MAX; }},
      {"relocation table of 71 bytes", [](TestElf& elf) { elf.dynamic[1].d_un.d_val = 71; }},
      {"unknown kind", dynamic(DT_JMPREL, TestElf::kConstants + 0x200)},
      {"without -rdynamic", relocation(R_X86_64_TPOFF64, TestElf::kData)},
      {"without -rdynamic", relocation(R_X86_64_DTPMOD64, TestElf::kData)},
      {"without -rdynamic", relocation(R_X86_64_DTPOFF64, TestElf::kData)},
      {"need a dynamic linker", relocation(R_X86_64_JUMP_SLOT, TestElf::kData)},
      {"need a dynamic linker", relocation(R_X86_64_64, TestElf::kData)},
      {"not writable", relocation(R_X86_64_RELATIVE, TestElf::kCode)},
      {"not writable", relocation(R_X86_64_RELATIVE, TestElf::kData + 0x1ff9)},
      {"not writable", relocation(R_X86_64_IRELATIVE, UINT64_MAX)},
  };
  expect_refused(refusals);
}

// DT_RELRSZ, DT_RELR, DT_RELRENT.
Change packed(std::vector<std::uint64_t> words, std::uint64_t entry_size = 8) {
  return [=](TestElf& elf) {
    for (const std::uint64_t word : words) append_le(elf.constants, word);
    elf.dynamic.insert(elf.dynamic.begin(), {TestElf::tag(35, words.size() * 8), TestElf::tag(37, entry_size),
                                             TestElf::tag(36, TestElf::kConstants + 0x300)});
  };
}

TEST(LaunchPlan, ChecksPackedRelocations) {
  TestElf good;
  packed({TestElf::kData, 0b111, 0x4f00, std::uint64_t{1} << 31 | 1})(good);
  const Result<LaunchPlan> plan = make_launch_plan(good.encode(), {});
  EXPECT_TRUE(plan) << plan.error().message;
  const Refusal refusals[] = {
      {"not writable", packed({TestElf::kConstants})},
      {"not writable", packed({0b11})},
      {"not writable", packed({0x4f00, std::uint64_t{1} << 32 | 1})},
      {"not writable", packed({0x4f00, 1, 0b11})},
      {"unknown size", packed({TestElf::kData}, 4)},
      {"packed relocations", [](TestElf& elf) { packed({TestElf::kData})(elf), elf.dynamic[0].d_un.d_val = 0x1000; }},
      {"packed relocation table of 7",
       [](TestElf& elf) { packed({TestElf::kData})(elf), elf.dynamic[0].d_un.d_val = 7; }},
  };
  expect_refused(refusals);
}

TEST(LaunchPlan, HasLimits) {
  const Bytes file = TestElf().encode();
  EXPECT_EQ(make_launch_plan(file, {.file_bytes = file.size() - 1}).error().code, ErrorCode::kExhausted);
  EXPECT_FALSE(make_launch_plan(file, {.memory_bytes = 0x4fff}));
  EXPECT_FALSE(make_launch_plan(file, {.program_headers = 8}));
  EXPECT_TRUE(make_launch_plan(file, {.file_bytes = file.size(), .memory_bytes = 0x5000, .program_headers = 9}));
}

// A data segment that has no bytes in the file at all, at an odd place of its page, or nowhere in the file.
TEST(LaunchPlan, TakesASegmentWithoutBytes) {
  for (const std::uint64_t offset : {0x3040, 0x3000, 0}) {
    TestElf elf;
    elf.segments[TestElf::kWritable].p_filesz = 0;
    elf.segments[TestElf::kWritable].p_offset = offset;
    elf.segments[TestElf::kWritable].p_vaddr = 0x3000 + offset % 0x1000;
    elf.segments[TestElf::kTls] = elf.segments[TestElf::kRelro] = {.p_type = PT_NULL};
    elf.dynamic = {TestElf::tag(DT_NULL, 0)};
    const Bytes file = elf.encode();
    const Result<LaunchPlan> plan = make_launch_plan(file, {});
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_TRUE(plan->regions[3].bytes.empty());
    const Workshop workshop;
    EXPECT_EQ(workshop.execute(file).status, 0);
    EXPECT_EQ(workshop.execute(plan->executable).status, 0);
  }
}

}  // namespace
}  // namespace adyton
