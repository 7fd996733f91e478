// SPDX-License-Identifier: Apache-2.0
// SGX enclaves where there is no SGX, page by page: what a processor and the kernel's /dev/sgx_enclave do, for a
// program that lays out, signs and enters enclaves of its own. It isolates nothing: for tests and development.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>

// Semantics and names are those of Intel's SDM, volume 3D; what is emulated, what differs from a processor and what it
// does to the signals of the process is in docs/sgx-emulator.md. Enclave code runs natively in this process, which can
// read and write all of the enclave; so can the enclave all of the process.
namespace adyton::sgx_emulator {

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::size_t kSigstructBytes = 1808;

using Measurement = std::array<std::byte, 32>;  // MRENCLAVE or MRSIGNER

// SECS.ATTRIBUTES, bit by bit, and XFRM.
struct Attributes {
  static constexpr std::uint64_t kInit = 1 << 0, kDebug = 1 << 1, kMode64 = 1 << 2, kProvisionKey = 1 << 4,
                                 kEinitTokenKey = 1 << 5, kKss = 1 << 7;
  std::uint64_t flags = kMode64;
  std::uint64_t xfrm = 3;  // x87 and SSE, which there must be
};

// What ECREATE takes of SECS.
struct Secs {
  std::uint64_t size_bytes = 0;       // of the address range: a power of two, 8 KiB to 64 GiB
  std::uint32_t ssa_frame_pages = 1;  // SSAFRAMESIZE
  std::uint32_t misc_select = 0;      // MISCSELECT: 0, or 1 for EXINFO
  Attributes attributes{};
};

enum class PageType : std::uint8_t { kTcs = 1, kRegular = 2, kTrim = 4 };          // SECINFO.FLAGS.PAGE_TYPE
inline constexpr std::uint8_t kRead = 1 << 0, kWrite = 1 << 1, kExecute = 1 << 2;  // and R, W, X

// A run of pages that are alike, added one by one, ascending.
struct Pages {
  std::uint64_t offset = 0;  // from the enclave's base; a multiple of 4096
  std::uint64_t count = 1;
  PageType type = PageType::kRegular;  // or kTcs
  std::uint8_t permissions = 0;        // of a TCS: none
  bool extended = true;                // EEXTEND measures the content
  BytesView content{};                 // count * 4096 bytes, which are copied; or none: zeros
};

// MRENCLAVE of an enclave that has these pages, in this order; computed without a machine. Errors: invalid (pages that
// are not within the enclave, or content of another size).
Result<Measurement> measure(const Secs& secs, std::span<const Pages> pages);

// What is said about an enclave in its SIGSTRUCT. The masks say which bits EINIT compares: all, unless told otherwise.
struct SignedFields {
  std::uint32_t date = 0;  // as decimal digits in hexadecimal: 0x20261122
  std::uint32_t vendor = 0, software_defined = 0;
  std::uint32_t misc_select = 0, misc_mask = ~std::uint32_t{0};
  Attributes attributes{}, attribute_mask = {.flags = ~std::uint64_t{0}, .xfrm = ~std::uint64_t{0}};
  Measurement measurement{};
  std::array<std::byte, 16> family_id{}, extended_product_id{};  // with Attributes::kKss only
  std::uint16_t product = 0, svn = 0;                            // ISVPRODID, ISVSVN
};

// The 1808 bytes of a SIGSTRUCT, signed by this key: RSA-3072 with the exponent 3, as PEM (PKCS #8 or traditional,
// unencrypted). Errors: invalid (a key that SGX does not take, fields that do not go together).
Result<Bytes> sign(const SignedFields& fields, std::string_view key_pem);

// MRSIGNER of a SIGSTRUCT, once it is found to be one: constants, reserved bytes, signature, Q1 and Q2. Errors:
// invalid, untrusted.
Result<Measurement> signer_of(BytesView sigstruct);

// What stands in for the secrets burnt into a processor: machines with the same fuses give the same enclave the same
// keys. An encoding that make_fuses() and open_fuses() write and Machine::make() takes. Errors: internal (randomness);
// open_fuses(), which keeps them in a file of this folder and makes both on first use: denied, when somebody else could
// have read or written the file; invalid, when it is damaged; io.
Result<Secret> make_fuses();
Result<Secret> open_fuses(const std::filesystem::path& folder);

// The registers that __vdso_sgx_enter_enclave() passes in and that the enclave leaves at EEXIT. At the enclave's entry
// RAX, RBX and RCX are CSSA, the TCS and where EEXIT is to lead, as EENTER sets them.
struct Registers {
  std::uint64_t rdi = 0, rsi = 0, rdx = 0, r8 = 0, r9 = 0;
};

// How a thread has come out.
struct EntryEnd {
  enum class Reason : std::uint8_t {
    kExit,         // EEXIT: `registers` are as the enclave left them
    kException,    // an asynchronous exit by the exception below; enter() again to handle it, then resume()
    kInterrupted,  // an asynchronous exit that interrupt() asked for; resume()
  };
  Reason reason = Reason::kExit;
  std::uint16_t exception_vector = 0, exception_error_code = 0;
  std::uint64_t exception_address = 0;  // of a page fault: its page
  Registers registers{};
};

// An enclave under construction, then initialised; Machine::create() makes it. add() and initialise() by one thread,
// the others by any. Movable; destroying it removes its pages; no thread may be inside then. Offsets are from base().
class Enclave {
 public:
  Enclave(Enclave&&) noexcept;
  Enclave& operator=(Enclave&&) noexcept;
  ~Enclave();

  [[nodiscard]] std::uint64_t base() const;  // the address where it is mapped

  // EADD, and EEXTEND where `extended`, of each page. Errors: invalid (not within the enclave, there is one already, a
  // TCS or permissions that EADD refuses, content of another size, already initialised); io. What had been added of the
  // run by then stays.
  Result<void> add(const Pages& pages);

  // EINIT. Errors: invalid (not 1808 bytes; initialised already), after which it is as before; untrusted (with the name
  // that the SDM has for it: SGX_INVALID_MEASUREMENT, SGX_INVALID_SIGNATURE, ...) and denied (the provisioning key),
  // after which it is of no further use.
  Result<void> initialise(BytesView sigstruct);

  // EENTER on a TCS, or ERESUME of its last asynchronous exit, until EEXIT or what else EntryEnd has. Signals of the
  // host are handled and resumed without coming back. Any number of threads, each on a TCS of its own. Errors: invalid
  // (not initialised, no such TCS, it is busy, no frame left for its state or none to resume; from a handler of a
  // signal that came inside); unavailable (processor or kernel lack what the emulator needs, with the remedy);
  // exhausted (1,024 threads); io.
  Result<EntryEnd> enter(std::uint64_t tcs_offset, const Registers& registers);
  Result<EntryEnd> resume(std::uint64_t tcs_offset);

  // The thread that is inside by this TCS, if one is, comes out soon, and its enter() ends with kInterrupted. May miss
  // one that is just coming or going.
  void interrupt(std::uint64_t tcs_offset);

  // The host's side of SGX2, also while threads are inside; the enclave confirms by EACCEPT. Errors: invalid (not
  // initialised, no such pages, or not in the state that this takes); io.
  Result<void> augment(std::uint64_t offset, std::uint64_t count);  // EAUG: zero pages, kRead | kWrite
  // EMODPR: these permissions stay, if they are there.
  Result<void> restrict_permissions(std::uint64_t offset, std::uint64_t count, std::uint8_t permissions);
  Result<void> change_type(std::uint64_t offset, std::uint64_t count, PageType type);  // EMODT: to kTcs or kTrim
  Result<void> remove(std::uint64_t offset, std::uint64_t count);                      // EREMOVE of what is trimmed

 private:
  friend class Machine;
  struct Impl;
  explicit Enclave(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct MachineOptions {
  bool strict = false;                         // every ENCLU traps, which is as exact as it can be, and slower
  bool rdtsc_faults = false;                   // RDTSC inside is an invalid opcode, as with SGX1
  bool provisioning = false;                   // EINIT takes Attributes::kProvisionKey, as with /dev/sgx_provision open
  std::optional<Measurement> launch_signer{};  // IA32_SGXLEPUBKEYHASH: the one MRSIGNER that launches; none: all
};

// An emulated processor. Movable; its enclaves may outlive it. Thread-safe.
class Machine {
 public:
  // Errors: invalid (these are no fuses); internal (randomness).
  static Result<Machine> make(const Secret& fuses, MachineOptions options = {});
  Machine(Machine&&) noexcept;
  Machine& operator=(Machine&&) noexcept;
  ~Machine();

  // ECREATE. Errors: invalid (SECS that ECREATE refuses); unavailable (XFRM or attributes that this machine has not);
  // exhausted, io (no room for the address range).
  Result<Enclave> create(const Secs& secs);

 private:
  struct Impl;
  explicit Machine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace adyton::sgx_emulator
