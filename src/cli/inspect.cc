// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/sgx_facts.h"
#include "image/image.h"

namespace adyton {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string image;
  bool json = false;
};

Json to_json(const VerifiedImage& verified, const std::optional<SgxFacts>& sgx) {
  const Manifest& m = verified.image().manifest();
  const auto methods = [](const std::vector<Method>& list) {
    Json out = Json::array();
    for (const Method& method : list) out.push_back({{"name", method.name}, {"structure", method.structure}});
    return out;
  };
  Json regions = Json::array();
  for (const Region& region : verified.image().plan().regions) {
    regions.push_back({{"address", region.address},
                       {"size", region.size},
                       {"file_bytes", region.bytes.size()},
                       {"permissions", fmt::format("{}{}{}", region.readable ? 'r' : '-', region.writable ? 'w' : '-',
                                                   region.executable ? 'x' : '-')}});
  }
  Json out = {{"image", to_hex(verified.identity().image)},
              {"signer", to_hex(verified.identity().signer)},
              {"name", m.name},
              {"product", m.product},
              {"svn", m.svn},
              {"debug", m.debug},
              {"threads", m.threads},
              {"memory",
               {{"heap_bytes", m.memory.heap_bytes},
                {"stack_bytes", m.memory.stack_bytes},
                {"require_secret", m.memory.require_secret}}},
              {"calls", methods(m.calls)},
              {"host_calls", methods(m.host_calls)},
              {"permissions",
               {{"read", m.files.read},
                {"write", m.files.write},
                {"connect", m.network.connect},
                {"listen", m.network.listen},
                {"environment", m.environment}}},
              {"regions", regions}};
  if (sgx) out["sgx"] = sgx->to_json();
  return out;
}

void print(const VerifiedImage& verified, const std::optional<SgxFacts>& sgx) {
  const Manifest& m = verified.image().manifest();
  fmt::print("{}  product {}, svn {}{}\n\n", m.name, m.product, m.svn,
             m.debug ? "  DEBUG: its memory can be read" : "");
  fmt::print("Image    {}\nSigner   {}   signature good\n\n", to_hex(verified.identity().image),
             to_hex(verified.identity().signer));
  fmt::print("Memory   heap {} MiB, stacks {} KiB, {} threads{}\n", m.memory.heap_bytes >> 20,
             m.memory.stack_bytes >> 10, m.threads, m.memory.require_secret ? ", only where root cannot read it" : "");
  const auto list = [](std::string_view title, const auto& values, std::string_view none) {
    if (values.empty()) {
      fmt::print("{:<8} {}\n", title, none);
      return;
    }
    for (std::size_t i = 0; i < values.size(); ++i) fmt::print("{:<8} {}\n", i == 0 ? title : "", values[i]);
  };
  const auto methods = [](const std::vector<Method>& all) {
    std::vector<std::string> out;
    for (const Method& method : all) out.push_back(method.name + method.structure);
    return out;
  };
  list("Serves", methods(m.calls), "no calls: a program of its own, for adyton run");
  list("Calls", methods(m.host_calls), "nothing at its host");
  fmt::print("\nBeyond its own memory it may use\n");
  list("  read", m.files.read, "no files");
  list("  write", m.files.write, "no files");
  list("  connect", m.network.connect, "no TCP ports");
  list("  listen", m.network.listen, "no TCP ports");
  list("  env", m.environment, "no environment variables");
  if (sgx) fmt::print("\n{}", sgx->to_text());
}

Result<int> inspect(const Options& options) {
  const VerifiedImage image = TRY(verify_image(TRY(Image::load(options.image))).within(options.image));
  const std::optional<SgxFacts> sgx = TRY(sgx_facts(image.image()).within(options.image));
  if (options.json) {
    fmt::print("{}\n", to_json(image, sgx).dump(2));
  } else {
    print(image, sgx);
  }
  return 0;
}

}  // namespace

Run declare_inspect(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("IMAGE", options->image, "an enclave image")->required();
  app.add_flag("--json", options->json, "print JSON");
  return [options] { return inspect(*options); };
}

}  // namespace adyton
