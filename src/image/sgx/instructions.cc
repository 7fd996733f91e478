// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/instructions.h"

#include <algorithm>
#include <string_view>

#include "base/cursor.h"

namespace adyton {
namespace {

// What follows an opcode. `.` nothing; `b` 1 byte; `w` 2; `e` 3; `z` 4, or 2 with 66; `v` as `z`, or 8 with REX.W; `o`
// an address of 8 bytes, or 4 with 67; `j` a branch's 1 byte, `J` its 4; `M` ModRM, `m` ModRM and 1 byte, `Z` ModRM
// and `z`; `3` ModRM and, if its reg is 0 or 1, 1 byte or `z`. `x` is not taken; prefixes and escapes never get here.
constexpr std::string_view kOneByteMap =
    "MMMMbzxxMMMMbzxx"   // 00
    "MMMMbzxxMMMMbzxx"   // 10
    "MMMMbzxxMMMMbzxx"   // 20
    "MMMMbzxxMMMMbzxx"   // 30
    "xxxxxxxxxxxxxxxx"   // 40: REX
    "................"   // 50
    "xxxMxxxxzZbm...."   // 60
    "jjjjjjjjjjjjjjjj"   // 70
    "mZxmMMMMMMMMMMMM"   // 80
    "..........x....."   // 90
    "oooo....bz......"   // a0
    "bbbbbbbbvvvvvvvv"   // b0
    "mmw.xxmZe.w..bx."   // c0
    "MMMMxxx.MMMMMMMM"   // d0
    "jjjjbbbbJJxj...."   // e0
    "x.xx..33......MM";  // f0
constexpr std::string_view kTwoByteMap =
    "MMMMx....."
    "x.xM.x"             // 00
    "MMMMMMMMMMMMMMMM"   // 10
    "MMMMxxxxMMMMMMMM"   // 20
    "......x.xxxxxxxx"   // 30
    "MMMMMMMMMMMMMMMM"   // 40
    "MMMMMMMMMMMMMMMM"   // 50
    "MMMMMMMMMMMMMMMM"   // 60
    "mmmmMMM.MMxxMMMM"   // 70
    "JJJJJJJJJJJJJJJJ"   // 80
    "MMMMMMMMMMMMMMMM"   // 90
    "...MmMxx...MmMMM"   // a0
    "MMMMMMMMMMmMMMMM"   // b0
    "MMmMmmmM........"   // c0
    "MMMMMMMMMMMMMMMM"   // d0
    "MMMMMMMMMMMMMMMM"   // e0
    "MMMMMMMMMMMMMMMM";  // f0
static_assert(kOneByteMap.size() == 256 && kTwoByteMap.size() == 256);

constexpr std::uint8_t kTransaction = 0xf8;  // the ModRM of xabort and xbegin

enum class Map : std::uint8_t { kOneByte, kTwoByte, k38, k3a };

struct Decoding {
  BytesView code;
  std::size_t at = 0;
  bool word = false, short_address = false, repeat = false, other_prefix = false;  // 66; 67; f2, f3; lock, segments
  std::uint8_t rex = 0;                                                            // its four bits
  bool vector = false;                                                             // VEX or EVEX
  Map map = Map::kOneByte;
  std::uint8_t opcode = 0, modrm = 0, sib = 0;
  bool has_modrm = false;

  [[nodiscard]] bool has(std::size_t count) const { return code.size() - at >= count; }
  std::uint8_t next() { return static_cast<std::uint8_t>(code[at++]); }
  [[nodiscard]] unsigned mod() const { return modrm >> 6; }
  [[nodiscard]] unsigned reg() const { return modrm >> 3 & 7; }  // its low three bits
  [[nodiscard]] unsigned rm() const { return modrm & 7; }
};

void read_prefixes(Decoding& on) {
  for (; on.has(1); ++on.at) {
    switch (static_cast<std::uint8_t>(on.code[on.at])) {
      case 0x66: on.word = true; continue;
      case 0x67: on.short_address = true; continue;
      case 0xf2:
      case 0xf3: on.repeat = true; continue;
      case 0x26:
      case 0x2e:
      case 0x36:
      case 0x3e: continue;  // without effect, or a hint
      case 0x64:
      case 0x65:
      case 0xf0: on.other_prefix = true; continue;
      default: return;
    }
  }
}

// VEX (SDM 2, 2.3.5) and EVEX (2.7.1), whose fields are then in `on`. False: not one of the maps that are known.
bool read_vector_prefix(Decoding& on, std::uint8_t first) {
  if (on.word || on.repeat || on.other_prefix || on.rex != 0) return false;  // #UD
  const std::size_t size = first == 0xc5 ? 1 : first == 0xc4 ? 2 : 3;
  if (!on.has(size)) return false;
  on.vector = true;
  unsigned map = 1;
  if (first == 0xc4) map = static_cast<unsigned>(on.code[on.at]) & 0x1f;
  if (first == 0x62) {
    const auto p0 = static_cast<unsigned>(on.code[on.at]), p1 = static_cast<unsigned>(on.code[on.at + 1]);
    if ((p0 & 8) != 0 || (p1 & 4) == 0) return false;
    map = p0 & 7;
    if (map == 5 || map == 6) map = 2;  // AVX512-FP16: ModRM and nothing else, as in map 2
  }
  if (map < 1 || map > 3) return false;
  on.at += size;
  on.map = static_cast<Map>(map);
  return true;
}

bool read_opcode(Decoding& on) {
  if (!on.has(1)) return false;
  std::uint8_t byte = on.next();
  if ((byte & 0xf0) == 0x40) {
    on.rex = byte & 0xf;
    if (!on.has(1)) return false;
    byte = on.next();
    if (byte == 0xc4 || byte == 0xc5 || byte == 0x62) return false;  // #UD
  }
  if (byte == 0xc4 || byte == 0xc5 || byte == 0x62) {
    if (!read_vector_prefix(on, byte) || !on.has(1)) return false;
    byte = on.next();
  } else if (byte == 0x0f) {
    if (!on.has(1)) return false;
    byte = on.next();
    on.map = byte == 0x38 ? Map::k38 : byte == 0x3a ? Map::k3a : Map::kTwoByte;
    if (on.map != Map::kTwoByte) {
      if (!on.has(1)) return false;
      byte = on.next();
    }
  }
  on.opcode = byte;
  return true;
}

// `kind` of what follows the opcode, by the maps above.
char kind_of(const Decoding& on) {
  switch (on.map) {
    case Map::kOneByte: return kOneByteMap[on.opcode];
    case Map::k38: return 'M';
    case Map::k3a: return 'm';
    case Map::kTwoByte: break;
  }
  const char kind = kTwoByteMap[on.opcode];
  if (on.vector) return on.opcode == 0x77 || kind == 'M' || kind == 'm' ? kind : 'x';
  const bool sse4a = (on.opcode == 0x78 || on.opcode == 0x79) && (on.word || on.repeat);  // two bytes more, or VMX
  return sse4a ? 'x' : kind;
}

// ModRM, SIB, displacement (SDM 2, tables 2-2 and 2-3).
bool read_modrm(Decoding& on) {
  if (!on.has(1)) return false;
  on.modrm = on.next();
  on.has_modrm = true;
  const bool control = !on.vector && on.map == Map::kTwoByte && on.opcode >= 0x20 && on.opcode <= 0x23;
  if (on.mod() == 3 || control) return true;
  std::size_t displacement = on.mod() == 1 ? 1 : on.mod() == 2 ? 4 : 0;
  if (on.rm() == 4) {
    if (!on.has(1)) return false;
    on.sib = on.next();
    if (on.mod() == 0 && (on.sib & 7) == 5) displacement = 4;
  } else if (on.mod() == 0 && on.rm() == 5) {
    displacement = 4;
  }
  if (!on.has(displacement)) return false;
  on.at += displacement;
  return true;
}

// Bytes of immediate operand.
std::size_t immediate_of(const Decoding& on, char kind) {
  const std::size_t z = on.word && (on.rex & 8) == 0 ? 2 : 4;
  switch (kind) {
    case 'b':
    case 'j':
    case 'm': return 1;
    case 'w': return 2;
    case 'e': return 3;
    case 'z':
    case 'Z': return z;
    case 'v': return (on.rex & 8) != 0 ? 8 : z;
    case 'o': return on.short_address ? 4 : 8;
    case 'J': return 4;
    case '3': return on.reg() > 1 ? 0 : on.opcode == 0xf6 ? 1 : z;
    default: return 0;
  }
}

// Groups whose reg field is part of the opcode: which of them are taken.
bool known_group(const Decoding& on) {
  if (on.map != Map::kOneByte || !on.has_modrm) return true;
  switch (on.opcode) {
    case 0x8f: return on.reg() == 0;  // else AMD's XOP
    case 0xc6:
    case 0xc7: return on.reg() == 0 || on.modrm == kTransaction;
    case 0xfe: return on.reg() <= 1;
    case 0xff: return on.reg() != 7 && !(on.mod() == 3 && (on.reg() == 3 || on.reg() == 5));
    case 0x8d: return on.mod() != 3;
    default: return true;
  }
}

Flow flow_of(const Decoding& on) {
  if (on.vector) return Flow::kOn;
  if (on.map == Map::kTwoByte) {
    if (on.opcode == 0x05) return Flow::kSystemCall;
    if (on.opcode >= 0x80 && on.opcode <= 0x8f) return Flow::kBranch;
    return on.opcode == 0x0b || on.opcode == 0xb9 || on.opcode == 0xff || on.opcode == 0x07 || on.opcode == 0x35
               ? Flow::kEnd
               : Flow::kOn;
  }
  if (on.map != Map::kOneByte) return Flow::kOn;
  const std::uint8_t opcode = on.opcode;
  if ((opcode >= 0x70 && opcode <= 0x7f) || (opcode >= 0xe0 && opcode <= 0xe3)) return Flow::kBranch;
  switch (opcode) {
    case 0xe8: return Flow::kCall;
    case 0xe9:
    case 0xeb: return Flow::kJump;
    case 0xc7: return on.modrm == kTransaction ? Flow::kBranch : Flow::kOn;
    case 0xff:
      if (on.reg() == 4 || on.reg() == 5) return Flow::kIndirectJump;
      return on.reg() == 2 || on.reg() == 3 ? Flow::kIndirectCall : Flow::kOn;
    case 0xc2:
    case 0xc3:
    case 0xca:
    case 0xcb:
    case 0xcc:
    case 0xcf:
    case 0xf4: return Flow::kEnd;
    default: return Flow::kOn;
  }
}

bool is_padding(const Decoding& on) {
  if (on.vector || on.other_prefix || on.repeat) return false;
  if (on.map == Map::kTwoByte) return on.opcode == 0x1f && on.reg() == 0;
  return on.map == Map::kOneByte && (on.opcode == 0xcc || (on.opcode == 0x90 && (on.rex & 1) == 0));
}

// Moves, arithmetic, comparisons, address computations, push and pop: nothing that reads the instruction pointer, a
// segment or the processor's state, and nothing that faults of itself as a division does.
bool harmless(const Decoding& on) {
  const std::uint8_t opcode = on.opcode;
  if (on.vector || on.other_prefix || on.repeat || on.short_address) return false;
  if (on.map == Map::kTwoByte) {
    return opcode == 0x10 || opcode == 0x11 || (opcode >= 0x40 && opcode <= 0x4f) ||
           (opcode >= 0x90 && opcode <= 0x9f) || opcode == 0xb6 || opcode == 0xb7 || opcode == 0xbe || opcode == 0xbf ||
           opcode == 0xaf;
  }
  if (on.map != Map::kOneByte) return false;
  if (opcode < 0x40) return true;
  return (opcode >= 0x50 && opcode <= 0x5f) || opcode == 0x63 || opcode == 0x69 || opcode == 0x6b ||
         (opcode >= 0x80 && opcode <= 0x8b) || opcode == 0x8d || (opcode >= 0x91 && opcode <= 0x99) || opcode == 0xa8 ||
         opcode == 0xa9 || (opcode >= 0xb0 && opcode <= 0xc1) ||
         ((opcode == 0xc6 || opcode == 0xc7) && on.reg() == 0) || (opcode >= 0xd0 && opcode <= 0xd3) ||
         ((opcode == 0xf6 || opcode == 0xf7) && on.reg() <= 3) || opcode == 0xfe || (opcode == 0xff && on.reg() <= 1);
}

bool by_instruction_pointer(const Decoding& on) { return on.has_modrm && on.mod() == 0 && on.rm() == 5; }

// No memory but the stack, by rsp alone; `lea` only computes.
bool stays_on_stack(const Decoding& on) {
  if (!on.has_modrm || on.mod() == 3) return true;
  if (on.map == Map::kOneByte && on.opcode == 0x8d) return true;
  if (by_instruction_pointer(on)) return false;
  return on.rm() == 4 && (on.sib & 7) == 4 && (on.rex & 1) == 0 && (on.sib >> 3 & 7) == 4 && (on.rex & 2) == 0;
}

}  // namespace

std::optional<Instruction> decode_instruction(BytesView code) {
  constexpr std::size_t kMost = 15;
  Decoding on{.code = code.first(std::min(code.size(), kMost))};
  read_prefixes(on);
  if (!read_opcode(on)) return std::nullopt;
  const char kind = kind_of(on);
  if (kind == 'x') return std::nullopt;
  const bool has_modrm = kind == 'M' || kind == 'm' || kind == 'Z' || kind == '3';
  if (has_modrm && !read_modrm(on)) return std::nullopt;
  if (!known_group(on)) return std::nullopt;
  const std::size_t immediate = immediate_of(on, kind);
  if (!on.has(immediate)) return std::nullopt;
  Instruction out;
  if (kind == 'j') out.distance = static_cast<std::int8_t>(on.code[on.at]);
  const bool transaction = on.map == Map::kOneByte && on.opcode == 0xc7 && on.modrm == kTransaction;
  if (kind == 'J' || transaction) {
    if (on.word && (on.rex & 8) == 0) return std::nullopt;  // Intel's and AMD's processors differ
    out.distance = static_cast<std::int32_t>(load_le<std::uint32_t>(on.code, on.at));
  }
  on.at += immediate;
  out.length = static_cast<std::uint8_t>(on.at);
  out.flow = flow_of(on);
  out.padding = is_padding(on);
  out.movable = (out.padding && out.flow == Flow::kOn) || (harmless(on) && stays_on_stack(on));
  out.relative = out.movable && !out.padding && by_instruction_pointer(on);
  return out;
}

}  // namespace adyton
