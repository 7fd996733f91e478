// SPDX-License-Identifier: Apache-2.0
// `c_api_make_evidence FOLDER`: evidence and all that belongs to it, good and altered, as files for c_api_test.py.
#include <filesystem>
#include <fstream>

#include "attest/development.h"
#include "testing/fake_intel.h"

namespace adyton {
namespace {

struct Folder {
  std::filesystem::path path;

  void save(std::string_view name, std::string_view text) const {
    std::ofstream(path / name, std::ios::binary) << text;
  }
  void save(std::string_view name, BytesView bytes) const { save(name, as_text(bytes)); }
  // `bytes`, and beside them as "NAME.altered" with one bit flipped at `position`.
  void save_both(const std::string& name, Bytes bytes, std::size_t position) const {
    save(name, bytes);
    bytes[position] ^= std::byte{1};
    save(name + ".altered", bytes);
  }
};

void save_development(const Folder& folder) {
  DevelopmentClaims claims;
  claims.backend = "process";
  claims.identity.name = "vault";
  claims.identity.image.fill(std::byte{0x1a});
  claims.identity.signer.fill(std::byte{0x51});
  claims.report_data = to_bytes("a nonce that was never used before");
  const PrivateKey root = PrivateKey::generate(KeyKind::kP384).value();
  const Bytes evidence = make_development_evidence(claims, root).value();
  folder.save_both("development", evidence, evidence.size() - 1);  // of the signature
  folder.save("development.root", root.public_key().pem());
  folder.save("development.report_data", claims.report_data);
  folder.save("policy", "[expect]\nmeasurement = \"" + to_hex(claims.identity.image) + "\"\n");
  folder.save("policy.other", "[expect]\nmeasurement = \"" + std::string(96, '0') + "\"\n");
  folder.save("policy.broken", "[expect]\nmeasurment = \"00\"\n");
}

void save_quote(const Folder& folder) {
  testing::FakeIntel intel;
  const Bytes quote = intel.quote();
  folder.save_both("quote", quote, 48 + 64);  // header; MRENCLAVE
  folder.save("quote.root", intel.root.certificate().der());
  const Collateral collateral = intel.collateral();
  folder.save("quote.signer", collateral.certificates().at(0).der());
  folder.save("quote.list0", collateral.lists().at(0).der());
  folder.save("quote.list1", collateral.lists().at(1).der());
  folder.save("quote.tcb", intel.answer(intel.tcb_info(false)));
  folder.save("quote.identity", intel.answer(intel.identity(false)));
  folder.save("now", std::to_string(testing::kFakeNow));
}

}  // namespace
}  // namespace adyton

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const adyton::Folder folder{argv[1]};
  adyton::save_development(folder);
  adyton::save_quote(folder);
  folder.save("garbage", std::string(1000, '\xa7'));
  folder.save("empty", "");
}
