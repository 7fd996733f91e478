// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/sgx_facts.h"

namespace adyton {
namespace {

struct Options {
  std::string image, keep;
  bool json = false;
};

Result<int> measure(const Options& options) {
  const VerifiedImage verified = TRY(verify_image(TRY(Image::load(options.image))).within(options.image));
  const Bytes keep = options.keep.empty() ? Bytes{} : TRY(load_file(options.keep));
  const std::optional<SgxFacts> sgx = TRY(sgx_facts(verified.image(), keep).within(options.image));
  const std::string image = to_hex(verified.identity().image), signer = to_hex(verified.identity().signer);
  if (options.json) {
    nlohmann::ordered_json out = {{"image", image}, {"signer", signer}};
    if (sgx) {
      out["sgx"] = {{"mrenclave", to_hex(sgx->measurement)}};
      if (sgx->sigstruct) out["sgx"]["mrsigner"] = to_hex(sgx->sigstruct->signer);
    }
    fmt::print("{}\n", out.dump(2));
    return 0;
  }
  fmt::print("Image      {}\nSigner     {}\n", image, signer);
  if (!sgx) {
    fmt::print("SGX        no keep kernel in the image: sign it again without --no-sgx, or adyton measure --keep\n");
    return 0;
  }
  fmt::print("MRENCLAVE  {}\n", to_hex(sgx->measurement));
  fmt::print("MRSIGNER   {}\n", sgx->sigstruct ? to_hex(sgx->sigstruct->signer) : "not signed for SGX");
  return 0;
}

}  // namespace

Run declare_measure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("IMAGE", options->image, "an enclave image")->required();
  app.add_option("--keep", options->keep, "for SGX: measure over this keep kernel instead of the image's own");
  app.add_flag("--json", options->json, "print JSON");
  return [options] { return measure(*options); };
}

}  // namespace adyton
