// SPDX-License-Identifier: Apache-2.0
// Intel's quoting library by its C interface (sgx_dcap_ql_wrapper.h of SGX Data Center Attestation Primitives), of
// which three functions are taken.
#include <dlfcn.h>

#include <array>
#include <mutex>
#include <string_view>

#include "base/error.h"
#include "platform/sgx_device/hardware_quotes.h"
#include "platform/sgx_device/quote_bytes.h"
#include "platform/sgx_device/quote_refusals.h"
#include "platform/sgx_emulator/structures.h"

namespace adyton {
namespace {

// quote3_error_t. All others are told by number.
constexpr sgx::NumberedRefusal kRefusals[] = {
    {0xe003, ErrorCode::kExhausted, "no memory left"},
    {0xe006, ErrorCode::kIo, "it cannot read or write its attestation key's file: look at its folder's permissions"},
    {0xe00d, ErrorCode::kUnavailable,
     "it cannot load the quoting enclave: install libsgx-ae-qe3 and libsgx-ae-id-enclave"},
    {0xe00e, ErrorCode::kUnavailable, sgx::quoting::kNoFetcher},
    {0xe011, ErrorCode::kUnavailable, sgx::quoting::kNoCertificates},
    {0xe012, ErrorCode::kExhausted, sgx::quoting::kNoQuotingMemory},
    {0xe014, ErrorCode::kUnavailable, sgx::quoting::kQuotingEnclaveLost},
    {0xe015, ErrorCode::kInvalid, sgx::quoting::kForeignReport},
    {0xe016, ErrorCode::kUnavailable,
     "it cannot load its enclaves: open /dev/sgx_enclave and /dev/sgx_provision to this user (groups sgx, sgx_prv)"},
    {0xe019, ErrorCode::kUnavailable,
     "the certificate service does not answer: look at /etc/sgx_default_qcnl.conf and at the network"},
};

Error describe_quote_refusal(std::string_view function, std::uint32_t number) {
  if (const sgx::NumberedRefusal* refusal = sgx::find_refusal(kRefusals, number); refusal != nullptr)
    return make_error(refusal->code, "{}: {} ({:#06x})", function, refusal->text, number);
  return unavailable("{}: error {:#06x} of Intel's quoting library", function, number);
}

class DcapQuotes : public QuoteSource {
 public:
  using GetTargetInfo = std::uint32_t (*)(std::byte*);
  using GetQuoteSize = std::uint32_t (*)(std::uint32_t*);
  using GetQuote = std::uint32_t (*)(const std::byte*, std::uint32_t, std::byte*);

  // Errors: unavailable.
  Result<void> load(const std::string& library) {
    void* const handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const char* const why = ::dlerror();
      return unavailable(
          "Intel's quoting library does not load ({}): install libsgx-dcap-ql (and "
          "libsgx-dcap-default-qpl), from Intel's package repository",
          why == nullptr ? "no reason given" : why);
    }
    TRY(find(handle, "sgx_qe_get_target_info", get_target_info_));
    TRY(find(handle, "sgx_qe_get_quote_size", get_quote_size_));
    return find(handle, "sgx_qe_get_quote", get_quote_);
  }

  Result<Bytes> target_info() override {
    const std::scoped_lock lock(mutex_);
    Buffer<sgx::TargetInfo::kBytes> out;
    const std::uint32_t result = get_target_info_(out.bytes.data());
    if (result != 0) return describe_quote_refusal("sgx_qe_get_target_info", result);
    return to_bytes(out.bytes);
  }

  Result<Bytes> quote(BytesView report) override {
    TRY(sgx::check_report(report));
    const std::scoped_lock lock(mutex_);
    std::uint32_t size = 0;
    if (const std::uint32_t result = get_quote_size_(&size); result != 0)
      return describe_quote_refusal("sgx_qe_get_quote_size", result);
    if (size > sgx::kMaxQuoteBytes) return invalid("Intel's quoting library wants {} bytes for a quote", size);
    Buffer<sgx::kReportBytes> in;
    std::memcpy(in.bytes.data(), report.data(), report.size());
    Bytes out(size);
    if (const std::uint32_t result = get_quote_(in.bytes.data(), size, out.data()); result != 0)
      return describe_quote_refusal("sgx_qe_get_quote", result);
    return sgx::trim_quote(out);
  }

 private:
  template <std::size_t kBytes>
  struct alignas(512) Buffer {  // as EREPORT would want them
    std::array<std::byte, kBytes> bytes{};
  };

  template <class Function>
  static Result<void> find(void* handle, const char* name, Function& out) {
    // SAFETY: the functions' types are those that the library's header declares.
    out = reinterpret_cast<Function>(::dlsym(handle, name));
    if (out != nullptr) return {};
    return unavailable("Intel's quoting library has no {}: install a newer libsgx-dcap-ql", name);
  }

  std::mutex mutex_;
  GetTargetInfo get_target_info_ = nullptr;
  GetQuoteSize get_quote_size_ = nullptr;
  GetQuote get_quote_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<QuoteSource>> make_dcap_quotes(const HardwareQuoteOptions& options) {
  auto out = std::make_unique<DcapQuotes>();
  TRY(out->load(options.library));
  return out;
}

}  // namespace adyton
