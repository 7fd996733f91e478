// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/probe.h"

#include "base/error.h"
#include "platform/sgx_device/processor.h"
#include "platform/sgx_device/refusals.h"
#include "platform/sgx_device/vdso.h"

namespace adyton::sgx {
namespace {

using State = BackendCheck::State;

BackendCheck found(std::string name, std::string detail) {
  return {.name = std::move(name), .state = State::kOk, .detail = std::move(detail), .remedy = ""};
}

BackendCheck lacking(std::string name, State state, std::string detail, std::string_view remedy) {
  return {.name = std::move(name), .state = state, .detail = std::move(detail), .remedy = std::string(remedy)};
}

std::string_view yes_or_no(bool value) { return value ? "yes" : "no"; }

void check_processor(const ProcessorSupport& processor, std::vector<BackendCheck>& out) {
  constexpr std::string_view kFirmware =
      "turn SGX on in the firmware (\"enabled\", not \"software controlled\"), with memory set aside for it (PRMRR); "
      "in a "
      "virtual machine its host has to pass SGX on";
  if (!processor.sgx) {
    out.push_back(lacking("SGX", State::kMissing, "this processor has none",
                          "use a Xeon that has it (from the third Scalable generation on), or --on sgx-emulated"));
    return;
  }
  if (!processor.sgx1) {
    out.push_back(lacking("SGX", State::kMissing, "the processor has it, and it is off", kFirmware));
    return;
  }
  out.push_back(found("SGX", fmt::format("enclaves of up to {} GiB", processor.largest_bytes >> 30)));
  if (processor.sgx2) {
    out.push_back(found("SGX2", "pages of a running enclave can change, and rdtsc is allowed"));
  } else {
    out.push_back(lacking("SGX2", State::kDegraded, "SGX1: pages of a running enclave cannot change, and rdtsc traps",
                          "none on this processor"));
  }
  if (processor.launch_control) {
    out.push_back(found("launch control", "flexible: any signer's enclaves start"));
  } else {
    out.push_back(lacking("launch control", State::kMissing, "not flexible: Linux then offers no /dev/sgx_enclave",
                          "unlock SGX launch control in the firmware; processors before 2018 have none"));
  }
  if (processor.memory_bytes == 0) {
    out.push_back(lacking("enclave memory", State::kMissing, "none is set aside", kFirmware));
  } else {
    out.push_back(found("enclave memory", fmt::format("{} MiB", processor.memory_bytes >> 20)));
  }
  out.push_back(found("enclave abilities",
                      fmt::format("XFRM {:#x}, key separation {}, AEX-Notify {}, faults tell their address {}",
                                  processor.xfrm, yes_or_no((processor.attributes & SgxAttributes::kKss) != 0),
                                  yes_or_no((processor.attributes & SgxAttributes::kAexNotify) != 0),
                                  yes_or_no((processor.misc_select & 1) != 0))));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

BackendCheck check_enclave_device(Kernel& kernel, const std::string& path) {
  const int fd = kernel.open(path);
  if (fd < 0) return lacking(path, State::kMissing, "not usable", describe_refusal(DeviceStep::kOpen, -fd).message);
  kernel.close(fd);
  if (kernel.forbids_executing(folder_of(path))) {
    return lacking(path, State::kMissing, "opened, but its file system forbids executing",
                   "remount it (mount -o remount,exec /dev), or in a service set ExecPaths=/dev");
  }
  return found(path, "opened; Linux " + kernel.release());
}

BackendCheck check_provision_device(Kernel& kernel, const std::string& path) {
  const int fd = kernel.open(path);
  if (fd >= 0) {
    kernel.close(fd);
    return found(path, "opened");
  }
  return lacking(
      path, State::kDegraded, errno_text(-fd) + ": enclaves that want the provisioning key do not start",
      "only quoting enclaves in this process want it: add this user to the device's group (usually sgx_prv), "
      "or let the AESM service make quotes");
}

BackendCheck check_vdso(Kernel& kernel) {
  const auto function = find_vdso_function(kernel.vdso().bytes, kEnterEnclave);
  if (function) return found("vDSO", std::string(kEnterEnclave));
  return lacking("vDSO", State::kMissing, function.error().message,
                 "use a kernel with CONFIG_X86_SGX (Linux 5.11 or newer), without vdso=0 on its command line");
}

BackendCheck check_quotes(const HardwareQuoteOptions& options) {
  if (make_aesm_quotes(options)) return found("quotes", "the AESM service at " + options.socket);
  const auto library = make_dcap_quotes(options);
  if (library) return found("quotes", "Intel's quoting library, " + options.library);
  return lacking("quotes", State::kDegraded,
                 "neither the AESM service nor Intel's quoting library: no remote attestation",
                 "install sgx-aesm-service with libsgx-aesm-quote-ex-plugin, or libsgx-dcap-ql, from Intel's package "
                 "repository");
}

}  // namespace

std::vector<BackendCheck> probe_device(Kernel& kernel, const SgxDeviceOptions& options) {
  std::vector<BackendCheck> out;
  const ProcessorSupport processor = read_processor_support(kernel);
  check_processor(processor, out);
  out.push_back(check_enclave_device(kernel, options.enclave_path));
  out.push_back(check_vdso(kernel));
  if (!processor.sgx) return out;  // the rest is of no use
  out.push_back(check_provision_device(kernel, options.provision_path));
  out.push_back(check_quotes(options.quotes));
  return out;
}

}  // namespace adyton::sgx
