// SPDX-License-Identifier: Apache-2.0
// AMD SEV-SNP attestation reports: bytes to fields.
//
// Source: SEV Secure Nested Paging Firmware ABI Specification (AMD publication 56860, revision 1.58),
// "ATTESTATION_REPORT" structure of MSG_REPORT_RSP, and its earlier revisions for the versions before 5. Offsets in the
// comments are from there.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// The processors whose TCB_VERSION layouts and root keys differ.
enum class SnpProduct : std::uint8_t { kUnknown, kMilan, kGenoa, kTurin };
std::string_view name_of(SnpProduct product);  // "Milan", as the Key Distribution Service spells it; "unknown"

// Which key signed (SIGNING_KEY, bits 4:2 of 48h).
enum class SnpSigningKey : std::uint8_t { kVcek = 0, kVlek = 1, kNone = 7 };

// TCB_VERSION taken apart: security patch levels.
struct SnpTcbParts {
  std::uint8_t fmc = 0;  // Turin only
  std::uint8_t boot_loader = 0, tee = 0, snp = 0, microcode = 0;
};

struct SnpTcb {
  std::uint64_t raw = 0;  // as loaded, little-endian
  // Milan, Genoa: 0 boot loader, 1 TEE, 6 SNP, 7 microcode. Turin: 0 FMC, 1 boot loader, 2 TEE, 3 SNP, 7 microcode.
  [[nodiscard]] SnpTcbParts parts(SnpProduct product) const;
  bool operator==(const SnpTcb&) const = default;
};

struct SnpVersion {
  std::uint8_t major = 0, minor = 0, build = 0;
  bool operator==(const SnpVersion&) const = default;
};

// Bits of the guest policy ("Guest Policy", table 9).
struct SnpPolicy {
  std::uint64_t raw = 0;
  [[nodiscard]] unsigned abi_minor() const { return raw & 0xff; }
  [[nodiscard]] unsigned abi_major() const { return (raw >> 8) & 0xff; }
  [[nodiscard]] bool smt() const { return bit(16); }
  [[nodiscard]] bool migration_agent() const { return bit(18); }
  [[nodiscard]] bool debug() const { return bit(19); }
  [[nodiscard]] bool single_socket() const { return bit(20); }
  [[nodiscard]] bool cxl() const { return bit(21); }
  [[nodiscard]] bool mem_aes_256_xts() const { return bit(22); }
  [[nodiscard]] bool rapl_disabled() const { return bit(23); }
  [[nodiscard]] bool ciphertext_hiding() const { return bit(24); }
  [[nodiscard]] bool page_swap_disabled() const { return bit(25); }

 private:
  [[nodiscard]] bool bit(unsigned number) const { return ((raw >> number) & 1) != 0; }
};

// One report. Copies freely: the views it returns point into itself.
struct SnpReport {
  static constexpr std::size_t kBytes = 0x4a0;
  static constexpr std::size_t kSignedBytes = 0x2a0;

  std::array<std::byte, kBytes> bytes{};  // exactly as given

  std::uint32_t version = 0;                                           // 00h: 2 to 5
  std::uint32_t guest_svn = 0;                                         // 04h
  SnpPolicy policy;                                                    // 08h
  std::uint32_t vmpl = 0;                                              // 30h: 0 to 3, or 0xffffffff when the host asked
  SnpTcb current_tcb;                                                  // 38h
  std::uint64_t platform_info = 0;                                     // 40h
  bool author_key_enabled = false;                                     // 48h, bit 0
  bool chip_key_masked = false;                                        // 48h, bit 1
  SnpSigningKey signing_key = SnpSigningKey::kVcek;                    // 48h, bits 4:2
  SnpTcb reported_tcb;                                                 // 180h: what the signing key was derived for
  std::uint8_t cpuid_family = 0, cpuid_model = 0, cpuid_stepping = 0;  // 188h to 18Ah, from version 3
  SnpTcb committed_tcb;                                                // 1E0h
  SnpVersion current_version;                                          // 1E8h
  SnpVersion committed_version;                                        // 1ECh
  SnpTcb launch_tcb;                                                   // 1F0h
  std::uint64_t launch_mit_vector = 0, current_mit_vector = 0;         // 1F8h, 200h, from version 5

  [[nodiscard]] BytesView signed_part() const { return view(0, kSignedBytes); }
  [[nodiscard]] BytesView family_id() const { return view(0x10, 16); }
  [[nodiscard]] BytesView image_id() const { return view(0x20, 16); }
  [[nodiscard]] BytesView report_data() const { return view(0x50, 64); }
  [[nodiscard]] BytesView measurement() const { return view(0x90, 48); }
  [[nodiscard]] BytesView host_data() const { return view(0xc0, 32); }
  [[nodiscard]] BytesView id_key_digest() const { return view(0xe0, 48); }
  [[nodiscard]] BytesView author_key_digest() const { return view(0x110, 48); }
  [[nodiscard]] BytesView report_id() const { return view(0x140, 32); }
  [[nodiscard]] BytesView report_id_ma() const { return view(0x160, 32); }
  [[nodiscard]] BytesView chip_id() const { return view(0x1a0, 64); }  // all zero: masked by the host (MASK_CHIP_ID)
  [[nodiscard]] bool chip_id_masked() const;
  // r || s, 48 bytes each, big-endian: from 2A0h (R) and 2E8h (S), where they stand little-endian in 72 bytes.
  [[nodiscard]] std::array<std::byte, 96> signature() const;
  // By family and model, from version 3; kUnknown before, and for processors this code does not know.
  [[nodiscard]] SnpProduct product() const;

 private:
  [[nodiscard]] BytesView view(std::size_t offset, std::size_t size) const {
    return BytesView(bytes).subspan(offset, size);
  }
};

// Exactly one report of version 2 to 5 (4 by the rules of 3). Errors: invalid: another length (a truncated report is
// malformed), another version or signature algorithm, a reserved field that is not zero. PLATFORM_INFO may have any
// bits: firmware sets some that the specification calls reserved.
Result<SnpReport> parse_snp_report(BytesView bytes);

// Whether it starts as a report does (or as much of one as is there, from 80 bytes on).
bool looks_like_snp_report(BytesView bytes);

}  // namespace adyton
