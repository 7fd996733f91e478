// SPDX-License-Identifier: Apache-2.0
// The double itself: requests that no device of ours makes are refused as Linux refuses them. And enter.S alone.
#include <asm/sgx.h>
#include <sys/mman.h>

#include <bit>
#include <cerrno>
#include <cfenv>

#include "device_test.h"
#include "platform/sgx_device/vdso.h"

extern "C" int adyton_check_preserved(std::uint64_t function, adyton::SgxRegisters* registers, std::uint32_t leaf,
                                      sgx_enclave_run* run);

namespace adyton::sgx {
namespace {

class SgxKernelDouble : public testing::Test {
 protected:
  static constexpr std::uint64_t kSize = 1 << 16;
  struct alignas(4096) Page {
    std::array<std::byte, 4096> bytes{};
  };
  template <class T>
  static std::uint64_t address(T& of) {
    return std::bit_cast<std::uint64_t>(&of);
  }

  void SetUp() override {
    const auto start = static_cast<std::uint64_t>(
        kernel.map(0, 2 * kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1));
    base = (start + kSize - 1) / kSize * kSize;
    store_le<std::uint64_t>(secs.bytes, 0, kSize);
    store_le<std::uint64_t>(secs.bytes, 8, base);
    store_le<std::uint32_t>(secs.bytes, 16, 1);
    store_le<std::uint64_t>(secs.bytes, 48, SgxAttributes::kMode64);
    store_le<std::uint64_t>(secs.bytes, 56, 3);
    store_le<std::uint64_t>(secinfo.bytes, 0, 0x201);
  }
  int create() {
    sgx_enclave_create request{.src = address(secs)};
    return kernel.ioctl(fd, SGX_IOC_ENCLAVE_CREATE, &request);
  }
  int add(sgx_enclave_add_pages request) { return kernel.ioctl(fd, SGX_IOC_ENCLAVE_ADD_PAGES, &request); }
  sgx_enclave_add_pages one_page() {
    return {.src = address(page), .offset = 0, .length = 4096, .secinfo = address(secinfo), .flags = 0, .count = 0};
  }

  FakeKernel kernel;
  int fd = kernel.open("/dev/sgx_enclave");
  std::uint64_t base = 0;
  Page secs, page;
  struct alignas(64) Secinfo {
    std::array<std::byte, 64> bytes{};
  } secinfo;
};

TEST_F(SgxKernelDouble, RefusesAControlStructureAsEcreateDoes) {
  const auto refused_with = [&](std::size_t offset, std::uint64_t value) {
    const Page good = secs;
    store_le(secs.bytes, offset, value);
    const int result = create();
    secs = good;
    return result;
  };
  EXPECT_EQ(refused_with(0, kSize + 4096), -EINVAL);
  EXPECT_EQ(refused_with(8, base + 4096), -EIO);
  EXPECT_EQ(refused_with(8, base + (1ull << 46)), -EIO);
  EXPECT_EQ(refused_with(16, 0), -EIO);  // no state save area
  for (const std::size_t reserved : {24u, 40u, 64u, 128u, 4088u}) EXPECT_EQ(refused_with(reserved, 1), -EIO);
  EXPECT_EQ(refused_with(48, 1 << 3), -EIO);       // a reserved attribute
  EXPECT_EQ(refused_with(56, 1 << 30 | 3), -EIO);  // XFRM
  sgx_enclave_create nowhere{.src = 0x1000};
  EXPECT_EQ(kernel.ioctl(fd, SGX_IOC_ENCLAVE_CREATE, &nowhere), -EFAULT);
  EXPECT_EQ(create(), 0);
  EXPECT_EQ(create(), -EINVAL);
}

TEST_F(SgxKernelDouble, RefusesPagesOutOfOrderOrForm) {
  EXPECT_EQ(add(one_page()), -EINVAL);  // before CREATE
  ASSERT_EQ(create(), 0);
  const auto with = [&](auto change) {
    sgx_enclave_add_pages request = one_page();
    change(request);
    return add(request);
  };
  EXPECT_EQ(with([](auto& request) { request.src += 1; }), -EINVAL);
  EXPECT_EQ(with([](auto& request) { request.offset += 1; }), -EINVAL);
  EXPECT_EQ(with([](auto& request) { request.length = 0; }), -EINVAL);
  EXPECT_EQ(with([](auto& request) { request.length = 100; }), -EINVAL);
  EXPECT_EQ(with([](auto& request) { request.offset = kSize; }), -EINVAL);
  EXPECT_EQ(with([](auto& request) { request.offset = ~std::uint64_t{4095}; }), -EINVAL);
  EXPECT_EQ(with([](auto& request) { request.length = kSize + 4096; }), -EINVAL);
  EXPECT_EQ(with([](auto& request) { request.secinfo = 0x1000; }), -EFAULT);
  EXPECT_EQ(with([](auto& request) { request.src = 0x1000; }), -EFAULT);
  const auto secinfo_with = [&](std::size_t offset, std::uint64_t value) {
    const Secinfo good = secinfo;
    store_le(secinfo.bytes, offset, value);
    const int result = add(one_page());
    secinfo = good;
    return result;
  };
  EXPECT_EQ(secinfo_with(0, 0x202), -EINVAL);  // W without R
  EXPECT_EQ(secinfo_with(0, 0x101), -EINVAL);  // a TCS with permissions
  EXPECT_EQ(secinfo_with(0, 0x001), -EINVAL);  // a SECS
  EXPECT_EQ(secinfo_with(0, 0x401), -EINVAL);  // trimmed
  EXPECT_EQ(secinfo_with(0, 0x209), -EINVAL);  // pending
  EXPECT_EQ(secinfo_with(56, 1), -EINVAL);
  EXPECT_EQ(add(one_page()), 0);
  EXPECT_EQ(add(one_page()), -EBUSY);
  EXPECT_EQ(kernel.ioctl(fd + 1, SGX_IOC_ENCLAVE_ADD_PAGES, nullptr), -EBADF);
  EXPECT_EQ(kernel.ioctl(fd, SGX_IOC_VEPC_REMOVE_ALL, nullptr), -ENOTTY);
}

TEST_F(SgxKernelDouble, MapsNoMoreThanPagesWereAddedWith) {
  ASSERT_EQ(create(), 0);
  ASSERT_EQ(add(one_page()), 0);  // readable
  const auto map = [&](int protection, int flags, std::uint64_t offset = 0) {
    return kernel.map(base + offset, 4096, protection, flags, fd);
  };
  EXPECT_EQ(map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED), -EACCES);
  EXPECT_EQ(map(PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED), -EACCES);
  EXPECT_EQ(map(PROT_READ, MAP_PRIVATE | MAP_FIXED), -EINVAL);
  EXPECT_EQ(map(PROT_READ, MAP_SHARED | MAP_FIXED, 2 * kSize), -EINVAL);  // not reserved
  EXPECT_EQ(map(PROT_READ, MAP_SHARED | MAP_FIXED), static_cast<std::int64_t>(base));
  EXPECT_EQ(kernel.mapped_as(base), "r--");
  const int provision = kernel.open("/dev/sgx_provision");
  EXPECT_EQ(kernel.map(base, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, provision), -ENODEV);
  kernel.close(provision);
}

TEST_F(SgxKernelDouble, TakesOnlyTheProvisioningDeviceForOne) {
  const auto give = [&](int what) {
    sgx_enclave_provision request{.fd = static_cast<std::uint64_t>(what)};
    return kernel.ioctl(fd, SGX_IOC_ENCLAVE_PROVISION, &request);
  };
  EXPECT_EQ(give(fd), -EINVAL);
  EXPECT_EQ(give(0), -EINVAL);
  const int provision = kernel.open("/dev/sgx_provision");
  EXPECT_EQ(give(provision), 0);
  EXPECT_EQ(kernel.ioctl(provision, SGX_IOC_ENCLAVE_CREATE, nullptr), -ENOTTY);
  kernel.close(provision);
  EXPECT_EQ(give(provision), -EINVAL);
}

TEST_F(SgxKernelDouble, ChangesNoPagesBeforeInitNorWithAnswersFilledIn) {
  ASSERT_EQ(create(), 0);
  sgx_enclave_remove_pages remove{.offset = 0, .length = 4096, .count = 0};
  EXPECT_EQ(kernel.ioctl(fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &remove), -EINVAL);
  kernel.options.abilities.eax = 1;
  EXPECT_EQ(kernel.ioctl(fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &remove), -ENODEV);
  kernel.options.edmm = false;
  EXPECT_EQ(kernel.ioctl(fd, SGX_IOC_ENCLAVE_REMOVE_PAGES, &remove), -ENOTTY);
}

using SgxDeviceEnter = SgxDeviceTest;

TEST_F(SgxDeviceEnter, KeepsWhatACallerReliesOn) {
  const std::uint64_t function =
      kernel->vdso().address + find_vdso_function(kernel->vdso().bytes, kEnterEnclave).value();
  sgx_enclave_run run{};
  run.tcs = 0x1000;  // no enclave's: #PF, and the double leaves its values all the same
  SgxRegisters registers{};
  EXPECT_EQ(adyton_check_preserved(function, &registers, 2, &run), 0);
  EXPECT_EQ(run.function, 2u);
  EXPECT_EQ(run.exception_vector, 14u);
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
  // Each time the double leaves a value in the x87 stack of eight.
  for (int i = 0; i < 10; ++i) adyton_check_preserved(function, &registers, 2, &run);
  const volatile long double two = 2;
  EXPECT_EQ(static_cast<int>(two * two), 4);
  EXPECT_EQ(adyton_check_preserved(function, &registers, 4, &run), std::bit_cast<int>(0x80000000u));
  run.reserved[215] = 1;
  EXPECT_EQ(adyton_check_preserved(function, &registers, 2, &run), std::bit_cast<int>(0x80000000u));
}

TEST_F(SgxDeviceEnter, ADescriptorThatIsGoneIsAnError) {
  const SgxPlan plan = TestPlan::make();
  enclave = *device->create(plan);
  kernel->close(100'000);
  expect_error(enclave->add(plan.pages[0]), ErrorCode::kIo, {"SGX_IOC_ENCLAVE_ADD_PAGES", "Bad file descriptor"});
  expect_error(enclave->initialise(TestPlan::sign(plan)), ErrorCode::kIo, {"SGX_IOC_ENCLAVE_INIT"});
}

}  // namespace
}  // namespace adyton::sgx
