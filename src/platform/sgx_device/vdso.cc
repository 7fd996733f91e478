// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/vdso.h"

#include <elf.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/cursor.h"
#include "base/error.h"

namespace adyton::sgx {
namespace {

constexpr std::uint64_t kMaxImageBytes = 1 << 20;
constexpr std::uint64_t kMaxHeaders = 16, kMaxSymbols = 4096;

template <class T>
Result<T> read_at(BytesView image, std::uint64_t offset) {
  if (!in_bounds(offset, sizeof(T), image.size())) return invalid("{} bytes at {:#x} end behind it", sizeof(T), offset);
  T out;
  std::memcpy(&out, image.subspan(offset, sizeof(T)).data(), sizeof(T));
  return out;
}

Result<std::vector<Elf64_Phdr>> program_headers(BytesView image) {
  const auto header = TRY(read_at<Elf64_Ehdr>(image, 0));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64 || header.e_type != ET_DYN) {
    return invalid("it is no shared object for x86-64");
  }
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kMaxHeaders)
    return invalid("{} program headers of {} bytes", header.e_phnum, header.e_phentsize);
  std::vector<Elf64_Phdr> out;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    if (header.e_phoff > image.size()) return invalid("program headers at {:#x}", header.e_phoff);
    out.push_back(TRY(read_at<Elf64_Phdr>(image, header.e_phoff + i * sizeof(Elf64_Phdr))));
  }
  return out;
}

// What of the dynamic section a look-up takes; addresses are from the image's start.
struct Dynamic {
  std::optional<std::uint64_t> symbols, strings, string_bytes, hash, gnu_hash;
};

Result<Dynamic> parse_dynamic(BytesView image, const Elf64_Phdr& section, std::uint64_t load_address) {
  if (!in_bounds(section.p_offset, section.p_filesz, image.size()))
    return invalid("a dynamic section of {} bytes at {:#x}", section.p_filesz, section.p_offset);
  Dynamic out;
  for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= section.p_filesz; at += sizeof(Elf64_Dyn)) {
    const auto entry = TRY(read_at<Elf64_Dyn>(image, section.p_offset + at));
    const std::uint64_t address = entry.d_un.d_ptr - load_address;
    switch (entry.d_tag) {
      case DT_NULL: return out;
      case DT_SYMTAB: out.symbols = address; break;
      case DT_STRTAB: out.strings = address; break;
      case DT_STRSZ: out.string_bytes = entry.d_un.d_val; break;
      case DT_HASH: out.hash = address; break;
      case DT_GNU_HASH: out.gnu_hash = address; break;
      default: break;
    }
  }
  return out;
}

// Only the hash tables tell how many symbols there are.
Result<std::uint64_t> count_symbols(BytesView image, const Dynamic& dynamic) {
  constexpr std::uint64_t kWord = 4;
  const auto word = [&](std::uint64_t table, std::uint64_t index) -> Result<std::uint32_t> {
    if (table > image.size()) return invalid("a hash table at {:#x}", table);
    return read_at<std::uint32_t>(image, table + index * kWord);
  };
  if (dynamic.hash) return TRY(word(*dynamic.hash, 1));  // nchain
  if (!dynamic.gnu_hash) return invalid("it has no hash table");
  const std::uint64_t table = *dynamic.gnu_hash;
  const std::uint64_t buckets = TRY(word(table, 0));
  const std::uint64_t first = TRY(word(table, 1));
  const std::uint64_t bloom_words = TRY(word(table, 2));
  if (buckets > kMaxSymbols || first > kMaxSymbols || bloom_words > kMaxSymbols)
    return invalid("its hash table is huge");
  const std::uint64_t first_bucket = 4 + bloom_words * 2, first_chain = first_bucket + buckets;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < buckets; ++i) {
    const std::uint64_t symbol = TRY(word(table, first_bucket + i));
    last = std::max(last, symbol);
  }
  if (last < first) return first;
  while ((TRY(word(table, first_chain + (last - first))) & 1) == 0) ++last;
  return last + 1;
}

bool is_named(BytesView strings, std::uint64_t offset, std::string_view name) {
  return in_bounds(offset, name.size() + 1, strings.size()) && as_text(strings.subspan(offset, name.size())) == name &&
         strings[offset + name.size()] == std::byte{0};
}

Result<std::uint64_t> find(BytesView image, std::string_view name) {
  const std::vector<Elf64_Phdr> headers = TRY(program_headers(image));
  const auto load = std::ranges::find(headers, PT_LOAD, &Elf64_Phdr::p_type);
  const auto section = std::ranges::find(headers, PT_DYNAMIC, &Elf64_Phdr::p_type);
  if (load == headers.end() || section == headers.end() || load->p_offset != 0)
    return invalid("it has no segment from its start on, or no dynamic section");
  const Dynamic dynamic = TRY(parse_dynamic(image, *section, load->p_vaddr));
  if (!dynamic.symbols || !dynamic.strings || !dynamic.string_bytes) return invalid("it has no table of symbols");
  if (!in_bounds(*dynamic.strings, *dynamic.string_bytes, image.size()))
    return invalid("its table of strings ends behind it");
  const BytesView strings = image.subspan(*dynamic.strings, *dynamic.string_bytes);
  const std::uint64_t count = TRY(count_symbols(image, dynamic));
  if (count > kMaxSymbols || *dynamic.symbols > image.size()) return invalid("{} symbols", count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto symbol = TRY(read_at<Elf64_Sym>(image, *dynamic.symbols + i * sizeof(Elf64_Sym)));
    if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
    if (!is_named(strings, symbol.st_name, name)) continue;
    const std::uint64_t offset = symbol.st_value - load->p_vaddr;
    if (offset >= image.size()) return invalid("{} lies at {:#x}, behind its end", name, offset);
    return offset;
  }
  return not_found("it has no {}", name);
}

}  // namespace

std::uint64_t vdso_bytes(BytesView header) {
  const auto headers = program_headers(header);
  if (!headers) return 0;
  std::uint64_t out = 0;
  for (const Elf64_Phdr& segment : *headers) {
    if (segment.p_type != PT_LOAD || !in_bounds(segment.p_offset, segment.p_filesz, kMaxImageBytes)) continue;
    out = std::max(out, segment.p_offset + segment.p_filesz);
  }
  return out;
}

Result<std::uint64_t> find_vdso_function(BytesView image, std::string_view name) {
  return find(image, name).within("the vDSO");
}

}  // namespace adyton::sgx
