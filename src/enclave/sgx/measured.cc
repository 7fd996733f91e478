// SPDX-License-Identifier: Apache-2.0
#include "enclave/sgx/measured.h"

#include <algorithm>

#include "attest/evidence/sgx_report.h"
#include "base/error.h"
#include "image/manifest.h"

namespace adyton {

Result<MeasuredEnclave> make_measured_enclave(const Digest384& image, BytesView manifest, BytesView report) {
  if (report.size() != sgx::kReportBytes) return internal("a report of {} bytes", report.size());
  const SgxReport body = TRY(parse_sgx_report(report.first(sgx::kReportBodyBytes)));
  const Manifest parsed = TRY(parse_manifest(manifest).within("the enclave's own manifest is malformed"));
  const auto refuse = [](std::string_view what, unsigned signed_as, unsigned manifest_says) {
    return denied("this enclave was signed with the {} {}, but its manifest says {}: sign it with adyton sign", what,
                  signed_as, manifest_says);
  };
  if (body.isv_product_id() != parsed.product) return refuse("product", body.isv_product_id(), parsed.product);
  if (body.isv_svn() != parsed.svn) return refuse("svn", body.isv_svn(), parsed.svn);
  if (body.debug() != parsed.debug) {
    return denied("this enclave runs as a {} enclave, but its manifest says {}: sign it with adyton sign",
                  body.debug() ? "debug" : "production", parsed.debug ? "debug" : "production");
  }
  MeasuredEnclave out{.manifest = to_bytes(manifest),
                      .identity = {.image = image,
                                   .name = parsed.name,
                                   .product = parsed.product,
                                   .svn = parsed.svn,
                                   .debug = parsed.debug},
                      .kss = (body.flags() & SgxAttributes::kKss) != 0,
                      .config_svn = body.config_svn()};
  std::ranges::copy(body.mr_signer(), out.identity.signer.begin());
  return out;
}

}  // namespace adyton
