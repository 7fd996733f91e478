// SPDX-License-Identifier: Apache-2.0
#include "device_ca_core.h"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "refuse.h"
#include "testing.h"
#include "testing/fake_key_source.h"
#include "testing/memory_storage.h"

namespace device_ca {
namespace {

using adyton::testing::Crash;
using adyton::testing::MemoryStorage;
using testing::make_request;
using testing::shell;

class DeviceCaTest : public ::testing::Test {
 protected:
  DeviceCaTest() {
    keys_.self.product = 2;
    keys_.self.svn = 3;
  }
  std::unique_ptr<DeviceCa> open(CaOptions options = {}) {
    if (!options.clock) options.clock = [this] { return now_; };
    auto ca = DeviceCa::open(storage_, keys_, [this](const auto& lines) { return audit(lines); }, std::move(options));
    EXPECT_TRUE(ca) << ca.error().message;
    return ca ? *std::move(ca) : nullptr;
  }
  Result<void> audit(const std::vector<std::string>& lines) {
    if (audit_fails_) return refuse(ErrorCode::kExhausted, "the disk is full");
    const std::lock_guard lock(audit_mutex_);
    audit_.insert(audit_.end(), lines.begin(), lines.end());
    return {};
  }
  static Request request(const std::string& name, std::string subject = "") {
    if (subject.empty()) subject = "/O=Example/CN=" + name;
    return {name + ".csr", make_request({.subject = subject})};
  }
  static std::vector<EnrolOutcome> enrol(DeviceCa& ca, const std::vector<Request>& requests, std::uint32_t days = 365) {
    auto outcomes = ca.enrol(requests, days);
    EXPECT_TRUE(outcomes) << outcomes.error().message;
    return outcomes ? *outcomes : std::vector<EnrolOutcome>(requests.size());
  }
  static std::string pem(const EnrolOutcome& outcome) {
    if (const auto* issued = std::get_if<Issued>(&outcome)) return issued->pem;
    ADD_FAILURE() << std::get<Refused>(outcome).reason;
    return "";
  }
  static std::string reason(const EnrolOutcome& outcome) {
    const auto* refused = std::get_if<Refused>(&outcome);
    return refused ? refused->reason : "issued";
  }
  static std::string revoke(DeviceCa& ca, const Revocation& revocation) {
    const auto outcomes = ca.revoke({revocation});
    if (!outcomes) return outcomes.error().message;
    const auto* refused = std::get_if<Refused>(&outcomes->at(0));
    return refused ? refused->reason : "revoked " + std::get<Revoked>(outcomes->at(0)).subject;
  }

  std::shared_ptr<MemoryStorage> storage_ = std::make_shared<MemoryStorage>();
  adyton::testing::FakeKeySource keys_;
  std::int64_t now_ = std::time(nullptr);
  std::mutex audit_mutex_;
  std::vector<std::string> audit_;
  std::atomic<bool> audit_fails_ = false;
};

TEST_F(DeviceCaTest, OpensslAcceptsWhatItIssues) {
  const auto ca = open({.name = "Test CA"});
  const std::vector<Request> requests = {
      request("ec"),
      {"p384.csr", make_request({.key = "P-384", .subject = "/CN=p384"})},
      {"ed.csr", make_request({.key = "Ed25519", .subject = "/CN=ed"})},
      {"rsa.csr", make_request({.key = "RSA2048", .subject = "/CN=rsa"})},
      {"san.csr",
       make_request({.subject = "/CN=san",
                     .extensions = {{"subjectAltName", "DNS:a.example.org,IP:10.0.0.1,email:a@b.c,URI:urn:x"}}})},
  };
  const auto outcomes = enrol(*ca, requests);
  const testing::TemporaryFolder folder;
  folder.write("ca.pem", ca->status().certificate);
  std::string files;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    folder.write(requests[i].name, requests[i].pem);
    folder.write(requests[i].name + ".pem", pem(outcomes[i]));
    files += " " + folder.path(requests[i].name) + ".pem";
  }
  const std::string verified =
      shell("openssl verify -x509_strict -check_ss_sig -purpose sslclient -CAfile " + folder.path("ca.pem") + files);
  EXPECT_EQ(std::ranges::count(verified, '\n'), 5) << verified;
  EXPECT_FALSE(verified.contains("rror")) << verified;
  EXPECT_EQ(shell("openssl verify -x509_strict -CAfile " + folder.path("ca.pem") + " " + folder.path("ca.pem")),
            folder.path("ca.pem") + ": OK\n");

  const std::string authority = shell("openssl x509 -noout -text -in " + folder.path("ca.pem"));
  for (const std::string_view part :
       {"Version: 3", "Issuer: CN = Test CA", "Subject: CN = Test CA", "CA:TRUE, pathlen:0",
        "Basic Constraints: critical", "Key Usage: critical\n                Certificate Sign, CRL Sign",
        "Subject Key Identifier", "ASN1 OID: prime256v1", "ecdsa-with-SHA256"}) {
    EXPECT_TRUE(authority.contains(part)) << part << "\n" << authority;
  }
  const std::string device = shell("openssl x509 -noout -text -in " + folder.path("san.csr.pem"));
  for (const std::string_view part :
       {"Version: 3", "Issuer: CN = Test CA", "Subject: CN = san",
        "Basic Constraints: critical\n                CA:FALSE",
        "Key Usage: critical\n                Digital Signature\n",
        "TLS Web Client Authentication, TLS Web Server Authentication", "Subject Key Identifier",
        "Authority Key Identifier", "DNS:a.example.org, IP Address:10.0.0.1, email:a@b.c, URI:urn:x"}) {
    EXPECT_TRUE(device.contains(part)) << part << "\n" << device;
  }
  const std::string rsa = shell("openssl x509 -noout -text -in " + folder.path("rsa.csr.pem"));
  EXPECT_TRUE(rsa.contains("Digital Signature, Key Encipherment")) << rsa;
  EXPECT_FALSE(rsa.contains("Server Authentication")) << rsa;
  EXPECT_FALSE(rsa.contains("Alternative")) << rsa;
  // The key in the certificate is the request's.
  EXPECT_EQ(shell("openssl x509 -noout -pubkey -in " + folder.path("ec.csr.pem")),
            shell("openssl req -noout -pubkey -in " + folder.path("ec.csr")));
}

TEST_F(DeviceCaTest, SerialNumbersAre128BitsAndDiffer) {
  const auto ca = open();
  std::vector<Request> requests;
  for (int i = 0; i < 50; ++i) requests.push_back(request("device-" + std::to_string(i)));
  enrol(*ca, requests);
  std::set<std::string> serials;
  const auto certificates = ca->list("").value();
  for (const Certificate& certificate : certificates) {
    EXPECT_EQ(certificate.serial.size(), 32u);
    EXPECT_LT(certificate.serial[0], '8') << "positive";
    serials.insert(certificate.serial.substr(0, 16));
    serials.insert(certificate.serial.substr(16));
  }
  EXPECT_EQ(serials.size(), 100u);
}

TEST_F(DeviceCaTest, ValidityFollowsTheClockAndEndsWithTheCa) {
  now_ = 1'800'000'000;
  const auto ca = open({.ca_days = 1000});
  enrol(*ca, {request("short")}, 10);
  enrol(*ca, {request("long")}, 2000);
  std::set<std::int64_t> ends;
  const auto certificates = ca->list("").value();
  for (const Certificate& certificate : certificates) ends.insert(certificate.not_after);
  EXPECT_EQ(ends, (std::set<std::int64_t>{now_ + 10 * 86'400, now_ + 1000 * 86'400}));
  EXPECT_EQ(ca->enrol({}, 0).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(ca->enrol({}, 36'501).error().code, ErrorCode::kInvalid);
  now_ += 1001 * 86'400;
  EXPECT_EQ(ca->enrol({request("late")}, 1).error().code, ErrorCode::kExpired);
}

TEST_F(DeviceCaTest, RefusedOnesDoNotStopTheOthers) {
  const auto ca = open();
  const auto outcomes = enrol(*ca, {request("a"),
                                    {"weak.csr", make_request({.key = "RSA1024"})},
                                    {"broken.csr", "garbage"},
                                    {"", make_request({.subject = "/CN=nameless"})},
                                    {"ca.csr", make_request({.extensions = {{"basicConstraints", "CA:TRUE"}}})},
                                    request("b")});
  EXPECT_EQ(reason(outcomes[0]), "issued");
  EXPECT_EQ(reason(outcomes[1]), "weak key: RSA with 1024 bits; 2048 are the least");
  EXPECT_EQ(reason(outcomes[2]), "PEM: no BEGIN CERTIFICATE REQUEST line");
  EXPECT_EQ(reason(outcomes[3]), "the request's name must be 1 to 512 bytes of text");
  EXPECT_TRUE(reason(outcomes[4]).starts_with("asks to be a CA"));
  EXPECT_EQ(reason(outcomes[5]), "issued");
  EXPECT_EQ(ca->status().issued, 2u);
  EXPECT_EQ(ca->enrol(std::vector<Request>(1025), 1).error().code, ErrorCode::kInvalid);
}

TEST_F(DeviceCaTest, ADuplicateSubjectIsRefused) {
  const auto ca = open();
  const auto outcomes =
      enrol(*ca, {request("a"), request("other", "/O=Example/CN=a"), request("third", "/O=EXAMPLE/CN=A")});
  EXPECT_EQ(reason(outcomes[0]), "issued");
  EXPECT_EQ(reason(outcomes[1]), "duplicate subject: O=Example,CN=a was just enrolled by a.csr");
  EXPECT_EQ(reason(outcomes[2]), "duplicate subject: O=EXAMPLE,CN=A was just enrolled by a.csr");
  const std::string later = reason(enrol(*ca, {request("later", "/O=Example/CN=a")})[0]);
  EXPECT_TRUE(later.starts_with("duplicate subject: O=Example,CN=a is enrolled already (by a.csr, serial ")) << later;
  // The same file under another name is another request for the same subject.
  Request copied = request("b");
  enrol(*ca, {copied});
  copied.name = "copy.csr";
  EXPECT_TRUE(reason(enrol(*ca, {copied})[0]).starts_with("duplicate subject"));
}

TEST_F(DeviceCaTest, TheSameRequestAgainGetsItsCertificateAgain) {
  const Request one = request("a");
  std::string first;
  {
    const auto ca = open();
    first = pem(enrol(*ca, {one})[0]);
  }
  const auto ca = open();
  const auto again = enrol(*ca, {one})[0];
  EXPECT_EQ(pem(again), first);
  EXPECT_TRUE(std::get<Issued>(again).again);
  EXPECT_EQ(ca->status().issued, 1u);
  EXPECT_TRUE(audit_.back().contains(R"("event":"returned")")) << audit_.back();
}

TEST_F(DeviceCaTest, AnExpiredSubjectMayEnrolAgain) {
  const auto ca = open();
  const Request one = request("a");
  const std::string first = pem(enrol(*ca, {one}, 1)[0]);
  now_ += 2 * 86'400;
  const auto renewed = enrol(*ca, {one}, 1)[0];
  EXPECT_NE(pem(renewed), first);
  EXPECT_FALSE(std::get<Issued>(renewed).again);
}

TEST_F(DeviceCaTest, GoesOnFromItsSealedState) {
  std::string certificate, key;
  {
    const auto ca = open();
    EXPECT_TRUE(ca->status().made_now);
    certificate = ca->status().certificate;
    key = ca->status().private_key_sha256;
    enrol(*ca, {request("a"), request("b")});
    EXPECT_EQ(revoke(*ca, {.subject = "O=Example,CN=b"}), "revoked O=Example,CN=b");
    EXPECT_TRUE(ca->revocation_list(30));
  }
  const auto ca = open({.name = "another name is not taken"});
  const Status status = ca->status();
  EXPECT_FALSE(status.made_now);
  EXPECT_EQ(status.certificate, certificate);
  EXPECT_EQ(status.private_key_sha256, key);
  EXPECT_EQ(key.size(), 64u);
  EXPECT_EQ(status.issued, 2u);
  EXPECT_EQ(status.revoked, 1u);
  EXPECT_EQ(status.crl_number, 1u);
  EXPECT_TRUE(reason(enrol(*ca, {request("x", "/O=Example/CN=a")})[0]).starts_with("duplicate"));
}

TEST_F(DeviceCaTest, OthersCannotOpenItsState) {
  enrol(*open(), {request("a")});
  const adyton::Bytes before = storage_->contents("device-ca");
  const auto refused = [&](const std::function<void(adyton::testing::FakeKeySource&)>& change) {
    adyton::testing::FakeKeySource other = keys_;
    change(other);
    const auto ca = DeviceCa::open(storage_, other, [](const auto&) { return Result<void>(); });
    EXPECT_EQ(storage_->contents("device-ca"), before);
    return ca ? "opened" : ca.error().message;
  };
  EXPECT_TRUE(refused([](auto& k) { k.self.signer.fill(std::byte{9}); }).contains("sealed by another signer"));
  EXPECT_TRUE(refused([](auto& k) { k.self.product = 9; }).contains("another product"));
  EXPECT_TRUE(refused([](auto& k) { k.self.svn = 2; }).contains("newer version"));
  EXPECT_EQ(refused([](auto& k) { k.self.image.fill(std::byte{9}); }), "opened") << "an update by the same signer";
  storage_->set_contents("device-ca", adyton::to_bytes(adyton::BytesView(before).first(before.size() - 1)));
  EXPECT_TRUE(DeviceCa::open(storage_, keys_, {}).error().message.contains("cut short"));
}

TEST_F(DeviceCaTest, RevokesBySerialSubjectOrCertificate) {
  const auto ca = open();
  const auto outcomes = enrol(*ca, {request("a"), request("b"), request("c")});
  const auto serial_of = [&](std::string_view subject) {
    const auto all = ca->list("").value();
    return std::ranges::find(all, subject, &Certificate::subject)->serial;
  };
  const std::string serial = serial_of("O=Example,CN=a");
  EXPECT_EQ(revoke(*ca, {.serial = serial, .reason = Reason::kSuperseded}), "revoked O=Example,CN=a");
  EXPECT_EQ(revoke(*ca, {.serial = serial}), "certificate " + serial + " is revoked already");
  EXPECT_EQ(revoke(*ca, {.subject = "O=Example,CN=b"}), "revoked O=Example,CN=b");
  EXPECT_EQ(revoke(*ca, {.pem = pem(outcomes[2])}), "revoked O=Example,CN=c");
  EXPECT_EQ(revoke(*ca, {}), "give one of serial number, subject and certificate");
  EXPECT_EQ(revoke(*ca, {.serial = serial, .subject = "x"}), "give one of serial number, subject and certificate");
  EXPECT_EQ(revoke(*ca, {.serial = "00"}), "this CA issued no such certificate");
  EXPECT_EQ(revoke(*ca, {.serial = "xyz!"}), "not a hexadecimal digit at character 0");
  EXPECT_EQ(revoke(*ca, {.subject = "CN=nobody"}), "no certificate has the subject CN=nobody");
  EXPECT_EQ(revoke(*ca, {.pem = ca->status().certificate}), "this CA issued no such certificate");
  EXPECT_EQ(revoke(*ca, {.pem = "garbage"}), "PEM: no BEGIN CERTIFICATE line");
  EXPECT_EQ(revoke(*ca, {.serial = serial, .reason = static_cast<Reason>(2)}),
            "not a reason to revoke a device's certificate");
  const auto twice = ca->revoke({{.serial = serial_of("O=Example,CN=a")}, {.serial = "00"}}).value();
  EXPECT_EQ(twice.size(), 2u);
  EXPECT_EQ(ca->status().revoked, 3u);
}

TEST_F(DeviceCaTest, ARevokedSubjectMayEnrolAgainButNotWithACompromisedKey) {
  const auto ca = open();
  const Request one = request("a"), two = request("b");
  enrol(*ca, {one, two});
  revoke(*ca, {.subject = "O=Example,CN=a", .reason = Reason::kSuperseded});
  revoke(*ca, {.subject = "O=Example,CN=b", .reason = Reason::kKeyCompromise});
  const auto outcomes = enrol(*ca, {one, two});
  EXPECT_EQ(reason(outcomes[0]), "issued");
  EXPECT_FALSE(std::get<Issued>(outcomes[0]).again);
  EXPECT_EQ(reason(outcomes[1]), "its key was reported as compromised: make a new one");
  EXPECT_EQ(reason(enrol(*ca, {request("b2", "/O=Example/CN=b")})[0]), "issued");
}

TEST_F(DeviceCaTest, OpensslAcceptsTheRevocationList) {
  const auto ca = open();
  const testing::TemporaryFolder folder;
  folder.write("ca.pem", ca->status().certificate);
  const auto check = [&](std::string_view expected) {
    folder.write("crl.pem", ca->revocation_list(30).value());
    const std::string text =
        shell("openssl crl -noout -text -CAfile " + folder.path("ca.pem") + " -in " + folder.path("crl.pem"));
    EXPECT_TRUE(text.contains("verify OK")) << text;
    EXPECT_TRUE(text.contains(expected)) << text;
    return text;
  };
  check("No Revoked Certificates");
  const auto outcomes = enrol(*ca, {request("a"), request("b"), request("c")});
  revoke(*ca, {.subject = "O=Example,CN=a", .reason = Reason::kKeyCompromise});
  revoke(*ca, {.subject = "O=Example,CN=b"});
  const std::string text = check("Key Compromise");
  EXPECT_TRUE(text.contains("Version 2")) << text;
  EXPECT_TRUE(text.contains("X509v3 CRL Number: \n                2\n")) << text;
  EXPECT_TRUE(text.contains("Authority Key Identifier")) << text;
  EXPECT_FALSE(text.contains("Unspecified")) << text;
  for (const char* name : {"a", "b", "c"})
    folder.write(std::string(name) + ".pem", pem(outcomes[static_cast<std::size_t>(*name - 'a')]));
  const std::string verify = "openssl verify -x509_strict -crl_check -CAfile " + folder.path("ca.pem") + " -CRLfile " +
                             folder.path("crl.pem") + " ";
  EXPECT_TRUE(shell(verify + folder.path("a.pem")).contains("certificate revoked"));
  EXPECT_TRUE(shell(verify + folder.path("b.pem")).contains("certificate revoked"));
  EXPECT_EQ(shell(verify + folder.path("c.pem")), folder.path("c.pem") + ": OK\n");
}

TEST_F(DeviceCaTest, EveryCertificateHasItsAuditLine) {
  const auto ca = open();
  enrol(*ca, {request("a"), {"broken \" name", "garbage"}, request("quote\"d", "/O=Exam\"ple/CN=b")});
  ASSERT_EQ(audit_.size(), 3u);
  EXPECT_TRUE(audit_[0].contains(R"("event":"ca-made")")) << audit_[0];
  EXPECT_TRUE(audit_[1].contains(R"("event":"issued","serial":")")) << audit_[1];
  EXPECT_TRUE(audit_[1].contains(R"("subject":"O=Example,CN=a")")) << audit_[1];
  EXPECT_TRUE(audit_[1].contains(R"("request":"a.csr"})")) << audit_[1];
  EXPECT_TRUE(audit_[2].contains(R"("subject":"O=Exam\\\"ple,CN=b")")) << audit_[2];
  const auto certificate = ca->list("").value()[0];
  EXPECT_TRUE(audit_[1].contains(certificate.serial) || audit_[2].contains(certificate.serial));
}

TEST_F(DeviceCaTest, WhatCannotBeAuditedIsNotHandedOut) {
  const auto ca = open();
  const Request one = request("a");
  audit_fails_ = true;
  const auto failed = ca->enrol({one}, 365);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "the audit log: the disk is full");
  EXPECT_FALSE(ca->revoke({{.subject = "O=Example,CN=a"}}));
  EXPECT_FALSE(ca->revocation_list(1));
  audit_fails_ = false;
  EXPECT_EQ(audit_.size(), 1u) << "the CA was made";
  const auto retried = open();
  EXPECT_EQ(retried->status().revoked, 1u);
  EXPECT_EQ(reason(enrol(*retried, {one})[0]), "issued") << "its certificate was revoked: it gets another";
  EXPECT_EQ(audit_.size(), 2u);
}

// Kill -9 at every write of the host: whatever was handed out is still there, and the CA goes on.
TEST_F(DeviceCaTest, ACrashLosesNoCertificateThatWasHandedOut) {
  std::vector<Request> requests;
  for (int i = 0; i < 5; ++i) requests.push_back(request("device-" + std::to_string(i)));
  for (std::uint64_t operation = 0; operation < 20; ++operation) {
    for (const std::uint64_t torn : {std::uint64_t{0}, std::uint64_t{100}, std::uint64_t{1} << 20}) {
      storage_ = std::make_shared<MemoryStorage>();
      storage_->crash_at(operation, torn);
      std::vector<std::string> handed_out;
      std::string ca_certificate;
      if (auto ca = DeviceCa::open(storage_, keys_, [](const auto&) { return Result<void>(); })) {
        ca_certificate = (*ca)->status().certificate;
        for (const Request& one : requests) {
          const auto outcomes = (*ca)->enrol({one}, 365);
          if (!outcomes) break;
          handed_out.push_back(pem(outcomes->at(0)));
        }
      }
      storage_ =
          storage_->after(operation % 2 == 0 ? Crash::kKill : Crash::kTearSome, static_cast<unsigned>(operation));
      const auto ca = open();
      ASSERT_TRUE(ca);
      if (!ca_certificate.empty()) {
        EXPECT_EQ(ca->status().certificate, ca_certificate);
      }
      for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto outcome = enrol(*ca, {requests[i]})[0];
        if (i < handed_out.size()) {
          EXPECT_EQ(pem(outcome), handed_out[i]) << operation;
        }
      }
      EXPECT_EQ(ca->status().issued, requests.size());
    }
  }
}

TEST_F(DeviceCaTest, ThreadsEnrolSideBySide) {
  const auto ca = open();
  constexpr int kThreads = 4, kEach = 25;
  std::atomic<int> issued = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        // Every subject is asked for by two threads: one of them gets it.
        const std::string subject = "/CN=" + std::to_string(t / 2) + "-" + std::to_string(i);
        const auto outcomes = ca->enrol({request(std::to_string(t) + "-" + std::to_string(i), subject)}, 10);
        ASSERT_TRUE(outcomes);
        issued += outcomes->at(0).index() == 0 ? 1 : 0;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(issued, kThreads / 2 * kEach);
  EXPECT_EQ(ca->status().issued, static_cast<std::uint64_t>(kThreads / 2 * kEach));
  EXPECT_EQ(audit_.size(), 1u + kThreads / 2 * kEach);
}

TEST_F(DeviceCaTest, ListsInPages) {
  const auto ca = open();
  for (int batch = 0; batch < 3; ++batch) {
    std::vector<Request> requests;
    for (int i = 0; i < 500; ++i) requests.push_back(request(std::to_string(batch) + "-" + std::to_string(i)));
    enrol(*ca, requests);
  }
  std::string after;
  std::size_t count = 0;
  while (true) {
    const auto page = ca->list(after).value();
    if (page.empty()) break;
    EXPECT_LE(page.size(), 1000u);
    EXPECT_GT(page.front().serial, after);
    count += page.size();
    after = page.back().serial;
  }
  EXPECT_EQ(count, 1500u);
  EXPECT_FALSE(ca->list("no hex"));
}

TEST_F(DeviceCaTest, ACaNeedsAName) {
  for (const std::string& name : {std::string(), std::string(65, 'x'), std::string("a\nb")}) {
    const auto ca = DeviceCa::open(std::make_shared<MemoryStorage>(), keys_, [](const auto&) { return Result<void>(); },
                                   {.name = name});
    EXPECT_TRUE(!ca && ca.error().message.contains("its name must be")) << name;
  }
}

}  // namespace
}  // namespace device_ca
