// SPDX-License-Identifier: Apache-2.0
#include "enrolment.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <future>
#include <set>

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

// Asks the CA about one batch and writes what it answers.
Result<void> handle_batch(std::vector<SourceItem> items, const EnrolBatch& enrol, const std::string& out,
                          std::set<std::string>& taken, EnrolmentResult& result) {
  std::vector<Request> requests;
  for (SourceItem& item : items) {
    if (item.refused) {
      result.refusals.push_back({std::move(item.request.name), *std::move(item.refused)});
    } else {
      requests.push_back(std::move(item.request));
    }
  }
  if (requests.empty()) return {};
  std::vector<EnrolOutcome> outcomes = TRY(enrol(requests));
  if (outcomes.size() != requests.size()) {
    return refuse(ErrorCode::kInternal, "{} answers to {} requests", outcomes.size(), requests.size());
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (auto* refused = std::get_if<Refused>(&outcomes[i])) {
      result.refusals.push_back({std::move(requests[i].name), std::move(*refused)});
      continue;
    }
    const Issued& issued = std::get<Issued>(outcomes[i]);
    TRY(write_file(out + "/" + certificate_name(requests[i].name, taken), issued.pem));
    ++result.issued;
    if (issued.again) ++result.again;
  }
  return {};
}

}  // namespace

Result<EnrolmentResult> run_enrolment(RequestSource& source, const EnrolBatch& enrol, const std::string& out,
                                      std::size_t batch, Progress& progress) {
  EnrolmentResult result;
  std::set<std::string> taken;
  std::vector<SourceItem> items = TRY(source.next(batch));
  while (!items.empty()) {
    // The next batch is read while the CA works on this one.
    double done = source.done();
    auto next = std::async(std::launch::async, [&] { return source.next(batch); });
    const auto handled = handle_batch(std::move(items), enrol, out, taken, result);
    auto read = next.get();
    if (!handled) return handled.error();
    progress.show(done, result.issued + result.refusals.size());
    items = TRY(std::move(read));
  }
  return result;
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
