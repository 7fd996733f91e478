// SPDX-License-Identifier: Apache-2.0
// The host program: gives the enclave requests, keeps its sealed state and audit log, and writes what it issues.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <unistd.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <adyton/host.h>

#include "audit_log.h"
#include "device_ca_calls.h"
#include "enrolment.h"
#include "progress.h"
#include "reason.h"
#include "refuse.h"
#include "request_source.h"

namespace {

using namespace device_ca;
namespace fs = std::filesystem;

constexpr int kDone = 0, kSomeRefused = 13;  // as the adyton command: 13 is `denied`
constexpr std::int64_t kDaySeconds{24 * 60 * 60};

struct Arguments {
  std::string state, image, name = "Device CA", backend = "auto";
  std::string requests, tar, out;
  std::uint32_t days = 0;
  std::size_t batch = 256;
  unsigned jobs = 2;
  std::vector<std::string> serials, subjects, certificates;
  std::string reason = "unspecified";
  bool list = false;
  bool wait = false;
};

// The running CA: its enclave, and what the enclave needs of the host.
struct Ca {
  AuditLog audit_log;
  std::optional<adyton::Enclave> enclave;
  Status status;
};

Result<std::unique_ptr<Ca>> launch(const Arguments& arguments) {
  auto ca = std::make_unique<Ca>();
  std::error_code error;
  fs::create_directories(arguments.state, error);
  TRY(ca->audit_log.open(arguments.state + "/audit.jsonl"));
  fs::path image = arguments.image;
  if (image.empty()) image = fs::read_symlink("/proc/self/exe", error).parent_path() / "device_ca.enclave";
  adyton::LaunchOptions options;
  options.backend = arguments.backend;
  options.arguments = {arguments.name};
  options.storage = fs::path(arguments.state) / "sealed";
  options.host_calls.add(calls::audit,
                         [&log = ca->audit_log](const std::vector<std::string>& lines) { return log.append(lines); });
  ca->enclave = TRY(adyton::Enclave::launch(image, std::move(options)));
  ca->status = TRY(ca->enclave->call(calls::status));
  return ca;
}

// With --wait, ends the enclave only when standard input does: for a look at it from outside.
void stay(const Arguments& arguments, const Ca& ca) {
  if (!arguments.wait) return;
  fmt::print("The enclave (process {}, private key SHA-256 {}) stays until standard input ends.\n",
             ca.enclave->process_id(), ca.status.private_key_sha256);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}

std::string utc_date(std::int64_t seconds) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(seconds / kDaySeconds))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

Result<int> enrol_devices(const Arguments& arguments) {
  const auto source = arguments.tar.empty() ? open_folder(arguments.requests) : open_tar(arguments.tar);
  if (!source) return source.error();
  const auto ca = TRY(launch(arguments));
  if (ca->status.made_now)
    fmt::print("a new CA was made: its key is in the enclave, and sealed in {}\n", arguments.state);
  const auto start = std::chrono::steady_clock::now();
  EnrolmentResult result;
  {
    Progress progress(::isatty(STDERR_FILENO) != 0);
    const auto ask = [&](const std::vector<Request>& requests) {
      return ca->enclave->call(calls::enrol, requests, arguments.days);
    };
    result = TRY(run_enrolment(**source, ask, arguments.out, arguments.batch, arguments.jobs, progress));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{}", summary(result, seconds));
  stay(arguments, *ca);
  return result.refusals.empty() ? kDone : kSomeRefused;
}

Result<int> revoke_certificates(const Arguments& arguments) {
  const auto reason = std::ranges::find(kReasons, std::string_view(arguments.reason), &NamedReason::name);
  if (reason == std::end(kReasons)) return malformed("--reason {}: not a reason", arguments.reason);
  std::vector<Revocation> revocations;
  std::vector<std::string> names;
  const auto add = [&](const std::string& name, Revocation revocation) {
    revocation.reason = reason->reason;
    revocations.push_back(std::move(revocation));
    names.push_back(name);
  };
  for (const std::string& serial : arguments.serials) add(serial, {.serial = serial});
  for (const std::string& subject : arguments.subjects) add(subject, {.subject = subject});
  for (const std::string& path : arguments.certificates) {
    std::ostringstream pem;
    pem << std::ifstream(path, std::ios::binary).rdbuf();
    if (pem.view().empty()) return refuse(ErrorCode::kNotFound, "{} cannot be read, or is empty", path);
    add(path, {.pem = std::string(pem.view())});
  }
  const auto ca = TRY(launch(arguments));
  int exit_status = kDone;
  for (std::size_t at = 0; at < revocations.size(); at += kRequestsPerCall) {
    const auto first = revocations.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min(kRequestsPerCall, revocations.size() - at);
    const std::vector<Revocation> batch(first, first + static_cast<std::ptrdiff_t>(count));
    const auto outcomes = TRY(ca->enclave->call(calls::revoke, batch));
    for (std::size_t i = 0; i < outcomes.size() && i < count; ++i) {
      if (const auto* refused = std::get_if<Refused>(&outcomes[i])) {
        fmt::print("refused {}: {}\n", names[at + i], refused->reason);
        exit_status = kSomeRefused;
      } else {
        const auto& revoked = std::get<Revoked>(outcomes[i]);
        fmt::print("revoked {} ({})\n", revoked.serial, revoked.subject);
      }
    }
  }
  return exit_status;
}

Result<int> write_result(const Arguments& arguments, std::string_view pem) {
  if (arguments.out.empty()) {
    std::cout << pem << std::flush;
    if (!std::cout) return refuse(ErrorCode::kIo, "writing to standard output failed");
  } else {
    TRY(write_file(arguments.out, pem));
  }
  return kDone;
}

Result<int> write_revocation_list(const Arguments& arguments) {
  const auto ca = TRY(launch(arguments));
  return write_result(arguments, TRY(ca->enclave->call(calls::revocation_list, arguments.days)));
}

Result<int> write_ca_certificate(const Arguments& arguments) {
  const auto ca = TRY(launch(arguments));
  return write_result(arguments, ca->status.certificate);
}

Result<void> print_certificates(Ca& ca) {
  std::string after;
  while (true) {
    const auto page = TRY(ca.enclave->call(calls::list, after));
    if (page.empty()) return {};
    for (const Certificate& one : page) {
      const std::string state =
          one.revoked == 0 ? "valid until " + utc_date(one.not_after) : "revoked " + utc_date(one.revoked);
      fmt::print("{}  {:<22}  {}\n", one.serial, state, one.subject);
    }
    after = page.back().serial;
  }
}

Result<int> show_ca(const Arguments& arguments) {
  const auto ca = TRY(launch(arguments));
  const Status& status = ca->status;
  fmt::print("enclave:           {}, on back-end {}\n", ca->enclave->identity().name, ca->enclave->backend());
  fmt::print("certificates:      {} issued, {} revoked\n", status.issued, status.revoked);
  fmt::print("revocation lists:  {}\n", status.crl_number);
  fmt::print("private key:       SHA-256 {}\n", status.private_key_sha256);
  if (arguments.list) TRY(print_certificates(*ca));
  stay(arguments, *ca);
  return kDone;
}

// Reads the command line into `out` and names the function to run; nothing if it has been answered, with `exit_status`.
using Command = Result<int> (*)(const Arguments&);
Command parse(int argc, char** argv, Arguments& out, int& exit_status) {
  CLI::App app("A certificate authority for devices whose key never leaves an enclave.");
  app.require_subcommand(1);
  app.footer("Exit status: 0 done; 2 misuse; 13 something was refused (each is named); else as the adyton command's.");
  Command run = nullptr;
  const auto command = [&](const char* name, const char* description, Command function) {
    CLI::App* added = app.add_subcommand(name, description);
    added->add_option("--state", out.state, "Folder of the CA's sealed state and audit log; made if missing")
        ->required();
    added->add_option("--enclave", out.image, "The enclave's image (default: device_ca.enclave beside this program)");
    added->add_option("--on", out.backend, "Back-end to run the enclave on")->capture_default_str();
    added->add_option("--name", out.name, "Common name of the CA, if this makes a new one")->capture_default_str();
    added->parse_complete_callback([&run, function] { run = function; });
    return added;
  };
  const auto add_days = [&](CLI::App* to, const char* description, std::uint32_t days) {
    to->add_option("--days", out.days, description)->default_str(std::to_string(days));
    to->preparse_callback([&out, days](std::size_t) { out.days = days; });
  };

  CLI::App* enrol = command("enrol", "Issue certificates for requests", enrol_devices);
  auto* source = enrol->add_option_group("source", "where the requests are")->require_option(1);
  source->add_option("--requests", out.requests, "Folder of PEM requests");
  source->add_option("--tar", out.tar, "The same as a tar archive; -: standard input");
  enrol->add_option("--out", out.out, "Folder for the certificates")->required();
  add_days(enrol, "Validity of the certificates", 3650);
  enrol->add_option("--batch", out.batch, "Requests that become durable together")
      ->check(CLI::Range(std::size_t{1}, kRequestsPerCall))
      ->capture_default_str();

  enrol->add_option("--jobs", out.jobs, "Batches on their way at the same time")
      ->check(CLI::Range(1u, 16u))
      ->capture_default_str();

  CLI::App* revoke = command("revoke", "Revoke certificates", revoke_certificates);
  auto* which = revoke->add_option_group("which", "the certificates")->require_option(1, 0);
  which->add_option("--serial", out.serials, "Serial number, hexadecimal");
  which->add_option("--subject", out.subjects, "Subject, as show --list prints it");
  which->add_option("--certificate", out.certificates, "Certificate file");
  std::vector<std::string> reasons;
  for (const NamedReason& reason : kReasons) reasons.emplace_back(reason.name);
  revoke->add_option("--reason", out.reason, "Why")->check(CLI::IsMember(reasons))->capture_default_str();

  CLI::App* crl = command("crl", "Write a certificate revocation list", write_revocation_list);
  crl->add_option("--out", out.out, "File (default: standard output)");
  add_days(crl, "When the next list is due", 30);
  CLI::App* ca = command("ca", "Write the CA's certificate", write_ca_certificate);
  ca->add_option("--out", out.out, "File (default: standard output)");
  CLI::App* show = command("show", "Say what this CA is and has done", show_ca);
  show->add_flag("--list", out.list, "List all certificates");
  for (CLI::App* waiting : {enrol, show}) {
    waiting->add_flag("--wait", out.wait, "Then keep the enclave running until standard input ends");
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error) == 0 ? 0 : 2;
    return nullptr;
  }
  return run;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  int exit_status = 0;
  const Command run = parse(argc, argv, arguments, exit_status);
  if (!run) return exit_status;
  const auto done = run(arguments);
  if (done) return *done;
  std::cerr << "device_ca: " << done.error().message << '\n';
  return adyton::exit_status_of(done.error().code);
}
