// SPDX-License-Identifier: Apache-2.0
#include "enrolment.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "refuse.h"

namespace device_ca {
namespace {

namespace fs = std::filesystem;

std::string certificate_name(std::string_view request_name, std::set<std::string>& taken) {
  std::string_view stem = request_name;
  for (const std::string_view ending : {".csr", ".req", ".pem"}) {
    if (stem.ends_with(ending) && stem.size() > ending.size() && stem[stem.size() - ending.size() - 1] != '/') {
      stem.remove_suffix(ending.size());
      break;
    }
  }
  std::string out = std::string(stem) + ".pem";
  if (!taken.insert(out).second) {
    out = std::string(request_name) + ".pem";
    taken.insert(out);
  }
  return out;
}

// One run, shared by its jobs.
class Run {
 public:
  Run(RequestSource& source, const EnrolBatch& enrol, const std::string& out, std::size_t batch, Progress& progress)
      : source_(source), enrol_(enrol), out_(out), batch_(batch), progress_(progress) {}

  // Takes batches until there are no more or something failed.
  void work() {
    while (true) {
      std::vector<SourceItem> items;
      std::size_t number = 0;
      {
        const std::lock_guard lock(mutex_);
        if (!failed_) {
          auto next = source_.next(batch_);
          if (next) {
            items = *std::move(next);
          } else {
            failed_ = std::move(next).error();
          }
        }
        if (items.empty()) return;
        number = refusals_.size();
        refusals_.emplace_back();
      }
      auto done = handle(std::move(items), number);
      const std::lock_guard lock(mutex_);
      if (!done && !failed_) failed_ = std::move(done).error();
      progress_.show(source_.done(), result_.issued + refused_);
    }
  }

  Result<EnrolmentResult> finish() {
    if (failed_) return *std::move(failed_);
    for (auto& refusals : refusals_) std::ranges::move(refusals, std::back_inserter(result_.refusals));
    return std::move(result_);
  }

 private:
  // Asks the CA about one batch and writes what it answers.
  Result<void> handle(std::vector<SourceItem> items, std::size_t number) {
    std::vector<EnrolmentResult::Refusal> refusals;
    std::vector<Request> requests;
    for (SourceItem& item : items) {
      if (item.refused) {
        refusals.push_back({std::move(item.request.name), *std::move(item.refused)});
      } else {
        requests.push_back(std::move(item.request));
      }
    }
    std::vector<EnrolOutcome> outcomes;
    if (!requests.empty()) outcomes = TRY(enrol_(requests));
    if (outcomes.size() != requests.size()) {
      return refuse(ErrorCode::kInternal, "{} answers to {} requests", outcomes.size(), requests.size());
    }
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (auto* refused = std::get_if<Refused>(&outcomes[i])) {
        refusals.push_back({std::move(requests[i].name), std::move(*refused)});
      } else {
        TRY(write_certificate(requests[i].name, std::get<Issued>(outcomes[i])));
      }
    }
    const std::lock_guard lock(mutex_);
    refused_ += refusals.size();
    refusals_[number] = std::move(refusals);
    return {};
  }

  Result<void> write_certificate(const std::string& request_name, const Issued& issued) {
    std::string name;
    {
      const std::lock_guard lock(mutex_);
      name = certificate_name(request_name, taken_);
    }
    TRY(write_file(out_ + "/" + name, issued.pem));
    const std::lock_guard lock(mutex_);
    ++result_.issued;
    if (issued.again) ++result_.again;
    return {};
  }

  RequestSource& source_;
  const EnrolBatch& enrol_;
  const std::string& out_;
  const std::size_t batch_;
  Progress& progress_;

  std::mutex mutex_;  // of all that follows, and of source_ and progress_
  std::optional<adyton::Error> failed_;
  EnrolmentResult result_;
  std::vector<std::vector<EnrolmentResult::Refusal>> refusals_;  // of each batch
  std::size_t refused_ = 0;
  std::set<std::string> taken_;  // names of certificates
};

}  // namespace

Result<EnrolmentResult> run_enrolment(RequestSource& source, const EnrolBatch& enrol, const std::string& out,
                                      std::size_t batch, unsigned jobs, Progress& progress) {
  Run run(source, enrol, out, batch, progress);
  {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < jobs; ++i) others.emplace_back([&run] { run.work(); });
    run.work();
  }
  return run.finish();
}

std::string summary(const EnrolmentResult& result, double seconds) {
  const std::uint64_t total = result.issued + result.refusals.size();
  std::string out = fmt::format("{} requests: {} certificates issued", total, result.issued);
  if (result.again != 0) out += fmt::format(" ({} of them as before: the same requests came again)", result.again);
  out += fmt::format(", {} refused; {:.2f} s", result.refusals.size(), seconds);
  if (seconds > 0 && total != 0) out += fmt::format(", {:.0f} a second", static_cast<double>(total) / seconds);
  out += '\n';
  for (const auto& [name, refused] : result.refusals) {
    out += fmt::format("  refused {}: {}\n", name, refused.reason);
  }
  return out;
}

Result<void> write_file(const std::string& path, std::string_view text) {
  const auto failed = [&](std::string_view doing) {
    const ErrorCode code = errno == ENOSPC || errno == EDQUOT ? ErrorCode::kExhausted : ErrorCode::kIo;
    return refuse(code, "{} {}: {}", doing, path, std::strerror(errno));
  };
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  const std::string temporary = path + ".partial";
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (descriptor < 0) return failed("making");
  bool written = true;
  while (written && !text.empty()) {
    const ssize_t size = ::write(descriptor, text.data(), text.size());
    written = size >= 0 || errno == EINTR;
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
  }
  if (!written) {
    const adyton::Error out = failed("writing");
    ::close(descriptor);
    ::unlink(temporary.c_str());
    return out;
  }
  if (::close(descriptor) != 0) return failed("closing");
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return failed("naming");
  return {};
}

}  // namespace device_ca
