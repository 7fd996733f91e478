// SPDX-License-Identifier: Apache-2.0
// An ELF file's sections: where an image keeps what is not loaded (manifest, signatures, the keep kernel for SGX), and
// where the linker left the program's symbols.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <elf.h>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "image/image.h"

namespace adyton {

// GNU strip and objcopy keep sections of the type NOTE, and so does elfutils' strip.
inline constexpr std::string_view kManifestSection = ".adyton.manifest";
inline constexpr std::string_view kSignatureSection = ".adyton.signature";
inline constexpr std::string_view kKeepSection = ".adyton.keep";
inline constexpr std::string_view kSigstructSection = ".adyton.sigstruct";
inline constexpr std::string_view kNoteOwner = "Adyton";
enum class NoteType : std::uint32_t {  // "AD": not one of the ABI
  kManifest = 0x41440001,
  kSignature = 0x41440002,
  kKeep = 0x41440003,
  kSigstruct = 0x41440004,
};

// `name` and `content` point into the file; `content` is empty for a section that takes no bytes of it.
struct Section {
  std::string_view name;
  Elf64_Shdr header{};
  BytesView content;
};

// All sections, the empty one with the index 0 included; none if the file has no section headers. Errors: invalid,
// for headers, contents or names that are not within the file.
Result<std::vector<Section>> read_sections(BytesView elf, const ImageLimits& limits);

// The content of the note in a section of this name; nothing without the section. Errors: invalid, for two of the name,
// a loaded section, or one that is not exactly one note of this type.
Result<std::optional<BytesView>> find_note(const std::vector<Section>& sections, std::string_view name, NoteType type);

// What becomes of the section with a note of this type: replaced or added with `content`, or removed without.
struct NoteChange {
  std::string_view section;
  NoteType type;
  std::optional<BytesView> content;
};

// The file with these sections changed. The program, the other sections and their indices stay as they are; what lies
// beyond the last section and segment is dropped; the new sections, names and section headers are at the end.
Result<Bytes> change_notes(BytesView elf, std::span<const NoteChange> changes, const ImageLimits& limits = {});

}  // namespace adyton
