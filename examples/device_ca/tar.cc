// SPDX-License-Identifier: Apache-2.0
#include "tar.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <sys/stat.h>

#include "refuse.h"

namespace device_ca {
namespace {

constexpr std::size_t kBlockBytes = 512;
constexpr std::uint64_t kTextBytes{64 * 1024};  // of a long name or of pax records

std::uint64_t padding_of(std::uint64_t size) { return (kBlockBytes - size % kBlockBytes) % kBlockBytes; }

// A field that ends at its size or at a NUL.
std::string_view text_field(std::string_view block, std::size_t offset, std::size_t size) {
  const std::string_view field = block.substr(offset, size);
  return field.substr(0, field.find('\0'));
}

// Octal digits between spaces, or GNU's base 256 (first bit set).
std::optional<std::uint64_t> number_field(std::string_view block, std::size_t offset, std::size_t size) {
  std::string_view field = block.substr(offset, size);
  std::uint64_t out = 0;
  if ((static_cast<unsigned char>(field[0]) & 0x80) != 0) {
    if (field[0] != '\x80') return std::nullopt;  // negative, or 2^88 and more
    for (const char c : field.substr(1)) {
      if (out >> 56 != 0) return std::nullopt;
      out = out << 8 | static_cast<unsigned char>(c);
    }
    return out;
  }
  field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
  while (!field.empty() && field[0] >= '0' && field[0] <= '7') {
    if (out >> 61 != 0) return std::nullopt;
    out = out << 3 | static_cast<unsigned>(field[0] - '0');
    field.remove_prefix(1);
  }
  if (field.find_first_not_of(std::string_view(" \0", 2)) != std::string_view::npos) return std::nullopt;
  return out;
}

bool checksum_holds(std::string_view block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return number_field(block, 148, 8) == sum;
}

// The pax records "LENGTH KEY=VALUE\n"; `apply(key, value)` for each.
template <class Apply>
Result<void> read_pax(std::string_view records, Apply&& apply) {
  while (!records.empty()) {
    const auto space = records.find(' ');
    std::size_t length = 0;
    for (const char c : records.substr(0, std::min<std::size_t>(space, 8))) {
      if (c < '0' || c > '9') return malformed("tar: malformed pax record");
      length = length * 10 + static_cast<std::size_t>(c - '0');
    }
    if (space == std::string_view::npos || length <= space + 1 || length > records.size() ||
        records[length - 1] != '\n') {
      return malformed("tar: malformed pax record");
    }
    const std::string_view record = records.substr(space + 1, length - space - 2);
    const auto equals = record.find('=');
    if (equals == std::string_view::npos) return malformed("tar: malformed pax record");
    apply(record.substr(0, equals), record.substr(equals + 1));
    records.remove_prefix(length);
  }
  return {};
}

bool decimal(std::string_view text, std::uint64_t& out) {
  out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || out >> 56 != 0) return false;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return !text.empty();
}

}  // namespace

struct TarReader::Header {
  std::string name;
  std::uint64_t size = 0;
  char type = '0';
};

Result<TarReader> TarReader::open(const std::string& path) {
  std::FILE* file = path == "-" ? ::fdopen(0, "rb") : std::fopen(path.c_str(), "rbe");
  if (!file) {
    return refuse(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, "opening {}: {}", path,
                  std::strerror(errno));
  }
  TarReader out(file);
  struct stat status{};
  if (::fstat(::fileno(file), &status) == 0 && S_ISREG(status.st_mode))
    out.size_ = static_cast<std::uint64_t>(status.st_size);
  return out;
}

// Appends up to `size` bytes; how many there were.
Result<std::size_t> TarReader::read(std::string& out, std::size_t size) {
  const std::size_t before = out.size();
  out.resize(before + size);
  const std::size_t got = std::fread(out.data() + before, 1, size, file_.get());
  out.resize(before + got);
  position_ += got;
  if (got < size && std::ferror(file_.get()) != 0)
    return refuse(ErrorCode::kIo, "tar: reading: {}", std::strerror(errno));
  return got;
}

Result<void> TarReader::skip(std::uint64_t size) {
  while (size > 0) {
    std::string dropped;
    const std::size_t piece = std::min<std::uint64_t>(size, kTextBytes);
    const std::size_t got = TRY(read(dropped, piece));
    if (got < piece) return malformed("tar: cut short at byte {}", position_);
    size -= piece;
  }
  return {};
}

// Nothing at the end: a block of zeros, or the end of the file where a header would begin.
Result<std::optional<TarReader::Header>> TarReader::read_header() {
  std::string block;
  const std::uint64_t start = position_;
  const std::size_t got = TRY(read(block, kBlockBytes));
  if (start == 0 && (block.starts_with("\x1f\x8b") || block.starts_with("BZh") ||
                     block.starts_with("\xfd"
                                       "7zXZ") ||
                     block.starts_with("\x28\xb5\x2f\xfd"))) {
    return malformed("tar: it is compressed; unpack it first, for example: zcat FILE | device_ca enrol --tar - ...");
  }
  if (start == 0 && got == 0) return malformed("tar: empty");
  if (got == 0) return malformed("tar: cut short at byte {}: its end mark is missing", start);
  if (got < kBlockBytes) return malformed("tar: cut short at byte {}", position_);
  if (std::ranges::all_of(block, [](char c) { return c == '\0'; })) return std::optional<Header>();
  if (!checksum_holds(block)) return malformed("tar: no header at byte {}: not a tar archive, or damaged", start);
  const auto size = number_field(block, 124, 12);
  if (!size) return malformed("tar: a size that is no number at byte {}", start);
  Header out{.name = std::string(text_field(block, 0, 100)), .size = *size, .type = block[156]};
  if (block.substr(257, 6) == std::string_view("ustar\0", 6) && block[345] != '\0') {
    out.name = std::string(text_field(block, 345, 155)) + '/' + out.name;
  }
  return std::optional(std::move(out));
}

Result<std::string> TarReader::read_contents(std::uint64_t size, std::size_t max_bytes) {
  std::string out;
  const std::size_t wanted = std::min<std::uint64_t>(size, max_bytes);
  const std::size_t got = TRY(read(out, wanted));
  if (got < wanted) return malformed("tar: cut short at byte {}", position_);
  TRY(skip(size - wanted + padding_of(size)));
  return out;
}

Result<std::string> TarReader::read_text(std::uint64_t size) {
  if (size > kTextBytes) return malformed("tar: a long name or pax header of {} bytes", size);
  return read_contents(size, kTextBytes);
}

Result<std::optional<TarEntry>> TarReader::next(std::size_t max_bytes) {
  // From the entries before it that say what the entry's own header could not hold.
  std::string long_name;
  std::uint64_t long_size = 0;
  bool has_long_size = false;
  while (true) {
    const auto header = TRY(read_header());
    if (!header) return std::optional<TarEntry>();
    const std::uint64_t size = has_long_size ? long_size : header->size;
    switch (header->type) {
      case 'L':  // GNU: the next entry's name
        long_name = TRY(read_text(header->size));
        long_name.resize(std::min(long_name.find('\0'), long_name.size()));
        continue;
      case 'x': {  // pax: what the next entry's header could not hold
        const std::string records = TRY(read_text(header->size));
        bool good = true;
        TRY(read_pax(records, [&](std::string_view key, std::string_view value) {
          if (key == "path") long_name = value;
          if (key != "size") return;
          has_long_size = good = decimal(value, long_size);
        }));
        if (!good) return malformed("tar: a pax size that is no number");
        continue;
      }
      case 'g':  // pax: for all entries; nothing that matters here
      case 'K':  // GNU: the next entry's link target
        TRY(read_text(header->size));
        continue;
      case '5':  // a folder
        TRY(skip(size + padding_of(size)));
        long_name.clear();
        has_long_size = false;
        continue;
      default: break;
    }
    TarEntry out{.name = long_name.empty() ? header->name : long_name,
                 .regular = header->type == '0' || header->type == '\0' || header->type == '7',
                 .size = size};
    const bool has_contents = out.regular || header->type == 'S';  // links and devices have none, whatever they say
    if (has_contents) out.contents = TRY(read_contents(size, max_bytes));
    return std::optional(std::move(out));
  }
}

}  // namespace device_ca
