// SPDX-License-Identifier: Apache-2.0
#include "image/image.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/cbor.h"
#include "crypto/cose.h"
#include "crypto/crypto.h"
#include "image/build.h"
#include "image/sections.h"
#include "image/test_elf.h"
#include "image/test_workshop.h"

namespace adyton {
namespace {

// A whole program of a few KB, in assembly: code (exit(42)), a relocation, symbols; it serves one call.
constexpr std::string_view kTiny = R"(
  .globl _start, pointer, _ZN6adyton6detail6ServedIiE5kTextE
  .text
_start:
  mov $60, %eax
  mov value(%rip), %edi
  syscall
  .data
value: .quad 42
pointer: .quad value
  .section .rodata
  .type _ZN6adyton6detail6ServedIiE5kTextE, @object
  .size _ZN6adyton6detail6ServedIiE5kTextE, 18
_ZN6adyton6detail6ServedIiE5kTextE: .asciz "tiny.go() -> none"
  .section .note.GNU-stack, "", @progbits
)";

Bytes tiny_image() {
  const Workshop workshop;
  const Bytes program =
      workshop.link(kTiny, "-x assembler -static-pie -nostdlib -Wl,--build-id=none -Wl,-z,noseparate-code");
  EXPECT_EQ(workshop.execute(program).status, 42);
  const Result<Bytes> image = attach_manifest(program, {.name = "tiny", .product = 3, .svn = 4});
  EXPECT_TRUE(image) << image.error().message;
  return *image;
}

Bytes signed_with(const Bytes& file, const PrivateKey& key) { return *sign_image(*Image::parse(file), key); }

TEST(Image, KnowsWhoItIs) {
  const PrivateKey key = *PrivateKey::generate(KeyKind::kP256);
  const Bytes file = tiny_image();
  const Image image = *Image::parse(file);
  EXPECT_EQ(image.manifest().calls, (std::vector<Method>{{"tiny.go", "() -> none"}}));
  const Result<VerifiedImage> verified = verify_image(*Image::parse(signed_with(file, key)));
  ASSERT_TRUE(verified) << verified.error().message;
  const Identity expected{.image = image.digest(),
                          .signer = key.public_key().fingerprint(),
                          .name = "tiny",
                          .product = 3,
                          .svn = 4,
                          .debug = false};
  EXPECT_EQ(verified->identity(), expected);
}

TEST(Image, IsSignedWithEveryKindOfKey) {
  const Bytes file = tiny_image();
  for (const KeyKind kind : {KeyKind::kP256, KeyKind::kP384, KeyKind::kEd25519, KeyKind::kRsa3072}) {
    const PrivateKey key = *PrivateKey::generate(kind);
    const Bytes signed_file = signed_with(file, key);
    EXPECT_EQ(verify_image(*Image::parse(signed_file))->identity().signer, key.public_key().fingerprint());
    // Signing again replaces the signature.
    EXPECT_EQ(signed_with(signed_file, key).size(), signed_file.size());
    EXPECT_EQ(Image::parse(signed_file)->digest(), Image::parse(file)->digest());
  }
}

// docs/formats/image.md, computed here a second time and in another way.
TEST(Image, HasTheDocumentedDigest) {
  const Image image = *Image::parse(
      change_notes(TestElf().encode(),
                   std::vector<NoteChange>{{kManifestSection, NoteType::kManifest, encode_manifest({.name = "x"})}})
          .value());
  std::string all("adyton image 1\0\0", 16);
  const auto number = [&](std::uint64_t value) {
    for (int i = 0; i < 8; ++i) all += static_cast<char>(value >> (8 * i));
  };
  number(0x1000);
  number(4);
  const std::uint64_t regions[][4] = {
      {0, 0x300, 4, 0x300}, {0x1000, 0x20, 5, 0x20}, {0x2000, 0x400, 4, 0x400}, {0x3000, 0x2000, 6, 0x80}};
  Bytes file = to_bytes(image.file());
  for (const std::size_t zero : {0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f}) {
    file[zero] = std::byte{0};
  }
  for (const auto& [address, size, flags, content] : regions) {
    number(address), number(size), number(flags), number(content);
    all += as_text(BytesView(file).subspan(address, content));
  }
  number(image.manifest_bytes().size());
  all += as_text(image.manifest_bytes());
  EXPECT_EQ(image.digest(), sha384(as_bytes(all)));
}

TEST(Image, IsRefusedWithoutManifestOrSignature) {
  const Result<Image> bare = Image::parse(TestElf().encode());
  EXPECT_EQ(bare.error().code, ErrorCode::kInvalid);
  EXPECT_NE(bare.error().message.find("adyton sign"), std::string::npos);
  const Result<VerifiedImage> verified = verify_image(*Image::parse(tiny_image()));
  EXPECT_EQ(verified.error().code, ErrorCode::kUntrusted);
  EXPECT_NE(verified.error().message.find("not signed"), std::string::npos);
}

TEST(Image, IsLoadedFromFiles) {
  const Workshop workshop;
  const auto path = workshop.write("image", tiny_image());
  EXPECT_TRUE(Image::load(path));
  EXPECT_EQ(Image::load(path.string() + ".none").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(Image::load(path.string() + ".none").error().message.starts_with(path.string()));
  EXPECT_EQ(Image::load("/dev/zero").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Image::load(path.parent_path()).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Image::load(path, {.file_bytes = 100}).error().code, ErrorCode::kExhausted);
}

ErrorCode code_with_signature(const Bytes& file, BytesView signature) {
  const NoteChange change[] = {{kSignatureSection, NoteType::kSignature, signature}};
  const Result<VerifiedImage> verified = verify_image(*Image::parse(*change_notes(file, change)));
  return verified ? ErrorCode{} : verified.error().code;
}

TEST(Image, IsRefusedWithAnotherSignature) {
  const PrivateKey key = *PrivateKey::generate(KeyKind::kP256), other = *PrivateKey::generate(KeyKind::kP256);
  const Bytes file = tiny_image();
  const Image image = *Image::parse(signed_with(file, key));
  const Bytes signature = to_bytes(image.signature());
  ASSERT_EQ(code_with_signature(file, signature), ErrorCode{});

  // Of another image of the same signer.
  const Bytes renamed = *attach_manifest(file, {.name = "other"});
  EXPECT_EQ(code_with_signature(renamed, signature), ErrorCode::kUntrusted);

  const CoseSign1 parts = *parse_cose_sign1(signature);
  const auto altered = [&](auto change) {
    CoseSign1 copy = parts;
    change(copy);
    return code_with_signature(file, encode_cose_sign1(copy));
  };
  const CoseSign1 others = *parse_cose_sign1(Image::parse(signed_with(file, other))->signature());
  const auto unprotected = [](std::int64_t label, BytesView value) {
    cbor::MapWriter map;
    map.key(label).bytes(value);
    return cbor::Writer().map(map).encoded();
  };
  // The signature of another key under this key, and this signature under another key.
  EXPECT_EQ(altered([&](CoseSign1& c) { c.signature = others.signature; }), ErrorCode::kUntrusted);
  EXPECT_EQ(altered([&](CoseSign1& c) { c.unprotected_headers = others.unprotected_headers; }), ErrorCode::kUntrusted);
  EXPECT_EQ(altered([&](CoseSign1& c) { c.protected_headers = others.protected_headers; }), ErrorCode::kUntrusted);
  EXPECT_EQ(altered([&](CoseSign1& c) {
              c.unprotected_headers = others.unprotected_headers;
              c.protected_headers = others.protected_headers;
            }),
            ErrorCode::kUntrusted);
  EXPECT_EQ(altered([&](CoseSign1& c) { c.signature[10] ^= std::byte{1}; }), ErrorCode::kUntrusted);
  EXPECT_EQ(altered([&](CoseSign1& c) { c.signature.clear(); }), ErrorCode::kUntrusted);
  // Malformed in one way or another.
  EXPECT_EQ(altered([&](CoseSign1& c) { c.payload = to_bytes(image.digest()); }), ErrorCode::kInvalid);
  EXPECT_EQ(altered([&](CoseSign1& c) { c.unprotected_headers = unprotected(-1, key.public_key().der()); }),
            ErrorCode::kInvalid);
  EXPECT_EQ(altered([&](CoseSign1& c) { c.unprotected_headers = unprotected(-65537, Bytes(91)); }),
            ErrorCode::kInvalid);
  EXPECT_EQ(altered([&](CoseSign1& c) {
              cbor::MapWriter map;
              map.key(-65537).bytes(key.public_key().der());
              map.key(99).null();
              c.unprotected_headers = cbor::Writer().map(map).encoded();
            }),
            ErrorCode::kInvalid);
  EXPECT_EQ(code_with_signature(file, BytesView(signature).subspan(1)), ErrorCode::kInvalid);  // without the tag
  EXPECT_EQ(code_with_signature(file, BytesView(signature).first(20)), ErrorCode::kInvalid);
  EXPECT_EQ(code_with_signature(file, {}), ErrorCode::kUntrusted);
}

// With the openssl command in the part of a key that never leaves its hardware.
TEST(Image, IsSignedElsewhere) {
  const Workshop workshop;
  const Image image = *Image::parse(tiny_image());
  const std::pair<KeyKind, std::string_view> signers[] = {
      {KeyKind::kP256, "openssl dgst -sha256 -sign key -out signature message"},
      {KeyKind::kP384, "openssl dgst -sha384 -sign key -out signature message"},
      {KeyKind::kEd25519, "openssl pkeyutl -sign -rawin -inkey key -in message -out signature"},
      {KeyKind::kRsa3072,
       "openssl dgst -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48 -sign key -out signature message"},
  };
  for (const auto& [kind, command] : signers) {
    const PrivateKey key = *PrivateKey::generate(kind);
    workshop.write("key", as_bytes(key.pem()));
    workshop.write("message", *to_be_signed(image, key.public_key()));
    const Workshop::Outcome outcome = workshop.run(std::string(command));
    ASSERT_EQ(outcome.status, 0) << outcome.output;
    const Bytes signature = workshop.read("signature");
    const Result<Bytes> file = attach_signature(image, key.public_key(), signature);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(verify_image(*Image::parse(*file))->identity().signer, key.public_key().fingerprint());
    const PublicKey other = PrivateKey::generate(kind)->public_key();
    EXPECT_EQ(attach_signature(image, other, signature).error().code, ErrorCode::kUntrusted);
  }
}

// Whoever gets it damaged cannot link it otherwise.
TEST(Image, SaysOfASignedProgramThatItWasChanged) {
  const auto why = [](Bytes file) {
    file[offsetof(Elf64_Ehdr, e_entry) + 6] = std::byte{0xff};  // where nothing is loaded
    return Image::parse(std::move(file)).error().message;
  };
  const Bytes file = tiny_image();
  EXPECT_FALSE(why(file).contains("get it again"));
  EXPECT_TRUE(why(signed_with(file, *PrivateKey::generate(KeyKind::kP256))).contains("get it again"));
}

TEST(Image, RefusesEveryTruncation) {
  const Bytes file = signed_with(tiny_image(), *PrivateKey::generate(KeyKind::kP256));
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(Image::parse(to_bytes(BytesView(file).first(size)))) << size;
  }
}

// Which bytes of an image file are measured or checked: loaded ones but for the section fields of the ELF header, and
// the two notes.
std::vector<bool> guarded_bytes(const Image& image) {
  std::vector<bool> guarded(image.file().size());
  const auto mark = [&](std::uint64_t offset, std::uint64_t size, bool value) {
    std::fill_n(guarded.begin() + static_cast<std::ptrdiff_t>(offset), size, value);
  };
  for (const Region& region : image.plan().regions) mark(region.file_offset, region.bytes.size(), true);
  mark(offsetof(Elf64_Ehdr, e_shoff), 8, false);
  mark(offsetof(Elf64_Ehdr, e_shentsize), 6, false);  // e_shentsize, e_shnum, e_shstrndx
  const auto sections = *read_sections(image.file(), {});
  for (const Section& section : sections) {
    if (section.name == kManifestSection || section.name == kSignatureSection) {
      mark(section.header.sh_offset, section.header.sh_size, true);
    }
  }
  return guarded;
}

TEST(Image, RefusesEveryFlippedByteThatMatters) {
  const Bytes file = signed_with(tiny_image(), *PrivateKey::generate(KeyKind::kEd25519));
  const VerifiedImage original = *verify_image(*Image::parse(file));
  const std::vector<bool> guarded = guarded_bytes(original.image());
  std::size_t still_verified = 0;
  for (std::size_t i = 0; i < file.size(); ++i) {
    Bytes flipped = file;
    flipped[i] ^= static_cast<std::byte>(1u << (i % 8));
    Result<Image> image = Image::parse(std::move(flipped));
    if (!image) continue;
    const Digest384 digest = image->digest();
    const Result<VerifiedImage> verified = verify_image(std::move(*image));
    if (!verified) continue;
    ++still_verified;
    // Then nothing that is loaded, measured or signed may have changed, and the byte must be one of those.
    EXPECT_FALSE(guarded[i]) << i;
    EXPECT_EQ(digest, original.image().digest()) << i;
    EXPECT_EQ(verified->identity(), original.identity()) << i;
    EXPECT_EQ(verified->image().plan().executable, original.image().plan().executable) << i;
    EXPECT_TRUE(std::ranges::equal(verified->image().manifest_bytes(), original.image().manifest_bytes())) << i;
  }
  // Both kinds of bytes are there, so the test has shown something: symbols and names are not guarded.
  EXPECT_GT(still_verified, 500u);
  EXPECT_GT(std::ranges::count(guarded, true), 1000);
}

}  // namespace
}  // namespace adyton
