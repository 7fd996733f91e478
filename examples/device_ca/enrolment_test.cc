// SPDX-License-Identifier: Apache-2.0
#include "enrolment.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "audit_log.h"
#include "refuse.h"
#include "testing.h"

namespace device_ca {
namespace {

namespace fs = std::filesystem;
using testing::shell;
using testing::TemporaryFolder;

// A CA that issues what it is asked for, and refuses what says so.
std::vector<EnrolOutcome> answer(const std::vector<Request>& requests) {
  std::vector<EnrolOutcome> out;
  for (const Request& request : requests) {
    if (request.pem == "bad") {
      out.emplace_back(Refused{ErrorCode::kDenied, "it is bad"});
    } else {
      out.emplace_back(Issued{"certificate for " + request.pem, request.pem == "again"});
    }
  }
  return out;
}

class EnrolmentTest : public ::testing::Test {
 protected:
  Result<EnrolmentResult> run(const Result<std::unique_ptr<RequestSource>>& source, std::size_t batch = 2,
                              unsigned jobs = 1) {
    Progress progress(false);
    const auto enrol = [&](const std::vector<Request>& requests) -> Result<std::vector<EnrolOutcome>> {
      const std::lock_guard lock(mutex_);
      batches_.push_back(requests.size());
      if (batches_.size() == fail_at_) return refuse(ErrorCode::kUnavailable, "the enclave died");
      return answer(requests);
    };
    return run_enrolment(*source.value(), enrol, folder_.path("out"), batch, jobs, progress);
  }
  TemporaryFolder folder_;
  std::mutex mutex_;
  std::vector<std::size_t> batches_;
  std::size_t fail_at_ = 0;
};

TEST_F(EnrolmentTest, WritesCertificatesAndNamesWhatWasRefused) {
  shell("mkdir -p " + folder_.path("in/sub/.hidden"));
  folder_.write("in/a.csr", "A");
  folder_.write("in/b.pem", "bad");
  folder_.write("in/b.csr", "again");
  folder_.write("in/b.req", "B");
  folder_.write("in/sub/c", "C");
  folder_.write("in/sub/.csr", "hidden");
  folder_.write("in/sub/.hidden/x.csr", "hidden");
  const auto result = run(open_folder(folder_.path("in"))).value();
  EXPECT_EQ(batches_, (std::vector<std::size_t>{2, 2, 1}));
  EXPECT_EQ(result.issued, 4u);
  EXPECT_EQ(result.again, 1u);
  EXPECT_EQ(folder_.read("out/a.pem"), "certificate for A");
  EXPECT_EQ(folder_.read("out/b.pem"), "certificate for again");
  EXPECT_EQ(folder_.read("out/b.req.pem"), "certificate for B") << "its short name was taken";
  EXPECT_EQ(folder_.read("out/sub/c.pem"), "certificate for C");
  const std::string words = summary(result, 0.5);
  EXPECT_EQ(
      words,
      "5 requests: 4 certificates issued (1 of them as before: the same requests came again), 1 refused; 0.50 s, 10 a "
      "second\n  refused b.pem: it is bad\n");
  EXPECT_EQ(shell("find " + folder_.path("out") + " -name '*.partial'"), "");
}

TEST_F(EnrolmentTest, ReadsFromATarAndKeepsNamesInsideTheFolder) {
  folder_.write("a.csr", "A");
  folder_.write("b.csr", "B");
  const std::string tar = folder_.path("x.tar");
  shell("cd " + folder_.path("") +
        " && tar -P -cf x.tar --transform 's|b.csr|../b.csr|' ./a.csr b.csr && ln -s a.csr l.csr && "
        "tar -P -rf x.tar --transform 's|^a.csr|/tmp/a.csr|' a.csr l.csr");
  const auto result = run(open_tar(tar), 10).value();
  EXPECT_EQ(result.issued, 1u);
  EXPECT_EQ(folder_.read("out/a.pem"), "certificate for A");
  ASSERT_EQ(result.refusals.size(), 3u);
  EXPECT_EQ(result.refusals[0].name, "../b.csr");
  EXPECT_EQ(result.refusals[0].refused.reason, "its name cannot be used: too long, or it leads elsewhere");
  EXPECT_EQ(result.refusals[1].name, "/tmp/a.csr");
  EXPECT_EQ(result.refusals[2].refused.reason, "it is not a regular file");
  EXPECT_FALSE(fs::exists(folder_.path("b.pem")));
}

TEST_F(EnrolmentTest, LargeFilesAreReadOnlyAsFarAsNeeded) {
  fs::create_directory(folder_.path("in"));
  folder_.write("in/large.csr", std::string(1 << 20, 'x'));
  auto source = open_folder(folder_.path("in")).value();
  EXPECT_EQ(source->next(10)->at(0).request.pem.size(), kRequestBytes + 1);
  EXPECT_EQ(source->done(), 1);
}

TEST_F(EnrolmentTest, ErrorsEndIt) {
  fs::create_directory(folder_.path("in"));
  for (const char* name : {"a", "b", "c", "d"}) folder_.write(std::string("in/") + name, name);
  fail_at_ = 2;
  EXPECT_EQ(run(open_folder(folder_.path("in"))).error().message, "the enclave died");
  EXPECT_EQ(folder_.read("out/b.pem"), "certificate for b") << "what was issued before is there";
  EXPECT_EQ(open_folder(folder_.path("missing")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(open_tar(folder_.path("missing")).error().code, ErrorCode::kNotFound);
  folder_.write("x.tar", "not a tar archive");
  EXPECT_EQ(run(open_tar(folder_.path("x.tar"))).error().code, ErrorCode::kInvalid);
  shell("rm -r " + folder_.path("out"));
  folder_.write("out", "a file where the folder should be");
  fail_at_ = 0;
  EXPECT_EQ(run(open_folder(folder_.path("in"))).error().code, ErrorCode::kIo);
}

TEST_F(EnrolmentTest, SeveralJobsKeepTheOrderOfWhatIsRefused) {
  fs::create_directory(folder_.path("in"));
  for (int i = 100; i < 200; ++i) folder_.write("in/" + std::to_string(i), i % 3 == 0 ? "bad" : "good");
  const auto result = run(open_folder(folder_.path("in")), 7, 4).value();
  EXPECT_EQ(result.issued, 67u);
  ASSERT_EQ(result.refusals.size(), 33u);
  EXPECT_TRUE(std::ranges::is_sorted(result.refusals, {}, &EnrolmentResult::Refusal::name));
  EXPECT_EQ(batches_.size(), 15u);
  fail_at_ = 20;
  EXPECT_EQ(run(open_folder(folder_.path("in")), 7, 4).error().message, "the enclave died");
}

TEST_F(EnrolmentTest, NothingToDo) {
  fs::create_directory(folder_.path("in"));
  const auto result = run(open_folder(folder_.path("in"))).value();
  EXPECT_EQ(summary(result, 0), "0 requests: 0 certificates issued, 0 refused; 0.00 s\n");
}

TEST(Progress, SaysHowFarItIs) {
  EXPECT_EQ(progress_line(0.5, 1000, 2), "[================>               ]  50%  1000 done  500/s  0:02 left");
  EXPECT_EQ(progress_line(1, 10, 125), "[================================] 100%  10 done  0/s  0:00 left");
  EXPECT_EQ(progress_line(0, 0, 0), "[>                               ]   0%  0 done  0/s");
  EXPECT_EQ(progress_line(-1, 7, 1), "7 done  7/s");
  EXPECT_EQ(progress_line(0.01, 1, 10).substr(34), "   1%  1 done  0/s  16:30 left");
}

TEST(AuditLog, AppendsAndMendsALineThatWasCutShort) {
  const TemporaryFolder folder;
  {
    AuditLog log;
    EXPECT_EQ(log.append({"x"}).error().code, ErrorCode::kUnavailable);
    ASSERT_TRUE(log.open(folder.path("audit")));
    EXPECT_TRUE(log.append({"one", "two"}));
    EXPECT_TRUE(log.append({"three"}));
  }
  EXPECT_EQ(folder.read("audit"), "one\ntwo\nthree\n");
  struct stat status{};
  ASSERT_EQ(::stat(folder.path("audit").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  folder.write("audit", "one\ntw");
  AuditLog log;
  ASSERT_TRUE(log.open(folder.path("audit")));
  EXPECT_TRUE(log.append({"three"}));
  EXPECT_TRUE(log.append({"four"}));
  EXPECT_EQ(folder.read("audit"), "one\ntw\nthree\nfour\n");
}

TEST(AuditLog, DoesNotFailSilently) {
  AuditLog full;
  const auto opened = full.open("/dev/full");
  if (opened) {
    EXPECT_EQ(full.append({"x"}).error().code, ErrorCode::kExhausted);
  }
  AuditLog missing;
  EXPECT_EQ(missing.open("/nonexistent/audit").error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace device_ca
