// SPDX-License-Identifier: Apache-2.0
#include "tar.h"

#include <gtest/gtest.h>

#include "refuse.h"
#include "testing.h"

namespace device_ca {
namespace {

using testing::shell;
using testing::TemporaryFolder;

// "name=contents;" of each entry, then how it ended.
std::string read_all(const std::string& path, std::size_t max_bytes = 100) {
  auto reader = TarReader::open(path);
  if (!reader) return std::string(adyton::name_of(reader.error().code)) + ": " + reader.error().message;
  std::string out;
  while (true) {
    const auto entry = reader->next(max_bytes);
    if (!entry) return out + std::string(adyton::name_of(entry.error().code)) + ": " + entry.error().message;
    if (!*entry) return out + "end";
    out += (*entry)->name + "=" + ((*entry)->regular ? (*entry)->contents : "(not a file)") + ";";
  }
}

class TarTest : public ::testing::Test {
 protected:
  TarTest() {
    folder_.write("a.csr", "first");
    folder_.write("b.csr", std::string(1000, 'b'));
    folder_.write("empty.csr", "");
    shell("mkdir -p " + folder_.path("sub/" + long_name_) + " && cp " + folder_.path("a.csr") + " " +
          folder_.path("sub/" + long_name_ + "/deep.csr"));
  }
  std::string tar(const std::string& arguments) {
    const std::string out = shell("cd " + folder_.path("") + " && tar -cf x.tar " + arguments);
    EXPECT_EQ(out, "");
    return folder_.path("x.tar");
  }
  TemporaryFolder folder_;
  const std::string long_name_ = std::string(120, 'd');
};

TEST_F(TarTest, ReadsWhatGnuTarWrites) {
  const std::string expected =
      "a.csr=first;b.csr=" + std::string(100, 'b') + ";empty.csr=;sub/" + long_name_ + "/deep.csr=first;end";
  for (const std::string format : {"gnu", "pax", "posix"}) {
    EXPECT_EQ(read_all(tar("--format=" + format + " a.csr b.csr empty.csr sub")), expected) << format;
  }
  EXPECT_EQ(read_all(tar("--format=ustar a.csr b.csr empty.csr")),
            "a.csr=first;b.csr=" + std::string(100, 'b') + ";empty.csr=;end");
  EXPECT_EQ(read_all(tar("--format=v7 ./a.csr")), "./a.csr=first;end");
  EXPECT_EQ(read_all(tar("--format=ustar a.csr b.csr"), 3), "a.csr=fir;b.csr=bbb;end");
}

TEST_F(TarTest, LinksAndDevicesAreNoFiles) {
  shell("cd " + folder_.path("") + " && ln -s a.csr link.csr && ln a.csr hard.csr && mkfifo pipe.csr");
  EXPECT_EQ(read_all(tar("a.csr link.csr hard.csr pipe.csr b.csr"), 5),
            "a.csr=first;link.csr=(not a file);hard.csr=(not a file);pipe.csr=(not a file);b.csr=bbbbb;end");
}

TEST_F(TarTest, SaysWhatItCannotRead) {
  EXPECT_TRUE(read_all(folder_.path("missing.tar")).starts_with("not_found: opening "));
  EXPECT_EQ(read_all(folder_.path("empty.csr")), "invalid: tar: empty");
  EXPECT_EQ(read_all(folder_.path("b.csr")), "invalid: tar: no header at byte 0: not a tar archive, or damaged");
  EXPECT_EQ(read_all(folder_.path("a.csr")), "invalid: tar: cut short at byte 5");
  shell("gzip -k " + tar("b.csr"));
  EXPECT_TRUE(read_all(folder_.path("x.tar.gz")).contains("it is compressed; unpack it first"));
}

TEST_F(TarTest, EveryTruncationIsNoticed) {
  tar("--format=pax --pax-option=comment=x a.csr b.csr");
  const std::string whole = folder_.read("x.tar");
  const std::size_t contents = whole.find_last_not_of('\0') + 1;
  for (std::size_t size = 0; size < contents; size += 7) {
    folder_.write("cut.tar", whole.substr(0, size));
    EXPECT_TRUE(read_all(folder_.path("cut.tar")).contains("invalid: tar: ")) << size;
  }
}

TEST_F(TarTest, AnyByteMayBeDamaged) {
  tar("--format=gnu a.csr sub");
  std::string bytes = folder_.read("x.tar");
  bytes.resize(bytes.find_last_not_of('\0') + 1024);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const char before = bytes[at];
    bytes[at] = static_cast<char>(before ^ 0x41);
    folder_.write("damaged.tar", bytes);
    const std::string read = read_all(folder_.path("damaged.tar"));  // whatever it is: it ends
    EXPECT_TRUE(read.ends_with("end") || read.contains("invalid: tar: ")) << at << read;
    bytes[at] = before;
  }
}

TEST_F(TarTest, ClaimsAreNotBelieved) {
  tar("--format=ustar a.csr");
  const std::string good = folder_.read("x.tar");
  const auto with = [&](std::size_t offset, std::string_view bytes) {
    std::string out = good;
    out.replace(offset, bytes.size(), bytes);
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(out[i]);
    out.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    folder_.write("claim.tar", out);
    return read_all(folder_.path("claim.tar"));
  };
  EXPECT_EQ(with(0, "b"), "b.csr=first;end") << "the checksum is right";
  EXPECT_TRUE(with(124, "77777777777").contains("cut short"));
  EXPECT_TRUE(with(124, std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12)).contains("cut short"));
  EXPECT_TRUE(with(124, std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12))
                  .contains("a size that is no number"));
  EXPECT_TRUE(with(124, "hello").contains("a size that is no number"));
  EXPECT_TRUE(with(156, "x").contains("malformed pax record"));
  EXPECT_EQ(with(124, std::string("00001000000\0x", 13)).substr(0, 13), "invalid: tar:") << "a long name of 256 KiB";
}

}  // namespace
}  // namespace device_ca
