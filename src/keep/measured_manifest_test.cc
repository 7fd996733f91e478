// SPDX-License-Identifier: Apache-2.0
#include "keep/measured_manifest.h"

#include <gtest/gtest.h>

#include "image/manifest.h"

namespace adyton::keep {
namespace {

Manifest test_manifest() {
  Manifest out{.name = "reader", .product = 300, .svn = 70};
  out.environment = {"TZ", "LANG", "A"};
  out.network = {.connect = {443, 80}, .listen = {65535, 23}};
  out.files = {.read = {"/etc/ssl", "/data"}, .write = {"/var/log/one", "/two"}};
  out.sgx.features = {"avx"};
  out.sgx.malloc_arenas = 5;
  out.sgx.file_sha256 = {std::string(64, '1') + " /data/x", "0123456789abcdef" + std::string(48, 'f') + " /data/file"};
  out.calls = {{"a.call", "(string) -> list<u32>"}, {"b.call", "() -> ()"}};
  return out;
}

TEST(MeasuredManifestTest, AllowsWhatIsListed) {
  const Bytes cbor = encode_manifest(test_manifest());
  const MeasuredManifest manifest(cbor.data(), cbor.size());
  EXPECT_TRUE(manifest.allows_variable("TZ=UTC"));
  EXPECT_TRUE(manifest.allows_variable("A="));
  EXPECT_TRUE(manifest.allows_variable("LANG=A=B"));
  for (const char* other : {"T=x", "TZX=x", "TZ", "", "=x", "tz=x", "LD_PRELOAD=x", "reader=x"}) {
    EXPECT_FALSE(manifest.allows_variable(other)) << other;
  }
  EXPECT_TRUE(manifest.allows_port(false, 443));
  EXPECT_TRUE(manifest.allows_port(true, 65535));
  EXPECT_TRUE(manifest.allows_port(true, 23));
  EXPECT_FALSE(manifest.allows_port(true, 443));
  EXPECT_FALSE(manifest.allows_port(false, 23));
  EXPECT_FALSE(manifest.allows_port(false, 443 + 65536));
  std::uint8_t digest[32]{};
  char listed[11];
  ASSERT_TRUE(manifest.file_sha256(1, listed, sizeof(listed), digest));
  EXPECT_STREQ(listed, "/data/file");
  EXPECT_EQ(digest[0], 0x01);
  EXPECT_EQ(digest[5], 0xab);
  EXPECT_EQ(digest[31], 0xff);
  EXPECT_FALSE(manifest.file_sha256(1, listed, sizeof(listed) - 1, digest));
  EXPECT_FALSE(manifest.file_sha256(2, listed, sizeof(listed), digest));
  for (const char* path : {"/data", "/data/x", "/data/x/y", "/etc/ssl/"}) EXPECT_TRUE(manifest.reads(path)) << path;
  for (const char* path : {"/", "/dat", "/datax", "/etc", "/etc/sslx", "", "/var/log/one"}) {
    EXPECT_FALSE(manifest.reads(path)) << path;
  }
  char path[20];
  ASSERT_TRUE(manifest.write_path(0, path, sizeof(path)));
  EXPECT_STREQ(path, "/var/log/one");
  ASSERT_TRUE(manifest.write_path(1, path, sizeof(path)));
  EXPECT_STREQ(path, "/two");
  EXPECT_FALSE(manifest.write_path(2, path, sizeof(path)));
  EXPECT_FALSE(manifest.write_path(0, path, 12));
  EXPECT_EQ(manifest.malloc_arenas(), 5u);
}

TEST(MeasuredManifestTest, AnEmptyOneAllowsNothing) {
  const Bytes cbor = encode_manifest(Manifest{.name = "none"});
  for (const MeasuredManifest& manifest : {MeasuredManifest(cbor.data(), cbor.size()), MeasuredManifest()}) {
    EXPECT_FALSE(manifest.allows_variable("TZ=x"));
    EXPECT_FALSE(manifest.allows_port(false, 0));
    EXPECT_FALSE(manifest.reads("/data"));
    char path[20];
    EXPECT_FALSE(manifest.write_path(0, path, sizeof(path)));
    EXPECT_EQ(manifest.malloc_arenas(), 1u);
  }
}

// It is measured, and so what the signer made of it; all the same nothing is read beyond its end.
TEST(MeasuredManifestTest, CutOffOrChangedItIsReadToItsEndAndNoFurther) {
  const Bytes cbor = encode_manifest(test_manifest());
  const auto ask = [](const Bytes& bytes) {
    const MeasuredManifest manifest(bytes.data(), bytes.size());
    std::uint8_t digest[32];
    char path[20];
    (void)manifest.write_path(1, path, sizeof(path));
    (void)manifest.malloc_arenas();
    return manifest.reads("/none") || manifest.allows_variable("ZZ=") || manifest.allows_port(true, 1) ||
           manifest.file_sha256(9, path, sizeof(path), digest);
  };
  for (std::size_t size = 0; size < cbor.size(); ++size) {
    EXPECT_FALSE(ask(Bytes(cbor.begin(), cbor.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
  }
  for (std::size_t bit = 0; bit < cbor.size() * 8; ++bit) {
    Bytes changed = cbor;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    (void)ask(changed);
  }
}

}  // namespace
}  // namespace adyton::keep
