// SPDX-License-Identifier: Apache-2.0
#include "image/sections.h"

#include <algorithm>

#include "base/error.h"
#include "image/elf_file.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::size_t kAlignment = 4;  // of notes: their size fields and their parts

// The text at `offset`, without its NUL.
Result<std::string_view> name_at(BytesView names, std::uint64_t offset) {
  if (offset >= names.size()) return invalid("a section name beyond the names");
  const std::string_view rest = as_text(names.subspan(offset)).substr(0, kMaxNameBytes);
  const std::size_t end = rest.find('\0');
  if (end == rest.npos) return invalid("a section name without end");
  return rest.substr(0, end);
}

Result<Section> read_section(BytesView elf, const Elf64_Shdr& header) {
  Section section{.name = {}, .header = header, .content = {}};
  if (header.sh_type == SHT_NULL || header.sh_type == SHT_NOBITS) return section;
  if (!in_bounds(header.sh_offset, header.sh_size, elf.size())) return invalid("a section beyond the end of the file");
  section.content = elf.subspan(header.sh_offset, header.sh_size);
  return section;
}

void pad(Bytes& out, std::size_t alignment) { out.resize((out.size() + alignment - 1) / alignment * alignment); }

// ELF's form of a note (System V ABI, 5, "note section"): sizes of name and content, type, name, content, each padded.
Bytes make_note(NoteType type, BytesView content) {
  Bytes out;
  append_le(out, static_cast<std::uint32_t>(kNoteOwner.size() + 1));
  append_le(out, static_cast<std::uint32_t>(content.size()));
  append_le(out, static_cast<std::uint32_t>(type));
  append(out, as_bytes(kNoteOwner));
  append_le(out, std::uint8_t{0});
  pad(out, kAlignment);
  append(out, content);
  pad(out, kAlignment);
  return out;
}

Result<BytesView> parse_note(BytesView note, NoteType type) {
  Cursor cursor(note);
  const auto name_size = TRY(cursor.read_le<std::uint32_t>());
  const auto size = TRY(cursor.read_le<std::uint32_t>());
  const auto found = TRY(cursor.read_le<std::uint32_t>());
  if (found != static_cast<std::uint32_t>(type)) return invalid("a note of type {}", found);
  if (name_size != kNoteOwner.size() + 1) return invalid("a note that is not Adyton's");
  (void)TRY(cursor.read_bytes(name_size + 1));  // "Adyton", its NUL and one byte of padding
  const BytesView content = TRY(cursor.read_bytes(size));
  // What is not read must be as it is written, so that there is one form of each note.
  if (!std::ranges::equal(make_note(type, content), note)) return invalid("a note that is not Adyton's");
  return content;
}

}  // namespace

Result<std::vector<Section>> read_sections(BytesView elf, const ImageLimits& limits) {
  const Elf64_Ehdr header = TRY(read_elf_header(elf));
  std::vector<Section> sections;
  if (header.e_shoff == 0 && header.e_shnum == 0) return sections;
  const std::uint64_t size = std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr);
  if (header.e_shnum == 0 || header.e_shnum > limits.sections) {
    return invalid("{} section headers: 1 to {} are read", header.e_shnum, limits.sections);
  }
  if (header.e_shentsize != sizeof(Elf64_Shdr) || !in_bounds(header.e_shoff, size, elf.size())) {
    return invalid("section headers that are not within the file");
  }
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    sections.push_back(
        TRY(read_section(elf, load_structure<Elf64_Shdr>(elf, header.e_shoff + i * sizeof(Elf64_Shdr)))));
  }
  if (header.e_shstrndx >= sections.size() || sections[header.e_shstrndx].header.sh_type != SHT_STRTAB) {
    return invalid("no section names");
  }
  const BytesView names = sections[header.e_shstrndx].content;
  for (Section& section : sections) {
    if (section.header.sh_type != SHT_NULL) section.name = TRY(name_at(names, section.header.sh_name));
  }
  return sections;
}

Result<std::optional<BytesView>> find_note(const std::vector<Section>& sections, std::string_view name, NoteType type) {
  std::optional<BytesView> found;
  for (const Section& section : sections) {
    if (section.name != name) continue;
    if (found) return invalid("two sections {}", name);
    if (section.header.sh_type != SHT_NOTE || (section.header.sh_flags & SHF_ALLOC) != 0) {
      return invalid("section {} is not a note, or is loaded", name);
    }
    found = TRY(parse_note(section.content, type).within(name));
  }
  return found;
}

namespace {

constexpr std::string_view kNamesSection = ".shstrtab";

// What change_notes() works on.
class Rewriter {
 public:
  Rewriter(BytesView elf, std::vector<Section> sections) : elf_(elf), sections_(std::move(sections)) {}

  Result<Bytes> run(std::span<const NoteChange> changes) {
    for (const NoteChange& change : changes) vacate(change.section);
    header_ = TRY(read_elf_header(elf_));
    vacate_names();
    out_ = to_bytes(elf_.first(TRY(end_of_rest())));
    for (const NoteChange& change : changes) {
      if (change.content) add(change.section, SHT_NOTE, make_note(change.type, *change.content));
    }
    add_names();
    while (sections_.back().header.sh_type == SHT_NULL) sections_.pop_back();
    write_headers();
    return std::move(out_);
  }

 private:
  void vacate(std::string_view name) {
    for (Section& section : sections_) {
      if (section.name == name) section = {};
    }
  }

  // The names are rewritten, unless they are also the names of symbols: then they stay, unused, and new ones are added.
  void vacate_names() {
    if (sections_.empty()) sections_.emplace_back();
    const bool shared = std::ranges::any_of(
        sections_, [&](const Section& section) { return section.header.sh_link == header_.e_shstrndx; });
    if (!shared && header_.e_shstrndx != 0) sections_[header_.e_shstrndx] = {};
  }

  // Where the last byte ends that a program header, a segment or one of the remaining sections lays claim to.
  Result<std::uint64_t> end_of_rest() const {
    std::uint64_t end = header_.e_phoff + std::uint64_t{header_.e_phnum} * sizeof(Elf64_Phdr);
    for (const Elf64_Phdr& segment : TRY(read_program_headers(elf_, header_, ImageLimits{}))) {
      if (!in_bounds(segment.p_offset, segment.p_filesz, elf_.size()))
        return invalid("a segment beyond the file's end");
      end = std::max(end, segment.p_offset + segment.p_filesz);
    }
    for (const Section& section : sections_) {
      if (section.header.sh_type == SHT_NULL || section.header.sh_type == SHT_NOBITS) continue;
      end = std::max(end, section.header.sh_offset + section.header.sh_size);
    }
    return end;
  }

  // In the first vacant place, so that no other section gets another index; symbols have them.
  Section& add(std::string_view name, Elf64_Word type, BytesView content) {
    const auto vacant = std::find_if(sections_.begin() + 1, sections_.end(),
                                     [](const Section& section) { return section.header.sh_type == SHT_NULL; });
    Section& section = vacant == sections_.end() ? sections_.emplace_back() : *vacant;
    section = {.name = name, .header = {}, .content = {}};  // nobody said that a vacant place is empty
    section.header.sh_type = type;
    section.header.sh_addralign = type == SHT_NOTE ? kAlignment : 1;
    pad(out_, section.header.sh_addralign);
    section.header.sh_offset = out_.size();
    section.header.sh_size = content.size();
    append(out_, content);
    return section;
  }

  void add_names() {
    Section& names = add(kNamesSection, SHT_STRTAB, {});
    header_.e_shstrndx = static_cast<Elf64_Half>(&names - sections_.data());
    append_le(out_, std::uint8_t{0});
    for (Section& section : sections_) {
      section.header.sh_name = 0;
      if (section.name.empty()) continue;
      section.header.sh_name = static_cast<Elf64_Word>(out_.size() - names.header.sh_offset);
      append(out_, as_bytes(section.name));
      append_le(out_, std::uint8_t{0});
    }
    names.header.sh_size = out_.size() - names.header.sh_offset;
  }

  void write_headers() {
    pad(out_, 8);
    store_le<std::uint64_t>(out_, offsetof(Elf64_Ehdr, e_shoff), out_.size());
    store_le<std::uint16_t>(out_, offsetof(Elf64_Ehdr, e_shentsize), sizeof(Elf64_Shdr));
    store_le<std::uint16_t>(out_, offsetof(Elf64_Ehdr, e_shnum), static_cast<std::uint16_t>(sections_.size()));
    store_le<std::uint16_t>(out_, offsetof(Elf64_Ehdr, e_shstrndx), header_.e_shstrndx);
    for (const Section& section : sections_) append_structure(out_, section.header);
  }

  BytesView elf_;
  std::vector<Section> sections_;
  Elf64_Ehdr header_{};
  Bytes out_;
};

}  // namespace

Result<Bytes> change_notes(BytesView elf, std::span<const NoteChange> changes, const ImageLimits& limits) {
  return Rewriter(elf, TRY(read_sections(elf, limits))).run(changes);
}

}  // namespace adyton
