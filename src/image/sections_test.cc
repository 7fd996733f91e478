// SPDX-License-Identifier: Apache-2.0
#include "image/sections.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "image/test_elf.h"
#include "image/test_workshop.h"

namespace adyton {
namespace {

const Bytes kContent = to_bytes("content of a note");

NoteChange manifest(std::optional<BytesView> content) { return {kManifestSection, NoteType::kManifest, content}; }
NoteChange signature(std::optional<BytesView> content) { return {kSignatureSection, NoteType::kSignature, content}; }

Bytes change(BytesView elf, std::initializer_list<NoteChange> changes) {
  const Result<Bytes> out = change_notes(elf, std::span(changes.begin(), changes.size()));
  EXPECT_TRUE(out) << out.error().message;
  return out ? *out : Bytes();
}

std::optional<Bytes> note(BytesView elf, std::string_view name, NoteType type) {
  const auto sections = read_sections(elf, {});
  EXPECT_TRUE(sections) << sections.error().message;
  const auto found = find_note(*sections, name, type);
  EXPECT_TRUE(found) << found.error().message;
  return *found ? std::optional(to_bytes(**found)) : std::nullopt;
}
std::optional<Bytes> manifest_in(BytesView elf) { return note(elf, kManifestSection, NoteType::kManifest); }
std::optional<Bytes> signature_in(BytesView elf) { return note(elf, kSignatureSection, NoteType::kSignature); }

TEST(Sections, AreAddedReplacedAndRemoved) {
  const Bytes bare = TestElf().encode();
  EXPECT_TRUE(read_sections(bare, {})->empty());
  for (std::size_t size = 0; size < 9; ++size) {
    const Bytes content(size, std::byte{7});
    EXPECT_EQ(manifest_in(change(bare, {manifest(content)})), content);
  }
  const Bytes one = change(bare, {manifest(kContent)});
  EXPECT_EQ(signature_in(one), std::nullopt);
  const Bytes two = change(one, {signature(to_bytes("signature"))});
  EXPECT_EQ(manifest_in(two), kContent);
  EXPECT_EQ(signature_in(two), to_bytes("signature"));
  EXPECT_EQ(change(bare, {manifest(kContent), signature(to_bytes("signature"))}), two);
  EXPECT_EQ(change(two, {signature({})}), one);
  EXPECT_EQ(change(two, {manifest(kContent), signature({})}), one);
  const Bytes larger(100'000);
  EXPECT_EQ(manifest_in(change(two, {manifest(larger)})), larger);
  EXPECT_EQ(signature_in(change(two, {manifest(larger)})), to_bytes("signature"));
  EXPECT_EQ(change(change(two, {manifest(larger)}), {manifest(kContent), signature({})}), one);
  // The program itself is as it was, but for where its header says the sections are.
  EXPECT_TRUE(std::ranges::equal(BytesView(two).subspan(0x40, bare.size() - 0x40), BytesView(bare).subspan(0x40)));
}

TEST(Sections, DropWhatNobodyLaysClaimTo) {
  Bytes appended = TestElf().encode();
  const Bytes clean = change(appended, {manifest(kContent)});
  append(appended, as_bytes("something appended"));
  EXPECT_EQ(change(appended, {manifest(kContent)}), clean);
}

// Some linkers keep the names of sections and of symbols in one table, which then has to stay.
TEST(Sections, KeepNamesThatSymbolsShare) {
  const Workshop workshop;
  const Bytes program = workshop.link("int main() { return 5; }", "-fPIE -static-pie -fuse-ld=bfd");
  Bytes shared = program;
  const auto sections = *read_sections(program, {});
  const auto table =
      static_cast<std::size_t>(std::ranges::find(sections, ".symtab", &Section::name) - sections.begin());
  const auto header = load_structure<Elf64_Ehdr>(program, 0);
  store_le<std::uint32_t>(shared, header.e_shoff + table * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_link),
                          header.e_shstrndx);
  const Bytes changed = change(shared, {manifest(kContent)});
  EXPECT_EQ(manifest_in(changed), kContent);
  const auto after = *read_sections(changed, {});
  ASSERT_EQ(after.size(), sections.size() + 2);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    EXPECT_EQ(after[i].name, sections[i].name) << i;
    EXPECT_EQ(to_hex(after[i].content), to_hex(sections[i].content)) << i;
  }
  EXPECT_EQ(workshop.execute(changed).status, 5);
}

TEST(Sections, KeepTheirIndices) {
  const Workshop workshop;
  const Bytes program = workshop.link("int main() { return 5; }", "-g -fPIE -static-pie");
  const auto before = *read_sections(program, {});
  const Bytes changed = change(program, {manifest(kContent), signature(kContent)});
  const auto after = *read_sections(changed, {});
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].name == ".shstrtab") continue;
    EXPECT_EQ(after[i].name, before[i].name);
    EXPECT_TRUE(std::ranges::equal(after[i].content, before[i].content)) << before[i].name;
  }
}

// Found by fuzzing: a section header of the type NULL, taken for a note's, whose other fields were not zero.
TEST(Sections, CleanVacantPlaces) {
  const Bytes one = change(TestElf().encode(), {manifest(kContent)});
  Bytes vacant = one;
  const auto header = load_structure<Elf64_Ehdr>(vacant, 0);
  store_le<std::uint32_t>(vacant, header.e_shoff + sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_type), SHT_NULL);
  store_le<std::uint64_t>(vacant, header.e_shoff + sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_flags), SHF_ALLOC);
  EXPECT_EQ(manifest_in(vacant), std::nullopt);
  EXPECT_EQ(change(vacant, {manifest(kContent)}), one);
}

// An ELF with one note section, and the place of a field of one of its section headers.
struct Sample {
  Bytes file = change(TestElf().encode(), {manifest(kContent)});
  Elf64_Ehdr header = load_structure<Elf64_Ehdr>(file, 0);
  std::size_t field(std::size_t section, std::size_t offset) const {
    return header.e_shoff + section * sizeof(Elf64_Shdr) + offset;
  }
  Elf64_Shdr section(std::size_t index) const { return load_structure<Elf64_Shdr>(file, field(index, 0)); }
};

TEST(Sections, RefuseTablesThatDoNotFit) {
  const std::pair<std::string_view, std::function<void(Sample&)>> refusals[] = {
      {"section headers",
       [](Sample& s) { store_le<std::uint64_t>(s.file, offsetof(Elf64_Ehdr, e_shoff), UINT64_MAX); }},
      {"section headers",
       [](Sample& s) { store_le<std::uint64_t>(s.file, offsetof(Elf64_Ehdr, e_shoff), s.file.size() - 8); }},
      {"section headers", [](Sample& s) { store_le<std::uint16_t>(s.file, offsetof(Elf64_Ehdr, e_shnum), 65535); }},
      {"section headers", [](Sample& s) { store_le<std::uint16_t>(s.file, offsetof(Elf64_Ehdr, e_shnum), 0); }},
      {"section headers", [](Sample& s) { store_le<std::uint16_t>(s.file, offsetof(Elf64_Ehdr, e_shentsize), 40); }},
      {"no section names", [](Sample& s) { store_le<std::uint16_t>(s.file, offsetof(Elf64_Ehdr, e_shstrndx), 1); }},
      {"no section names", [](Sample& s) { store_le<std::uint16_t>(s.file, offsetof(Elf64_Ehdr, e_shstrndx), 3); }},
      {"beyond the end",
       [](Sample& s) { store_le<std::uint64_t>(s.file, s.field(1, offsetof(Elf64_Shdr, sh_size)), UINT64_MAX); }},
      {"beyond the end",
       [](Sample& s) { store_le<std::uint64_t>(s.file, s.field(1, offsetof(Elf64_Shdr, sh_offset)), UINT64_MAX); }},
      {"beyond the names",
       [](Sample& s) { store_le<std::uint32_t>(s.file, s.field(1, offsetof(Elf64_Shdr, sh_name)), UINT32_MAX); }},
      {"without end",
       [](Sample& s) {  // the names cut short by one byte: the last has no NUL
         store_le<std::uint64_t>(s.file, s.field(2, offsetof(Elf64_Shdr, sh_size)), s.section(2).sh_size - 1);
       }},
  };
  for (const auto& [reason, damage] : refusals) {
    Sample sample;
    ASSERT_TRUE(read_sections(sample.file, {}));
    damage(sample);
    const auto sections = read_sections(sample.file, {});
    ASSERT_FALSE(sections) << reason;
    EXPECT_EQ(sections.error().code, ErrorCode::kInvalid);
    EXPECT_NE(sections.error().message.find(reason), std::string::npos) << sections.error().message;
    EXPECT_FALSE(change_notes(sample.file, {}));
  }
  EXPECT_FALSE(read_sections(Sample().file, {.sections = 2}));
}

TEST(Sections, RefuseNotesOfOtherKinds) {
  const std::pair<std::string_view, std::function<void(Sample&)>> refusals[] = {
      {"not a note",
       [](Sample& s) { store_le<std::uint32_t>(s.file, s.field(1, offsetof(Elf64_Shdr, sh_type)), SHT_PROGBITS); }},
      {"is loaded",
       [](Sample& s) { store_le<std::uint64_t>(s.file, s.field(1, offsetof(Elf64_Shdr, sh_flags)), SHF_ALLOC); }},
      {"cut short", [](Sample& s) { store_le<std::uint64_t>(s.file, s.field(1, offsetof(Elf64_Shdr, sh_size)), 8); }},
      {"cut short", [](Sample& s) { store_le<std::uint32_t>(s.file, s.section(1).sh_offset + 4, UINT32_MAX); }},
      {"not Adyton's",
       [](Sample& s) {
         store_le<std::uint64_t>(s.file, s.field(1, offsetof(Elf64_Shdr, sh_size)), s.section(1).sh_size + 4);
       }},
      {"not Adyton's", [](Sample& s) { store_le<std::uint32_t>(s.file, s.section(1).sh_offset, UINT32_MAX); }},
      {"not Adyton's", [](Sample& s) { s.file[s.section(1).sh_offset + 12] = std::byte{'B'}; }},
      {"not Adyton's", [](Sample& s) { s.file[s.section(1).sh_offset + 19] = std::byte{1}; }},  // padding
      {"not Adyton's", [](Sample& s) { s.file[s.section(1).sh_offset + s.section(1).sh_size - 1] = std::byte{1}; }},
      {"a note of type", [](Sample& s) { store_le<std::uint32_t>(s.file, s.section(1).sh_offset + 8, 1); }},
      {"two sections",
       [](Sample& s) {  // the names table becomes a second section of that name
         store_le<std::uint32_t>(s.file, s.field(2, offsetof(Elf64_Shdr, sh_name)), s.section(1).sh_name);
       }},
  };
  for (const auto& [reason, damage] : refusals) {
    Sample sample;
    damage(sample);
    const auto sections = read_sections(sample.file, {});
    ASSERT_TRUE(sections) << reason << ": " << sections.error().message;
    const auto found = find_note(*sections, kManifestSection, NoteType::kManifest);
    ASSERT_FALSE(found) << reason;
    EXPECT_EQ(found.error().code, ErrorCode::kInvalid);
    EXPECT_NE(found.error().message.find(reason), std::string::npos) << found.error().message;
  }
}

}  // namespace
}  // namespace adyton
