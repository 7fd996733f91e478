// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "image/manifest.h"

namespace adyton {
namespace {

TEST(ManifestToml, ReadsEveryKey) {
  const Result<Manifest> parsed = parse_manifest_toml(R"(
name = "device-ca"
product = 3
svn = 12
debug = true
threads = 16
environment = ["TZ", "LANG"]

[memory]
heap = "256MiB"
stack = 131072
require_secret = true

[files]
read = ["/etc/ssl/certs"]
write = ["/var/lib/ca", "/tmp"]

[network]
connect = [443]
listen = [8443, 8080]

[sgx]
features = ["avx"]
threads = 20
exception_info = true
malloc_arenas = 4
provision_key = true
kss = true
family_id = "000102030405060708090a0b0c0d0e0f"
extended_product_id = "FF000000000000000000000000000000"
file_sha256 = ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 /etc/ssl/certs/none"]
)");
  ASSERT_TRUE(parsed) << parsed.error().message;
  Manifest expected{.name = "device-ca", .product = 3, .svn = 12, .debug = true};
  expected.memory = {.heap_bytes = 256 << 20, .stack_bytes = 131072, .require_secret = true};
  expected.threads = 16;
  expected.files = {.read = {"/etc/ssl/certs"}, .write = {"/var/lib/ca", "/tmp"}};
  expected.network = {.connect = {443}, .listen = {8443, 8080}};
  expected.environment = {"TZ", "LANG"};
  expected.sgx = {.features = {"avx"},
                  .threads = 20,
                  .exception_info = true,
                  .provision_key = true,
                  .kss = true,
                  .malloc_arenas = 4};
  for (unsigned i = 0; i < 16; ++i) expected.sgx.family_id[i] = static_cast<std::byte>(i);
  expected.sgx.extended_product_id[0] = std::byte{0xff};
  expected.sgx.file_sha256 = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 /etc/ssl/certs/none"};
  EXPECT_EQ(*parsed, expected);
  EXPECT_TRUE(check_manifest(*parsed));
}

TEST(ManifestToml, RefusesWhatSgxDoesNotHave) {
  for (const std::string_view bad :
       {"features = ['mpx']", "features = ['avx512']", "features = 'avx'", "threads = 257", "threads = 7", "kss = 1",
        "malloc_arenas = 0", "malloc_arenas = 257", "malloc_arenas = 17", "family_id = '00'",
        "family_id = '000102030405060708090a0b0c0d0e0f'",
        "kss = true\nextended_product_id = '0001020304050607zzzz0a0b0c0d0e0f'", "svn = 1"}) {
    const auto parsed = parse_manifest_toml("name = 'x'\n[sgx]\n" + std::string(bad));
    ASSERT_FALSE(parsed) << bad;
    EXPECT_TRUE(parsed.error().message.contains("sgx.")) << parsed.error().message;
  }
  EXPECT_EQ(*parse_manifest_toml("name = 'x'\n[sgx]\n"), Manifest{.name = "x"});
}

TEST(ManifestToml, HasDefaults) { EXPECT_EQ(*parse_manifest_toml("name = 'x'"), Manifest{.name = "x"}); }

TEST(ManifestToml, TakesSizesInSeveralUnits) {
  const auto heap = [](std::string_view value) {
    return parse_manifest_toml("name = 'x'\n[memory]\nheap = " + std::string(value));
  };
  EXPECT_EQ(heap("'1024KiB'")->memory.heap_bytes, 1u << 20);
  EXPECT_EQ(heap("'64GiB'")->memory.heap_bytes, 64ull << 30);
  EXPECT_EQ(heap("1_048_576")->memory.heap_bytes, 1u << 20);
  for (const std::string_view bad : {"'64MB'", "'64'", "'MiB'", "'-1MiB'", "' 1MiB'", "'1 MiB'", "'1.5GiB'", "''",
                                     "'99999999999999999999GiB'", "'999999999GiB'", "1.5", "true", "-1", "[1]"}) {
    const Result<Manifest> parsed = heap(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_TRUE(parsed.error().message.starts_with("manifest: line 3: memory.heap: ")) << parsed.error().message;
  }
}

TEST(ManifestToml, NamesTheKeyAndTheLine) {
  const std::pair<std::string_view, std::string_view> refused[] = {
      {"name = 'x'\nnmae = 'y'", "manifest: line 2: nmae: unknown key"},
      {"name = 'x'\n\n[memory]\nhaep = 1", "manifest: line 4: memory.haep: unknown key"},
      {"name = 'x'\n[memroy]\nheap = '1MiB'", "manifest: line 2: memroy: unknown key"},
      {"name = 'X'", "manifest: line 1: name: not 1 to 64"},
      {"name = 1", "manifest: line 1: name: not a text"},
      {"svn = 1", "manifest: the key \"name\" is missing"},
      {"", "manifest: the key \"name\" is missing"},
      {"name = 'x'\nsvn = 65536", "manifest: line 2: svn: 65536 is above 65535"},
      {"name = 'x'\nsvn = -1", "manifest: line 2: svn: -1 is negative"},
      {"name = 'x'\nsvn = '1'", "manifest: line 2: svn: not a whole number"},
      {"name = 'x'\nproduct = 1.0", "manifest: line 2: product: not a whole number"},
      {"name = 'x'\ndebug = 1", "manifest: line 2: debug: neither true nor false"},
      {"name = 'x'\nthreads = 65", "manifest: line 2: threads: 65: 1 to 64"},
      {"name = 'x'\nthreads = 0", "manifest: line 2: threads: 0: 1 to 64"},
      {"name = 'x'\nmemory = 1", "manifest: line 2: memory: not a table"},
      {"name = 'x'\n[[memory]]\nheap = 1", "manifest: line 2: memory: not a table"},
      {"name = 'x'\n[files]\nread = '/etc'", "manifest: line 3: files.read: not a list"},
      {"name = 'x'\n[files]\nread = [\n'/etc',\n'etc']",
       "manifest: line 5: files.read: \"etc\" is not an absolute path"},
      {"name = 'x'\n[files]\nread = ['/a', '/a']", "manifest: line 3: files.read: /a is listed twice"},
      {"name = 'x'\n[network]\nlisten = [0]", "manifest: line 3: network.listen: 0: ports"},
      {"name = 'x'\n[network]\nlisten = ['http']", "manifest: line 3: network.listen: not a whole number"},
      {"name = 'x'\nenvironment = ['A=B']", "manifest: line 2: environment: \"A=B\" is not a variable's name"},
      {"name = 'x'\nname = 'y'", "manifest: line 2: "},
      {"name = ", "manifest: line 1: "},
      {"name = 'x'\n[,memory]", "manifest: line 2: "},
      {"# caf\u00e9\nname = 'x'\nprodu\u035e = 1", "manifest: line 3: a character outside ASCII"},
      {"name = 'x'\n\u00e9", "manifest: line 2: a character outside ASCII"},
      {"name = \"\"\"\\\n\u00e9\"\"\"", "manifest: line 2: a character outside ASCII"},
      {"name = \"x\\\u00e9\"", "manifest: line 1: a character outside ASCII"},
      {"name = '''x''''' # '\n\u00e9", "manifest: line 2: a character outside ASCII"},
      {"name = 'x'\nenvironment = ['\u00e9']", "manifest: line 2: a character outside ASCII"},
      {"name = 'x' # '\n'# '\u00e9", "manifest: line 2: a character outside ASCII"},
      {"name = 'x'\n[calls]", "manifest: line 2: calls: unknown key"},
  };
  for (const auto& [toml, message] : refused) {
    const Result<Manifest> parsed = parse_manifest_toml(toml);
    ASSERT_FALSE(parsed) << toml;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
    EXPECT_TRUE(parsed.error().message.starts_with(message)) << parsed.error().message;
  }
}

TEST(ManifestToml, SurvivesHostileText) {
  EXPECT_FALSE(parse_manifest_toml("name = " + std::string(100'000, '[')));
  EXPECT_FALSE(parse_manifest_toml(std::string(2 << 20, '\n')));
  std::string many = "name = 'x'\nenvironment = [";
  for (int i = 0; i < 5000; ++i) many += "'A" + std::to_string(i) + "',";
  EXPECT_NE(parse_manifest_toml(many + "]").error().message.find("more than 4096"), std::string::npos);
  EXPECT_FALSE(parse_manifest_toml("name = '\xff'"));
}

}  // namespace
}  // namespace adyton
