// SPDX-License-Identifier: Apache-2.0
// An image stays the same image when its debug information, symbols or other sections come or go.
#include <gtest/gtest.h>

#include "image/build.h"
#include "image/test_workshop.h"

namespace adyton {
namespace {

constexpr std::string_view kTools[] = {
    "strip image",
    "strip --strip-debug image",
    "strip --strip-unneeded image",
    "strip -R .comment -R .note.stapsdt image",
    "objcopy image",
    "objcopy --strip-debug image",
    "objcopy --strip-all image",
    "objcopy --compress-debug-sections image",
    "objcopy --remove-section .comment image",
    "objcopy --add-section .extra=output image",
    "objcopy --only-keep-debug image debug && objcopy --strip-debug --add-gnu-debuglink=debug image",
    "strip image && objcopy --add-section .extra=output image && strip --strip-debug image",
};

TEST(StrippedImage, IsTheSameImage) {
  const Workshop workshop;
  for (const std::string_view flags : {"-g -fPIE -static-pie", "-g -fPIE -static-pie -Wl,-z,noseparate-code"}) {
    const Bytes program = workshop.link(kHello, std::string(flags));
    const Image unsigned_image = *Image::parse(*attach_manifest(program, {.name = "x"}));
    const Bytes file = *sign_image(unsigned_image, *PrivateKey::generate(KeyKind::kP256));
    const VerifiedImage original = *verify_image(*Image::parse(file));
    for (const std::string_view tool : kTools) {
      const auto path = workshop.write("image", file);
      const Workshop::Outcome outcome = workshop.run(std::string(tool));
      ASSERT_EQ(outcome.status, 0) << tool << ": " << outcome.output;
      ASSERT_NE(workshop.read("image"), file) << tool << " changed nothing: this would prove nothing";
      Result<Image> changed = Image::load(path);
      ASSERT_TRUE(changed) << tool << ": " << changed.error().message;
      EXPECT_EQ(changed->plan().executable, original.image().plan().executable) << tool;
      const Result<VerifiedImage> verified = verify_image(std::move(*changed));
      ASSERT_TRUE(verified) << tool << ": " << verified.error().message;
      EXPECT_EQ(verified->identity(), original.identity()) << tool;
      EXPECT_EQ(workshop.run("exec ./image"), (Workshop::Outcome{7, "hello 1\n"})) << tool;
    }
  }
}

// Signed after stripping, or stripped after signing: the same digest.
TEST(StrippedImage, CanBeSignedAgain) {
  const Workshop workshop;
  const PrivateKey key = *PrivateKey::generate(KeyKind::kEd25519);
  const Bytes program = workshop.link(kHello, "-g -fPIE -static-pie");
  const Bytes file = *sign_image(*Image::parse(*attach_manifest(program, {.name = "x"})), key);
  workshop.write("image", file);
  ASSERT_EQ(workshop.run("strip image").status, 0);
  const Image stripped = *Image::parse(workshop.read("image"));
  const Bytes again = *sign_image(stripped, *PrivateKey::generate(KeyKind::kP384));
  EXPECT_EQ(verify_image(*Image::parse(again))->identity().image, Image::parse(file)->digest());
  workshop.write("image", again);
  EXPECT_EQ(workshop.run("readelf -aW image 2>&1 >/dev/null").output, "");
  EXPECT_EQ(workshop.run("exec ./image").status, 7);
}

}  // namespace
}  // namespace adyton
