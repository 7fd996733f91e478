// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/instructions.h"

#include <gtest/gtest.h>

#include "image/sgx/test_code.h"

namespace adyton {
namespace {

struct Case {
  std::string_view hex;
  Flow flow = Flow::kOn;
  std::int32_t distance = 0;
};

// Objdump's lengths of a few million instructions are the same; these are one of each shape.
const Case kCases[] = {
    {"90"},                                      // nop
    {"b8 27000000"},                             // mov $0x27, %eax
    {"66 b8 2700"},                              // mov $0x27, %ax
    {"48 b8 0807060504030201"},                  // movabs
    {"48 c7 c0 0f000000"},                       // mov $15, %rax
    {"66 c7 04 24 0f00"},                        // movw $15, (%rsp)
    {"49 89 ca"},                                // mov %rcx, %r10
    {"8b 05 78563412"},                          // mov disp(%rip), %eax
    {"8b 44 24 08"},                             // mov 8(%rsp), %eax
    {"8b 84 24 08000000"},                       // mov with four bytes of displacement
    {"8b 04 25 08000000"},                       // mov 8, %eax: SIB without a base
    {"8b 44 8d 08"},                             // mov 8(%rbp,%rcx,4), %eax
    {"64 48 8b 04 25 10000000"},                 // mov %fs:16, %rax
    {"a1 0807060504030201"},                     // movabs 0x..., %eax
    {"67 a1 04030201"},                          // with a short address
    {"f6 c0 01"},                                // test $1, %al
    {"f6 d0"},                                   // not %al
    {"f7 c0 01000000"},                          // test $1, %eax
    {"66 f7 c0 0100"},                           // test $1, %ax
    {"f7 d8"},                                   // neg %eax
    {"c8 100001"},                               // enter
    {"6b c0 0a"},                                // imul $10
    {"69 c0 e8030000"},                          // imul $1000
    {"68 01000000"},                             // push $1
    {"66 0f 1f 84 00 00000000"},                 // nopw
    {"66 66 2e 0f 1f 84 00 00000000"},           // data16 cs nopw
    {"f3 0f 1e fa"},                             // endbr64
    {"f0 0f b1 17"},                             // lock cmpxchg
    {"0f a2"},                                   // cpuid
    {"0f 01 f9"},                                // rdtscp
    {"0f 01 d7"},                                // enclu
    {"0f c7 f0"},                                // rdrand
    {"0f ba e0 03"},                             // bt $3, %eax
    {"0f a4 c2 05"},                             // shld $5
    {"0f 20 c0"},                                // mov %cr0, %rax: has no memory
    {"66 0f 38 00 c1"},                          // pshufb
    {"66 0f 3a 0f c1 08"},                       // palignr $8
    {"f3 0f 6f 06"},                             // movdqu
    {"0f c6 c1 00"},                             // shufps
    {"c5 f8 77"},                                // vzeroupper
    {"c5 fd 6f 06"},                             // vmovdqa
    {"c5 f9 70 c1 1b"},                          // vpshufd $0x1b
    {"c4 e2 7d 00 c1"},                          // vpshufb
    {"c4 e3 7d 39 c1 01"},                       // vextracti128 $1
    {"62 f1 fe 48 6f 46 01"},                    // vmovdqu64 64(%rsi), %zmm0
    {"62 f3 75 48 25 c2 96"},                    // vpternlogd $0x96
    {"62 f5 7c 48 58 c1"},                       // vaddph
    {"c6 f8 ff"},                                // xabort
    {"c7 f8 10000000", Flow::kBranch, 16},       // xbegin
    {"cd 80"},                                   // int $0x80
    {"0f 05", Flow::kSystemCall},                //
    {"e8 fbffffff", Flow::kCall, -5},            //
    {"66 66 48 e8 10000000", Flow::kCall, 16},   // as for thread-local storage
    {"ff d0", Flow::kIndirectCall},              // call *%rax
    {"ff 15 10000000", Flow::kIndirectCall},     // call *disp(%rip)
    {"e9 10000000", Flow::kJump, 16},            //
    {"f2 e9 10000000", Flow::kJump, 16},         // bnd jmp
    {"eb fe", Flow::kJump, -2},                  //
    {"ff e0", Flow::kIndirectJump},              // jmp *%rax
    {"3e ff e0", Flow::kIndirectJump},           // notrack jmp
    {"ff 24 c5 10000000", Flow::kIndirectJump},  // jmp *table(,%rax,8)
    {"74 7f", Flow::kBranch, 127},               //
    {"e3 80", Flow::kBranch, -128},              // jrcxz
    {"0f 84 00010000", Flow::kBranch, 256},      //
    {"c3", Flow::kEnd},                          //
    {"f3 c3", Flow::kEnd},                       // rep ret
    {"c2 0800", Flow::kEnd},                     //
    {"0f 0b", Flow::kEnd},                       // ud2
    {"f4", Flow::kEnd},                          // hlt
    {"cc", Flow::kEnd},                          // int3
};

TEST(Instructions, HaveTheirLengthsAndFlow) {
  for (const Case& test : kCases) {
    Bytes code = TestCode::bytes_of(test.hex);
    const std::size_t length = code.size();
    code.resize(length + 16, std::byte{0x24});
    const auto instruction = decode_instruction(code);
    ASSERT_TRUE(instruction) << test.hex;
    EXPECT_EQ(instruction->length, length) << test.hex;
    EXPECT_EQ(instruction->flow, test.flow) << test.hex;
    EXPECT_EQ(instruction->distance, test.distance) << test.hex;
  }
}

TEST(Instructions, AreNothingWhenCutOff) {
  for (const Case& test : kCases) {
    const Bytes code = TestCode::bytes_of(test.hex);
    EXPECT_TRUE(decode_instruction(code)) << test.hex;
    for (std::size_t size = 0; size < code.size(); ++size) {
      EXPECT_FALSE(decode_instruction(BytesView(code).first(size))) << test.hex << " " << size;
    }
  }
}

TEST(Instructions, WithFlippedBitsEndWithinTheirBytes) {
  for (const Case& test : kCases) {
    Bytes code = TestCode::bytes_of(test.hex);
    for (std::size_t bit = 0; bit < code.size() * 8; ++bit) {
      code[bit / 8] ^= std::byte{1} << (bit % 8);
      const auto instruction = decode_instruction(code);
      EXPECT_TRUE(!instruction || (instruction->length > 0 && instruction->length <= code.size())) << test.hex;
      code[bit / 8] ^= std::byte{1} << (bit % 8);
    }
  }
}

TEST(Instructions, ThatAreUnknownAreSaidToBe) {
  for (const std::string_view hex : {
           "06 0000000000",         // push %es: not in 64-bit mode
           "9a 000000000000",       // far call, likewise
           "d5 00000000",           // APX
           "66 e8 00000000",        // Intel's and AMD's processors differ
           "66 0f 84 00000000",     // likewise
           "48 c5 f8 77 00",        // VEX behind REX
           "66 c5 f8 77 00",        // VEX behind 66
           "8f 48 78 c3 c8 38",     // XOP
           "0f a7 c8 00",           // VIA's
           "62 f8 fe 48 6f 46 01",  // EVEX of a map that is none
           "c4 e4 7d 00 c1 00",     // VEX, likewise
           "c5 f8 05 00 00",        // VEX of an instruction that has no such form
           "40 66 90 00",           // a prefix behind REX
           "ff f8 00",              // no such instruction
           "0f 78 c0 00 00 00 66",  // vmread is, ...
       }) {
    const bool known = hex.starts_with("0f 78");
    EXPECT_EQ(decode_instruction(TestCode::bytes_of(hex)).has_value(), known) << hex;
  }
  const Bytes prefixes(32, std::byte{0x66});
  EXPECT_FALSE(decode_instruction(prefixes));
  Bytes long_one(14, std::byte{0x66});
  append(long_one, TestCode::bytes_of("b0 01"));
  EXPECT_FALSE(decode_instruction(long_one));  // 16 bytes
  EXPECT_TRUE(decode_instruction(BytesView(long_one).subspan(1)));
}

TEST(Instructions, MoveOnlyIfTheyDoTheSameElsewhere) {
  for (const std::string_view hex :
       {"b8 27000000", "49 89 ca", "45 31 d2", "8b 44 24 08", "48 89 44 24 70", "48 8d 7c 24 10", "48 8d 34 1e", "50",
        "5f", "48 0f 46 f0", "40 80 f6 01", "48 c1 e6 03", "90", "0f 1f 40 00", "f7 d8", "0f 11 04 24", "83 c0 01"}) {
    const auto instruction = decode_instruction(TestCode::bytes_of(hex));
    EXPECT_TRUE(instruction->movable && !instruction->relative) << hex;
  }
  const auto computed = decode_instruction(TestCode::bytes_of("48 8d 3d 10000000"));
  EXPECT_TRUE(computed->movable && computed->relative);
  for (const std::string_view hex : {
           "8b 3d 10000000",           // memory by rip
           "8b 03",                    // memory elsewhere: it might fault
           "41 8b 04 24",              // (%r12), whose low bits are rsp's
           "8b 04 1c",                 // (%rsp,%rbx)
           "64 8b 04 24",              // %fs:(%rsp)
           "64 48 8b 04 25 10000000",  // %fs:16
           "f7 f1",                    // div
           "f0 ff 04 24",              // locked
           "e8 00000000",
           "ff d0",
           "eb 00",
           "c3",
           "0f 05",
           "0f a2",
           "0f 31",
           "cd 80",
           "cc",
           "f4",
           "0f 28 04 24",
           "8e d8",
           "9c",
           "9d",  // flags, TF among them
           "c5 f8 77",
       }) {
    EXPECT_FALSE(decode_instruction(TestCode::bytes_of(hex))->movable) << hex;
  }
}

TEST(Instructions, PaddingIsNopsAndInt3) {
  for (const std::string_view hex : {"90", "66 90", "0f 1f 40 00", "66 2e 0f 1f 84 00 00000000", "cc"}) {
    EXPECT_TRUE(decode_instruction(TestCode::bytes_of(hex))->padding) << hex;
  }
  for (const std::string_view hex : {"41 90", "f3 90", "0f 0b", "00 00", "f3 0f 1e fa"}) {
    EXPECT_FALSE(decode_instruction(TestCode::bytes_of(hex))->padding) << hex;
  }
}

}  // namespace
}  // namespace adyton
