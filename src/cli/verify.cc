// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/color.h>
#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "attest/development.h"
#include "attest/nonce.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/files.h"
#include "image/image.h"

namespace adyton {
namespace {

struct Options {
  std::string evidence, trust_root, nonce, image, signer;
  bool allow_debug = false, json = false;
};

// What a relying party asked for and what it found.
struct Clause {
  std::string name, wanted, found;
  bool holds = false;
};

Result<std::vector<Clause>> appraise(const DevelopmentClaims& claims, const Options& options) {
  std::vector<Clause> out;
  const auto add = [&](std::string name, std::string wanted, std::string found) {
    const bool holds = wanted == found;
    out.push_back({std::move(name), std::move(wanted), std::move(found), holds});
  };
  if (!options.nonce.empty()) {
    const Bytes nonce = TRY(parse_hex(options.nonce).within("--nonce"));
    add("report data", to_hex(report_data_of_nonce(nonce)), to_hex(claims.report_data));
  }
  if (!options.signer.empty()) add("signer", options.signer, to_hex(claims.identity.signer));
  if (!options.image.empty()) {
    const VerifiedImage image = TRY(verify_image(TRY(Image::load(options.image))).within(options.image));
    add("image", to_hex(image.identity().image), to_hex(claims.identity.image));
  }
  if (!options.allow_debug) add("debug", "false", claims.identity.debug ? "true" : "false");
  return out;
}

nlohmann::ordered_json to_json(const DevelopmentClaims& claims, const std::vector<Clause>& clauses, bool accepted) {
  nlohmann::ordered_json out{{"genuine", true},
                             {"accepted", accepted},
                             {"platform", "adyton-development"},
                             {"backend", claims.backend},
                             {"image", to_hex(claims.identity.image)},
                             {"signer", to_hex(claims.identity.signer)},
                             {"name", claims.identity.name},
                             {"product", claims.identity.product},
                             {"svn", claims.identity.svn},
                             {"debug", claims.identity.debug},
                             {"report_data", to_hex(claims.report_data)},
                             {"clauses", nlohmann::ordered_json::array()}};
  for (const Clause& c : clauses) {
    out["clauses"].push_back({{"name", c.name}, {"wanted", c.wanted}, {"found", c.found}, {"holds", c.holds}});
  }
  return out;
}

void print(const DevelopmentClaims& claims, const std::vector<Clause>& clauses, bool accepted) {
  const bool colours = ::isatty(STDOUT_FILENO) != 0;
  fmt::text_style style;
  if (colours) style = fmt::emphasis::bold | fg(accepted ? fmt::terminal_color::green : fmt::terminal_color::red);
  fmt::print(style, "{}", accepted ? "Genuine, and as wanted" : "Genuine, but not as wanted");
  fmt::print("  under a development root: it says nothing about hardware\n\n");
  const Identity& id = claims.identity;
  fmt::print("Enclave  {}  product {}, svn {}{}\nBack-end {}\nImage    {}\nSigner   {}\nReport   {}\n", id.name,
             id.product, id.svn, id.debug ? ", DEBUG" : "", claims.backend, to_hex(id.image), to_hex(id.signer),
             claims.report_data.empty() ? "none" : to_hex(claims.report_data));
  if (!clauses.empty()) fmt::print("\n");
  for (const Clause& c : clauses) {
    fmt::print("{}  {:<12} {}\n", c.holds ? "ok" : "NO", c.name, c.found);
    if (!c.holds) fmt::print("    {:<12} {} was wanted\n", "", c.wanted);
  }
}

Result<int> verify(const Options& options) {
  const Bytes bytes = TRY(load_file(options.evidence, 1u << 20));
  const DevelopmentEvidence evidence = TRY(parse_development_evidence(bytes).within(options.evidence));
  if (options.trust_root.empty()) {
    return unavailable(
        "{}: this is development evidence, signed by the root {:.16}...; nobody trusts such a root by default: name it "
        "with --trust-root if it is yours",
        options.evidence, to_hex(evidence.root_fingerprint()));
  }
  const PublicKey root =
      TRY(PublicKey::parse_pem(as_text(TRY(load_file(options.trust_root, 1u << 16)))).within(options.trust_root));
  const auto verified = TRY(verify_development_evidence(evidence, root).within(options.evidence));
  const std::vector<Clause> clauses = TRY(appraise(verified.claims(), options));
  const bool accepted = std::ranges::all_of(clauses, &Clause::holds);
  if (options.json) {
    fmt::print("{}\n", to_json(verified.claims(), clauses, accepted).dump(2));
  } else {
    print(verified.claims(), clauses, accepted);
  }
  return accepted ? 0 : exit_status_of(ErrorCode::kDenied);
}

}  // namespace

Run declare_verify(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("EVIDENCE", options->evidence, "a file of evidence; - for standard input")->required();
  app.add_option("--trust-root", options->trust_root,
                 "the development root to trust (PEM): dev-root.pem of who ran the enclave");
  app.add_option("--nonce", options->nonce, "the nonce that must have been answered, in hexadecimal");
  app.add_option("--image", options->image, "an image file: the evidence must be of it");
  app.add_option("--signer", options->signer, "the signer the enclave must have, as `adyton inspect` prints it");
  app.add_flag("--allow-debug", options->allow_debug, "accept an enclave whose memory can be read");
  app.add_flag("--json", options->json, "print JSON");
  return [options] { return verify(*options); };
}

}  // namespace adyton
