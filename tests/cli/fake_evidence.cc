// SPDX-License-Identifier: Apache-2.0
// `fake_evidence FOLDER`: writes quotes of a platform that never was, and all that they are verified with: as files,
// and as a caching service (PCCS) would answer.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "testing/fake_intel.h"

namespace {

using namespace adyton;
namespace fs = std::filesystem;
using testing::FakeIntel;

constexpr const char* kRootList = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";
constexpr const char* kPckList = "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=platform";

void save(const fs::path& path, BytesView bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << as_text(bytes);
}

// As Intel writes chains into headers.
std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
    out += plain ? std::string(1, c) : "%" + to_hex(as_bytes(std::string_view(&c, 1)));
  }
  return out;
}

void save_all(const fs::path& folder) {
  FakeIntel intel;
  const testing::FakeOptions authority{.key_slot = 30, .crl_urls = {kRootList}};
  intel.pck_ca = intel.root.issue_ca("CN=Intel SGX PCK Platform CA,O=Intel Corporation", authority);
  const testing::FakeIdentity pck = intel.issue_pck({.crl_urls = {kPckList}});
  const auto debug = [](std::span<std::byte> report) { report[48] |= std::byte{2}; };
  save(folder / "root.pem", as_bytes(to_pem("CERTIFICATE", intel.root.certificate().der())));
  save(folder / "sgx.quote", intel.quote({.pck = pck}));
  save(folder / "debug.quote", intel.quote({.report = debug, .pck = pck}));
  save(folder / "tdx.quote", intel.quote({.version = 4, .tdx = true, .pck = pck}));

  TcbInfo old = intel.tcb_info(false);
  old.levels[0].status = TcbStatus::kOutOfDate;
  old.levels[0].advisories = {"INTEL-SA-00001"};
  const Bytes tcb = to_bytes(intel.answer(intel.tcb_info(false))),
              identity = to_bytes(intel.answer(intel.identity(false)));
  const Bytes root_list = to_bytes(intel.root.revoke({}).der()), pck_list = to_bytes(intel.pck_ca.revoke({}).der());
  const std::string chain =
      to_pem("CERTIFICATE", intel.tcb_signer.certificate.der()) + to_pem("CERTIFICATE", intel.root.certificate().der());
  for (const char* name : {"collateral", "old"}) {
    save(folder / name / "root.crl", root_list);
    save(folder / name / "pck.crl", pck_list);
    save(folder / name / "identity.json", identity);
    save(folder / name / "tcb-signer.pem", as_bytes(chain));
    save(folder / name / "tcb-info.json", name == std::string("old") ? as_bytes(intel.answer(old)) : BytesView(tcb));
  }
  save(folder / "pccs" / "tcb", tcb);
  save(folder / "pccs" / "identity", identity);
  save(folder / "pccs" / "pckcrl", pck_list);
  save(folder / "pccs" / "rootcacrl", as_bytes(to_hex(root_list)));
  save(folder / "pccs" / "chain", as_bytes(url_encoded(chain)));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  save_all(argv[1]);
  return 0;
}
