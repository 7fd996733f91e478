// SPDX-License-Identifier: Apache-2.0
#include "image/build.h"

#include <gtest/gtest.h>

#include "image/test_workshop.h"

namespace adyton {
namespace {

constexpr std::string_view kGood = "-O1 -fPIE -static-pie";

struct BadLink {
  std::string_view flags, remedy;
  bool crashes;  // it links without complaint, and dies before main()
};

constexpr BadLink kBadLinks[] = {
    {"-O1 -fPIE -static-pie -Wl,-E", "link it without -rdynamic", true},
    {"-O1 -fPIE -static-pie -Wl,--export-dynamic", "link it without -rdynamic", true},
    {"-O1 -fPIE -static-pie -Wl,-rpath,/opt/lib", "link it without -rpath", true},
    {"-O1 -fPIE -static-pie -Wl,--disable-new-dtags,-rpath,/opt/lib", "link it without -rpath", true},
    {"-O1 -fPIE -static-pie -nostartfiles $(g++ -print-file-name=crt1.o) $(g++ -print-file-name=crti.o)"
     " $(g++ -print-file-name=crtn.o)",
     "link it with -static-pie alone", true},
    {"-O1 -static", "link it with -static-pie, not with -static", false},
    {"-O1 -static -pie", "link it with -static-pie, not with -static", false},
    {"-O1 -no-pie", "link it with -static-pie", false},
    {"-O1 -fPIE -pie", "link it with -static-pie", false},
    {"-O1 -fPIE -static-pie -pie", "link it with -static-pie", false},
    {"-O1 -fPIE -shared", "a library, not a program: link it with -static-pie", false},
    {"-O1 -c", "link it with -static-pie", false},
    {"-O1 -fPIE -static-pie -z execstack", "without -z execstack", false},
    {"-O1 -fPIE -static-pie -DWRITABLE_CODE", "writable and executable", false},
    {"-O1 -fPIE -static-pie -s", "link it without -s", false},
    {"-O1 -fPIE -static-pie -Wl,-Ttext-segment=0x10000", "linked to a fixed address", false},
};

// The attribute's text reaches the assembler as it is: a section with the flags a, w and x.
constexpr std::string_view kWritableCode = R"(
#ifdef WRITABLE_CODE
[[gnu::section(".patched,\"awx\",@progbits#")]] int patched() { return 1; }
#endif
)";

TEST(CheckLinkedProgram, NamesTheRemedy) {
  const Workshop workshop;
  const std::string source = std::string(kHello) + std::string(kWritableCode);
  for (const BadLink& link : kBadLinks) {
    const Bytes program = workshop.link(source, std::string(link.flags));
    const Result<void> result = check_linked_program(program);
    ASSERT_FALSE(result) << link.flags;
    EXPECT_NE(result.error().message.find(link.remedy), std::string::npos)
        << link.flags << ": " << result.error().message;
    EXPECT_FALSE(attach_manifest(program, {.name = "x"})) << link.flags;
    EXPECT_TRUE(!link.crashes || workshop.execute(program).status == 128 + SIGSEGV) << link.flags;
  }
}

TEST(CheckLinkedProgram, TakesWhatWorks) {
  const Workshop workshop;
  const Workshop::Outcome expected{7, "hello 1\n"};
  for (const std::string_view flags : {
           "-O1 -fPIE -static-pie",
           "-O1 -fPIE -static-pie -rdynamic",  // g++ 12 leaves it out of a static-pie
           "-g -fPIE -static-pie -Wl,-z,noseparate-code",
           "-O1 -fPIE -static-pie -Wl,-z,max-page-size=0x200000",
           "-O1 -fPIE -static-pie -Wl,-z,pack-relative-relocs",
           "-O1 -fPIE -static-pie -Wl,-z,norelro",
       }) {
    const Bytes program = workshop.link(kHello, std::string(flags));
    const Result<void> result = check_linked_program(program);
    ASSERT_TRUE(result) << flags << ": " << result.error().message;
    EXPECT_EQ(workshop.execute(program), expected) << flags;

    // With a manifest and a signature it is still the same program, and so is what the kernel would be given to run.
    const Image plain = *Image::parse(*attach_manifest(program, {.name = "x"}));
    EXPECT_EQ(workshop.execute(plain.file()), expected) << flags;
    EXPECT_EQ(workshop.execute(plain.plan().executable), expected) << flags;
    const Bytes signed_file = *sign_image(plain, *PrivateKey::generate(KeyKind::kEd25519));
    EXPECT_EQ(workshop.execute(signed_file), expected) << flags;
    workshop.write("image", signed_file);
    EXPECT_EQ(workshop.run("readelf -aW image 2>&1 >/dev/null"), (Workshop::Outcome{0, ""})) << flags;
    EXPECT_NE(workshop.run("readelf -nW image").output.find(".adyton.signature"), std::string::npos);
    EXPECT_EQ(workshop.run("nm image | grep -c ' main$'").output, "1\n");
  }
}

TEST(AttachManifest, ReplacesWhatIsThere) {
  const Workshop workshop;
  const Bytes program = workshop.link(kHello, std::string(kGood));
  const Bytes first = *attach_manifest(program, {.name = "first"});
  EXPECT_EQ(*attach_manifest(first, {.name = "first"}), first);
  const Bytes signed_file = *sign_image(*Image::parse(first), *PrivateKey::generate(KeyKind::kP256));
  EXPECT_FALSE(Image::parse(signed_file)->signature().empty());
  const Image second = *Image::parse(*attach_manifest(signed_file, {.name = "second"}));
  EXPECT_EQ(second.manifest().name, "second");
  EXPECT_TRUE(second.signature().empty());
  EXPECT_NE(second.digest(), Image::parse(first)->digest());
  EXPECT_EQ(*attach_manifest(second.file(), {.name = "first"}), first);
  EXPECT_EQ(attach_manifest(program, {.name = "No"}).error().code, ErrorCode::kInvalid);
}

// Symbols as include/adyton/call.h makes them.
constexpr std::string_view kDeclarations = R"(
template <unsigned N> struct Text { char data[N]; };
namespace adyton::detail {
template <class T> struct Served { [[gnu::used]] static constexpr auto kText = T::kText; };
template <class T> struct UsedHost { [[gnu::used]] static constexpr auto kText = T::kText; };
template <class T> struct Other { [[gnu::used]] static constexpr auto kText = T::kText; };
}
#define CALL(kind, name, text) \
  struct name { static constexpr Text<sizeof(text)> kText{text}; }; \
  template struct adyton::detail::kind<name>;
)";

Result<Manifest> manifest_of(const Workshop& workshop, std::string_view calls) {
  const std::string source = std::string(kDeclarations) + std::string(calls) + "\nint main() {}\n";
  const Bytes program = workshop.link(source, "-std=c++20 -fPIE -static-pie");
  const Result<Bytes> image = attach_manifest(program, {.name = "x", .calls = {{"forged", "()"}}});
  if (!image) return image.error();
  return Image::parse(*image)->manifest();
}

TEST(AttachManifest, ListsTheCalls) {
  const Workshop workshop;
  const Result<Manifest> manifest = manifest_of(workshop, R"(CALL(Served, A, "vault.two(u32, string) -> list<bytes>")
CALL(Served, B, "vault.one() -> none")
CALL(Served, C, "vault.one() -> none")
CALL(Served, D, "adyton.own(u8) -> u8")
CALL(UsedHost, E, "vault.audit(string) -> none")
CALL(UsedHost, F, "adyton.log(string) -> none")
CALL(Other, G, "vault.other() -> none"))");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->calls,
            (std::vector<Method>{{"vault.one", "() -> none"}, {"vault.two", "(u32, string) -> list<bytes>"}}));
  EXPECT_EQ(manifest->host_calls, (std::vector<Method>{{"vault.audit", "(string) -> none"}}));
}

TEST(AttachManifest, RefusesCallsThatCannotBe) {
  const Workshop workshop;
  const std::pair<std::string_view, std::string_view> refused[] = {
      {"CALL(Served, A, \"a() -> none\")\nCALL(Served, B, \"a() -> u8\")",
       "a is declared twice, as () -> none and as () -> u8"},
      {"CALL(Served, A, \"() -> none\")", "not a call's name"},
      {"CALL(Served, A, \"no structure\")", "structure"},
      {"CALL(UsedHost, A, \"a\\tb() -> none\")", "not a call's name"},
      {"CALL(UsedHost, A, \"ab() \\n-> none\")", "structure"},
  };
  for (const auto& [calls, reason] : refused) {
    const Result<Manifest> manifest = manifest_of(workshop, calls);
    ASSERT_FALSE(manifest) << calls;
    EXPECT_NE(manifest.error().message.find(reason), std::string::npos) << manifest.error().message;
  }
}

// The real header, at the optimization and with the linker options that could lose what nothing refers to.
TEST(AttachManifest, FindsTheCallsOfTheRealHeader) {
  const Workshop workshop;
  // This file's name, if not absolute, starts at the build folder, which has this program in its bin/.
  const auto source = std::filesystem::read_symlink("/proc/self/exe").parent_path() / ".." / __FILE__;
  const auto include = std::filesystem::canonical(source).parent_path() / "../../include";
  const Bytes program = workshop.link(R"(
#include <string>
#include <adyton/call.h>
constexpr adyton::Call<"vault.issue", std::string(std::string_view)> issue;
constexpr adyton::HostCall<"vault.audit", void(std::string_view)> audit;
template struct adyton::detail::Served<std::remove_const_t<decltype(issue)>>;
template struct adyton::detail::UsedHost<std::remove_const_t<decltype(audit)>>;
int main() {}
)",
                                      "-std=c++23 -O2 -fdata-sections -ffunction-sections -Wl,--gc-sections -fPIE "
                                      "-static-pie -I" +
                                          include.string());
  const Result<Bytes> image = attach_manifest(program, {.name = "x"});
  ASSERT_TRUE(image) << image.error().message;
  const Manifest manifest = Image::parse(*image)->manifest();
  ASSERT_EQ(manifest.calls.size(), 1u);
  EXPECT_EQ(manifest.calls[0].name, "vault.issue");
  EXPECT_TRUE(manifest.calls[0].structure.starts_with("(string) -> string"));
  ASSERT_EQ(manifest.host_calls.size(), 1u);
  EXPECT_EQ(manifest.host_calls[0].name, "vault.audit");
}

}  // namespace
}  // namespace adyton
