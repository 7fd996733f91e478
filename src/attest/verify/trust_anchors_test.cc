// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/trust_anchors.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <gtest/gtest.h>

#include "attest/verify/vendor_roots.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

TEST(TrustAnchors, UsesHaveNames) {
  std::set<std::string_view> names;
  for (const AnchorUse use : kAllAnchorUses) {
    EXPECT_TRUE(names.insert(name_of(use)).second) << name_of(use);
    EXPECT_EQ(parse_anchor_use(name_of(use)).value(), use);
  }
  for (const std::string_view wrong : {"", "unknown", "intel", "INTEL-SGX", "amd "}) {
    EXPECT_TRUE(parse_anchor_use(wrong).error().message.contains("microsoft-token")) << wrong;
  }
}

TEST(TrustAnchors, AreAuthoritiesThatSignedThemselves) {
  const TrustAnchors& vendors = TrustAnchors::vendors();
  ASSERT_EQ(vendors.certificates.size(), vendor_roots().size());
  EXPECT_TRUE(vendors.keys.empty() && vendors.secrets.empty() && vendors.issuers.empty());
  for (const TrustAnchors::Anchor& anchor : vendors.certificates) {
    const Certificate& root = anchor.certificate;
    EXPECT_TRUE(root.self_issued());
    EXPECT_TRUE(root.verify_signature(root.key())) << root.subject().text;
    EXPECT_TRUE(root.basic_constraints() && root.basic_constraints()->ca) << root.subject().text;
    EXPECT_TRUE(root.may(KeyUsage::kKeyCertSign)) << root.subject().text;
    EXPECT_TRUE(root.unknown_critical().empty()) << root.subject().text;
    EXPECT_TRUE(vendors.has(anchor.use, root));
    EXPECT_FALSE(vendors.has(AnchorUse::kHygon, root));
  }
  EXPECT_EQ(&vendors, &TrustAnchors::vendors());
}

// The table of docs/evidence/roots.md says exactly what is built in.
TEST(TrustAnchors, AreWhatTheDocumentationSays) {
  namespace fs = std::filesystem;
  fs::path page;
  for (fs::path folder = fs::current_path(); folder.has_relative_path() && page.empty();
       folder = folder.parent_path()) {
    if (fs::exists(folder / "docs/evidence/roots.md")) page = folder / "docs/evidence/roots.md";
  }
  if (page.empty()) GTEST_SKIP() << "the documentation is not here";
  std::ifstream file(page);
  std::set<std::string> documented, kinds;
  bool in_kinds = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) in_kinds = line == "## Kinds of roots";
    if (!line.starts_with("| `")) continue;
    if (in_kinds) {
      kinds.insert(line.substr(3, line.find('`', 3) - 3));
    } else {
      documented.insert(line);
    }
  }
  EXPECT_EQ(kinds.size(), std::size(kAllAnchorUses));
  for (const AnchorUse use : kAllAnchorUses) EXPECT_TRUE(kinds.contains(std::string(name_of(use)))) << name_of(use);
  std::set<std::string> built_in;
  for (const auto& [use, root] : TrustAnchors::vendors().certificates) {
    std::string key(name_of(root.key().type()));
    if (root.key().type() == KeyType::kRsa) key += ' ' + std::to_string(root.key().bits());
    const std::chrono::year_month_day end(
        std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(root.not_after()))));
    const auto two = [](unsigned value) { return (value < 10 ? "0" : "") + std::to_string(value); };
    const std::string until = std::to_string(static_cast<int>(end.year())) + '-' +
                              two(static_cast<unsigned>(end.month())) + '-' + two(static_cast<unsigned>(end.day()));
    built_in.insert("| `" + std::string(name_of(use)) + "` | " + root.subject().text + " | " + key + " | " + until +
                    " | `" + to_hex(sha256(root.der())) + "` |");
  }
  EXPECT_EQ(documented, built_in);
}

}  // namespace
}  // namespace adyton
