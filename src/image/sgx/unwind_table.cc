// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/unwind_table.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "image/elf_file.h"

namespace adyton {
namespace {

constexpr std::uint8_t kFourBytes = 0x03, kFromHere = 0x1b, kFromTable = 0x3b, kNoPointer = 0xff;  // DW_EH_PE_...

// A cursor over loaded memory that knows its address.
class Reader {
 public:
  static Result<Reader> at(const LaunchPlan& plan, std::uint64_t address) {
    const Region* region = find_region(plan.regions, address, 1, true);
    if (region == nullptr) return invalid("no bytes of the file at {:#x}", address);
    return Reader(region->bytes.subspan(address - region->address), address);
  }

  [[nodiscard]] std::uint64_t address() const { return end_ - cursor_.remaining(); }
  Result<std::uint8_t> byte() { return cursor_.read_le<std::uint8_t>(); }
  Result<std::uint32_t> word() { return cursor_.read_le<std::uint32_t>(); }
  // A pointer of four bytes relative to where it lies.
  Result<std::uint64_t> pointer() {
    const std::uint64_t here = address();
    return here + offset_of(TRY(word()));
  }
  Result<std::uint64_t> number() {  // ULEB128
    std::uint64_t out = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
      const std::uint8_t next = TRY(byte());
      out |= static_cast<std::uint64_t>(next & 0x7f) << shift;
      if ((next & 0x80) == 0) return out;
    }
    return invalid("a number that does not end");
  }
  Result<std::string_view> text() {
    constexpr std::size_t kMost = 16;
    for (std::size_t size = 0; size < kMost; ++size) {
      Cursor ahead = cursor_;
      const BytesView bytes = TRY(ahead.read_bytes(size + 1));
      if (bytes.back() == std::byte{0}) {
        cursor_ = ahead;
        return as_text(bytes.first(size));
      }
    }
    return invalid("an augmentation that does not end");
  }
  static std::uint64_t offset_of(std::uint32_t word) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(word)));
  }

 private:
  Reader(BytesView bytes, std::uint64_t address) : cursor_(bytes), end_(address + bytes.size()) {}
  Cursor cursor_;
  std::uint64_t end_;
};

// What a CIE says of its FDEs.
struct Common {
  std::uint64_t address = 0;
  bool has_handlers = false, signal_frame = false;
};

Result<Common> read_common(const LaunchPlan& plan, std::uint64_t address) {
  Reader reader = TRY(Reader::at(plan, address));
  const std::uint32_t length = TRY(reader.word()), id = TRY(reader.word());
  const std::uint8_t version = TRY(reader.byte());
  if (length == 0xffffffff || id != 0 || version != 1) return invalid("a CIE of another kind");
  const std::string_view augmentation = TRY(reader.text());
  if (!augmentation.starts_with('z')) return invalid("a CIE without the length of its augmentation");
  // Alignment factors, return address column, length of the augmentation.
  for (int i = 0; i < 4; ++i) TRY(reader.number());
  Common out{.address = address};
  bool from_here = false;
  for (const char letter : augmentation.substr(1)) {
    if (letter == 'R') {
      from_here = TRY(reader.byte()) == kFromHere;
    } else if (letter == 'L') {
      out.has_handlers = TRY(reader.byte()) != kNoPointer;
    } else if (letter == 'P') {
      const std::uint8_t encoding = TRY(reader.byte()) & 0xf;
      const bool four = encoding == 0x03 || encoding == 0x0b;
      if (!four && encoding != 0x04 && encoding != 0x0c && encoding != 0)
        return invalid("a personality of another kind");
      TRY(reader.word());
      if (!four) TRY(reader.word());
    } else if (letter == 'S') {
      out.signal_frame = true;
    } else {
      return invalid("a CIE with an unknown augmentation");
    }
  }
  if (!from_here) return invalid("addresses of another kind");
  return out;
}

// Nothing for a function that is left out.
Result<std::optional<FunctionRange>> read_function(const LaunchPlan& plan, std::uint64_t address, Common& common) {
  Reader reader = TRY(Reader::at(plan, address));
  const std::uint32_t length = TRY(reader.word());
  if (length == 0 || length == 0xffffffff) return invalid("an FDE of another kind");
  const std::uint64_t here = reader.address(), back = TRY(reader.word());
  if (back == 0 || back > here) return invalid("an FDE without a CIE");
  if (common.address != here - back) common = TRY(read_common(plan, here - back));
  const std::uint64_t begin = TRY(reader.pointer()), bytes = TRY(reader.word());
  const Region* region = find_region(plan.regions, begin, bytes, true);
  if (region == nullptr || !region->executable || bytes == 0 || common.signal_frame) return std::nullopt;
  return FunctionRange{.begin = begin, .end = begin + bytes, .has_handlers = common.has_handlers};
}

Result<std::vector<FunctionRange>> read_functions(const LaunchPlan& plan) {
  std::vector<FunctionRange> out;
  const Elf64_Ehdr header = TRY(read_elf_header(plan.executable));
  for (const Elf64_Phdr& segment : TRY(read_program_headers(plan.executable, header, ImageLimits{}))) {
    if (segment.p_type != PT_GNU_EH_FRAME) continue;
    Reader reader = TRY(Reader::at(plan, segment.p_vaddr));
    const std::uint8_t version = TRY(reader.byte()), frames = TRY(reader.byte()), count_kind = TRY(reader.byte()),
                       entries = TRY(reader.byte());
    if (version != 1 || frames != kFromHere || count_kind != kFourBytes || entries != kFromTable) {
      return invalid("a table of another kind");
    }
    TRY(reader.word());  // where .eh_frame begins
    const std::uint32_t count = TRY(reader.word());
    Common common;
    for (std::uint32_t i = 0; i < count; ++i) {
      TRY(reader.word());  // the function's address, which its FDE says, too
      const std::uint64_t frame = segment.p_vaddr + Reader::offset_of(TRY(reader.word()));
      const std::optional<FunctionRange> function = TRY(read_function(plan, frame, common));
      if (!function) continue;
      if (!out.empty() && function->begin < out.back().end) return invalid("functions that overlap");
      out.push_back(*function);
    }
  }
  return out;
}

}  // namespace

std::vector<FunctionRange> functions_of(const LaunchPlan& plan) {
  Result<std::vector<FunctionRange>> functions = read_functions(plan);
  return functions ? std::move(*functions) : std::vector<FunctionRange>();
}

}  // namespace adyton
