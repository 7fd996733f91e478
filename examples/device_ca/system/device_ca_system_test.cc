// SPDX-License-Identifier: Apache-2.0
// The device CA as its user meets it: the programs themselves, with the enclave in its process.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "testing.h"

namespace device_ca {
namespace {

namespace fs = std::filesystem;
using testing::shell;
using testing::TemporaryFolder;

class DeviceCaSystem : public ::testing::Test {
 protected:
  DeviceCaSystem() { fs::create_directory(folder_.path("in")); }

  // "XDG_DATA_HOME=... BIN/device_ca COMMAND --state STATE": the machine's root is this test's own.
  [[nodiscard]] std::string ca(const std::string& command) const {
    return "XDG_DATA_HOME=" + folder_.path("machine") + " " + kPrograms + "/device_ca " + command + " --state " +
           folder_.path("state") + " ";
  }
  [[nodiscard]] std::string run(const std::string& command, const std::string& arguments = "") const {
    return shell(ca(command) + arguments);
  }
  [[nodiscard]] std::string enrol(const std::string& arguments = "") const {
    return run("enrol", "--requests " + folder_.path("in") + " --out " + folder_.path("out") + " " + arguments);
  }
  void add_requests(int count, const std::string& prefix = "device-") const {
    for (int i = 0; i < count; ++i) {
      const std::string name = prefix + std::to_string(i);
      folder_.write("in/" + name + ".csr", testing::make_request({.subject = "/O=Fleet/CN=" + name}));
    }
  }
  [[nodiscard]] std::map<std::string, std::string> certificates() const {
    std::map<std::string, std::string> out;
    if (!fs::exists(folder_.path("out"))) return out;
    for (const auto& file : fs::directory_iterator(folder_.path("out"))) {
      const std::string name = file.path().filename();
      if (name.ends_with(".pem")) out[name] = folder_.read("out/" + name);
    }
    return out;
  }

  inline static const std::string kPrograms = DEVICE_CA_PROGRAMS;
  inline static const std::string kManifest = DEVICE_CA_MANIFEST;
  TemporaryFolder folder_;
};

TEST_F(DeviceCaSystem, EnrolsRevokesAndGoesOnAfterARestart) {
  // As a user makes them.
  EXPECT_EQ(
      shell("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=a -out " +
            folder_.path("in/a.csr") + " 2>/dev/null"),
      "");
  EXPECT_EQ(shell("openssl req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=b -text -out " +
                  folder_.path("in/b.csr") + " -addext subjectAltName=DNS:b.example.org 2>/dev/null"),
            "");
  folder_.write("in/weak.csr", testing::make_request({.key = "RSA1024", .subject = "/CN=weak"}));
  const std::string enrolled = enrol();
  EXPECT_TRUE(enrolled.contains("a new CA was made")) << enrolled;
  EXPECT_TRUE(enrolled.contains("3 requests: 2 certificates issued, 1 refused")) << enrolled;
  EXPECT_TRUE(enrolled.contains("refused weak.csr: weak key: RSA with 1024 bits; 2048 are the least")) << enrolled;
  EXPECT_TRUE(enrolled.ends_with("exit 13")) << enrolled;
  fs::remove(folder_.path("in/weak.csr"));
  const auto issued = certificates();
  const std::string again = enrol();
  EXPECT_TRUE(again.contains("2 certificates issued (2 of them as before")) << again;
  EXPECT_FALSE(again.contains("exit")) << again;
  EXPECT_EQ(certificates(), issued);

  EXPECT_EQ(run("ca", "--out " + folder_.path("ca.pem")), "");
  const std::string verify = "openssl verify -x509_strict -CAfile " + folder_.path("ca.pem");
  EXPECT_EQ(shell(verify + " " + folder_.path("out/a.pem") + " " + folder_.path("out/b.pem")),
            folder_.path("out/a.pem") + ": OK\n" + folder_.path("out/b.pem") + ": OK\n");

  EXPECT_TRUE(
      run("revoke", "--certificate " + folder_.path("out/a.pem") + " --reason superseded").starts_with("revoked "));
  const std::string twice = run("revoke", "--subject CN=a");
  EXPECT_TRUE(twice.contains("is revoked already") && twice.ends_with("exit 13")) << twice;
  EXPECT_EQ(run("crl", "--out " + folder_.path("crl.pem")), "");
  EXPECT_TRUE(shell("openssl crl -noout -CAfile " + folder_.path("ca.pem") + " -in " + folder_.path("crl.pem"))
                  .contains("verify OK"));
  EXPECT_TRUE(shell(verify + " -crl_check -CRLfile " + folder_.path("crl.pem") + " " + folder_.path("out/a.pem"))
                  .contains("certificate revoked"));
  const std::string shown = run("show", "--list");
  EXPECT_TRUE(shown.contains("2 issued, 1 revoked")) << shown;
  EXPECT_TRUE(shown.contains("CN=b")) << shown;
  EXPECT_EQ(run("ca"), folder_.read("ca.pem"));
  const std::string audit = folder_.read("state/audit.jsonl");
  EXPECT_EQ(std::ranges::count(audit, '\n'), 1 + 2 + 2 + 1 + 1) << audit;
}

// What one back-end's keys have sealed no other opens, and nothing is lost by trying.
TEST_F(DeviceCaSystem, SealedStateIsOfOneBackend) {
  for (const auto& [own, other] : {std::pair("process", "sgx-emulated"), {"sgx-emulated", "process"}}) {
    const std::string made = run("ca", std::string("--on ") + own);
    EXPECT_TRUE(made.starts_with("-----BEGIN CERTIFICATE-----")) << made;
    const std::string refused = run("ca", std::string("--on ") + other);
    EXPECT_TRUE(refused.contains(std::string("sealed on back-end ") + own)) << refused;
    EXPECT_TRUE(refused.ends_with("exit 13")) << refused;
    EXPECT_EQ(run("ca", std::string("--on ") + own), made);
    fs::remove_all(folder_.path("state"));
  }
}

TEST_F(DeviceCaSystem, TakesATarFromAPipe) {
  add_requests(20);
  const std::string out = shell("tar -C " + folder_.path("in") + " -c . | " + ca("enrol") + "--tar - --batch 7 --out " +
                                folder_.path("out"));
  EXPECT_TRUE(out.contains("20 requests: 20 certificates issued, 0 refused")) << out;
  EXPECT_EQ(certificates().size(), 20u);
}

TEST_F(DeviceCaSystem, ShowsItsProgressOnATerminalOnly) {
  add_requests(3);
  const std::string command = ca("enrol") + "--requests " + folder_.path("in") + " --out " + folder_.path("out");
  const std::string on_a_terminal = shell("script --quiet --return --command '" + command + "' /dev/null </dev/null");
  EXPECT_TRUE(on_a_terminal.contains("%  ") && on_a_terminal.contains(" done  ")) << on_a_terminal;
  const std::string elsewhere = shell(command);
  EXPECT_FALSE(elsewhere.contains(" done  ")) << elsewhere;
  EXPECT_TRUE(elsewhere.contains("3 certificates issued")) << elsewhere;
}

TEST_F(DeviceCaSystem, KillNineAtAnyMomentLosesNoCertificate) {
  add_requests(300);
  std::map<std::string, std::string> handed_out;
  int killed = 0;
  for (int run_number = 1; run_number <= 10; ++run_number) {
    const std::string seconds = std::to_string(0.05 * run_number);
    const std::string output = shell("timeout --foreground -s KILL " + seconds + " env " + ca("enrol") +
                                     "--batch 10 --requests " + folder_.path("in") + " --out " + folder_.path("out"));
    killed += output.contains("exit 137") ? 1 : 0;
    for (const auto& [name, pem] : handed_out) {
      ASSERT_EQ(folder_.read("out/" + name), pem) << name << " is another one after " << output;
    }
    handed_out = certificates();
  }
  EXPECT_GT(killed, 0);
  const std::string last = enrol();
  EXPECT_TRUE(last.contains("300 certificates issued")) << last;
  const auto all = certificates();
  EXPECT_EQ(all.size(), 300u);
  for (const auto& [name, pem] : handed_out) EXPECT_EQ(all.at(name), pem) << name;
  EXPECT_TRUE(run("show").contains("300 issued")) << "no subject got two";
  EXPECT_EQ(run("ca", "--out " + folder_.path("ca.pem")), "");
  const std::string verified =
      shell("openssl verify -CAfile " + folder_.path("ca.pem") + " " + folder_.path("out") + "/*.pem | grep -c OK");
  EXPECT_EQ(verified, "300\n");
}

TEST_F(DeviceCaSystem, OthersCannotOpenTheStateAndDestroyNothing) {
  add_requests(3);
  EXPECT_TRUE(enrol().contains("3 certificates issued"));
  const std::string sealed = "state/sealed/device-ca";
  const std::string before = folder_.read(sealed);
  ASSERT_FALSE(before.empty());
  const auto refused = [&](const std::string& command, const std::string& why, const std::string& status) {
    const std::string state = folder_.read(sealed);
    const std::string out = shell(command);
    EXPECT_TRUE(out.contains(why)) << out;
    EXPECT_TRUE(out.ends_with("exit " + status)) << out;
    EXPECT_EQ(folder_.read(sealed), state) << "written to";
  };
  // Another signer's enclave.
  const std::string other = folder_.path("other.enclave");
  const std::string tool = kPrograms + "/adyton ";
  shell(tool + "keygen " + folder_.path("other.pem"));
  ASSERT_FALSE(shell(tool + "sign " + kPrograms + "/device_ca.elf --manifest " + kManifest + " --key " +
                     folder_.path("other.pem") + " --output " + other)
                   .contains("exit"));
  refused(ca("show --enclave " + other), "sealed by another signer", "13");
  // A modified enclave.
  std::ifstream image(kPrograms + "/device_ca.enclave", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(image)), {});
  bytes.at(bytes.find("ADYTSEAL")) ^= 1;  // of what is loaded and measured
  folder_.write("modified.enclave", bytes);
  refused(ca("show --enclave " + folder_.path("modified.enclave")), "launching", "14");
  // Another machine.
  refused("XDG_DATA_HOME=" + folder_.path("elsewhere") + " " + kPrograms + "/device_ca show --state " +
              folder_.path("state"),
          "sealed under a key this machine does not have", "14");
  // A file that was altered, or cut short.
  std::string altered = before;
  altered[before.size() - 100] ^= 1;
  folder_.write(sealed, altered);
  refused(ca("show"), "altered: ", "14");
  folder_.write(sealed, before.substr(0, before.size() - 1));
  refused(ca("show"), "cut short", "14");
  folder_.write(sealed, "");
  refused(ca("show"), "cut short", "10");
  folder_.write(sealed, before);
  EXPECT_TRUE(run("show").contains("3 issued"));
}

TEST_F(DeviceCaSystem, OneHostAtATime) {
  EXPECT_TRUE(run("show").contains("0 issued"));
  const std::string said = folder_.path("said");
  ASSERT_EQ(shell("mkfifo " + said), "");
  std::FILE* first = ::popen((ca("show --wait") + ">" + said).c_str(), "w");
  ASSERT_NE(first, nullptr);
  {
    std::ifstream lines(said);
    std::string line;
    while (std::getline(lines, line) && !line.contains("stays until")) {
    }
    const std::string second = run("show");
    EXPECT_TRUE(second.contains("another program has it open")) << second;
    EXPECT_TRUE(second.ends_with("exit 12")) << second;
    std::fputs("\n", first);
  }
  EXPECT_EQ(::pclose(first), 0);
  EXPECT_TRUE(run("show").contains("0 issued"));
}

TEST_F(DeviceCaSystem, NothingIsIssuedWithoutTheAuditLog) {
  EXPECT_TRUE(run("show").contains("0 issued"));
  add_requests(1);
  fs::remove(folder_.path("state/audit.jsonl"));
  fs::create_directory(folder_.path("state/audit.jsonl"));
  const std::string out = enrol();
  EXPECT_TRUE(out.contains("audit.jsonl") && out.ends_with("exit 17")) << out;
  EXPECT_TRUE(certificates().empty());
}

TEST_F(DeviceCaSystem, SaysHowItIsUsed) {
  EXPECT_TRUE(shell(kPrograms + "/device_ca").ends_with("exit 2"));
  EXPECT_TRUE(shell(kPrograms + "/device_ca enrol --state x --out y").ends_with("exit 2"));
  EXPECT_TRUE(shell(kPrograms + "/device_ca revoke --state x").ends_with("exit 2"));
  EXPECT_TRUE(shell(kPrograms + "/device_ca revoke --state x --serial 00 --reason because").ends_with("exit 2"));
  const std::string help = shell(kPrograms + "/device_ca enrol --help");
  EXPECT_TRUE(help.contains("--tar") && !help.contains("exit 2")) << help;
  const std::string missing = run("enrol", "--out x --requests " + folder_.path("missing"));
  EXPECT_TRUE(missing.contains("No such file") && missing.ends_with("exit 11")) << missing;
  EXPECT_EQ(fs::exists(folder_.path("state/sealed")), false) << "nothing is made for a mistake";
}

}  // namespace
}  // namespace device_ca
