// SPDX-License-Identifier: Apache-2.0
#include "hostile_host.h"

#include <sys/mman.h>

#include <bit>
#include <cstring>

#include "keep/bare/offsets.h"
#include "programs/wary.h"

namespace adyton {
namespace {

enum Register : std::size_t { kRax, kRcx, kRdx, kRbx, kRsp, kRbp, kRsi, kRdi, kR8, kR9, kR10, kR15 = 15 };
constexpr std::uint64_t kDirection = 0x400, kNested = 0x4000, kAlignment = 0x40000, kTrap = 0x100;
constexpr std::uint64_t kArithmetic = 0x8d5, kAlways = 0x202;
constexpr std::size_t kLegacy = 512, kHeader = 64, kFirstX87 = 32, kReserved = 416;

std::uint64_t number(auto value) { return static_cast<std::uint64_t>(value); }

Image make_wary_image(std::vector<std::string> write) {
  Manifest manifest;
  manifest.memory.heap_bytes = 4 << 20;
  manifest.files.write = std::move(write);
  return signed_image("wary_unsafe", std::move(manifest));
}

const Image& wary_image(const std::vector<std::string>& arguments) {
  static const Image kImage = make_wary_image({}), kWithFiles = make_wary_image({"/shared"});
  return !arguments.empty() && arguments[0] == "shared" ? kWithFiles : kImage;
}

std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint64_t out = 0;
  std::memcpy(&out, &bytes[offset], sizeof(out));
  return out;
}

}  // namespace

HostileHost::HostileHost(std::vector<std::string> arguments, SgxEmulatorOptions options)
    : HostileHost(arguments, std::move(options), wary_image(arguments)) {}

HostileHost::HostileHost(std::vector<std::string> arguments, SgxEmulatorOptions options, const Image& image)
    : sgx_(load(image, std::move(options))) {
  arguments.insert(arguments.begin(), "wary");
  for (const std::string& argument : arguments) strings_.append(argument).push_back('\0');
  argument_count_ = arguments.size();
  for (std::size_t i = 0; i < sgx_.tcs_offsets.size(); ++i) {
    pages_.push_back(std::make_unique<HostPage>());
    std::memset(pages_.back()->data, 0xee, HostPage::kDataBytes);
  }
  const SgxPages* data = nullptr;  // the first pages that can be written are the keep kernel's
  for (const SgxPages& pages : sgx_.plan.pages) {
    if (data == nullptr && pages.writable) data = &pages;
  }
  keep_data_ = data->offset;
  keep_data_bytes_ = data->count * 4096;
  void* memory = nullptr;
  EXPECT_EQ(posix_memalign(&memory, 4096, kWaryMemoryBytes), 0);
  shared_ = {static_cast<std::byte*>(memory), kWaryMemoryBytes};
  std::ranges::fill(shared_, std::byte{0});
  vary_registers();
}

HostileHost::~HostileHost() {
  set_sgx_host_state(nullptr);
  free(shared_.data());
}

// Each time other addresses where a careless keep kernel would push, pop, load or store.
void HostileHost::vary_registers() {
  const std::uint64_t middle = base() + size() / 2;
  const std::uint64_t stack = base() + thread_page(0).stack_top;
  const std::array<std::uint64_t, 6> interesting{
      stack - 64, base() + sgx_.heap_offset + 4096, middle, base() + size(), number(-8), 0};
  ++variant_;
  SgxHostRegisters& entry = state_->entry;
  for (std::size_t i = 0; i < entry.general.size(); ++i) {
    entry.general[i] = interesting[(variant_ + i) % interesting.size()];
  }
  entry.flags =
      kAlways | kArithmetic | kNested | (variant_ % 2 != 0 ? kDirection : 0) | (variant_ % 3 != 0 ? kAlignment : 0);
  std::ranges::fill(entry.extended, static_cast<std::byte>(0xa0 + variant_ % 16));
  const std::span<std::byte> extended(entry.extended);
  std::ranges::fill(extended.first(kFirstX87), std::byte{0});  // control words: every exception unmasked
  std::ranges::fill(extended.subspan(kLegacy, kHeader), std::byte{0});
  extended[4] = std::byte{0xff};  // every x87 register is in use
  const bool avx = __builtin_cpu_supports("avx") != 0, wide = __builtin_cpu_supports("avx512f") != 0;
  extended[kLegacy] = static_cast<std::byte>(3 | (avx ? 4 : 0) | (wide ? 0xe0 : 0));
}

Result<SgxEntryEnd> HostileHost::try_enter(const SgxRegisters& registers, std::uint64_t thread) {
  set_sgx_host_state(state_.get());
  auto end = sgx_.enclave->enter(sgx_.tcs_offsets[thread], SgxLeaf::kEenter, registers);
  set_sgx_host_state(nullptr);
  if (end && end->function == SgxLeaf::kEexit) check_exit(registers, end->registers, true, thread);
  return end;
}

Result<SgxEntryEnd> HostileHost::try_resume(std::uint64_t thread) {
  set_sgx_host_state(state_.get());
  auto end = sgx_.enclave->enter(sgx_.tcs_offsets[thread], SgxLeaf::kEresume, {});
  set_sgx_host_state(nullptr);
  if (end && end->function == SgxLeaf::kEexit) check_exit({}, end->registers, false, thread);
  return end;
}

SgxRegisters HostileHost::enter(const SgxRegisters& registers, std::uint64_t thread) {
  const auto end = try_enter(registers, thread);
  EXPECT_TRUE(end) << end.error().message;
  if (!end) return {};
  EXPECT_EQ(end->function, SgxLeaf::kEexit) << "exception " << end->exception_vector;
  return end->registers;
}

SgxRegisters HostileHost::run(const SgxRegisters& registers, std::uint64_t thread) {
  const auto end = try_enter(registers, thread);
  EXPECT_TRUE(end) << end.error().message;
  if (!end || end->function == SgxLeaf::kEexit) return end ? end->registers : SgxRegisters{};
  const SgxRegisters handled = enter({}, thread);
  return handled.rdi == number(KeepExit::kResume) ? resume(thread) : handled;
}

SgxRegisters HostileHost::resume(std::uint64_t thread) {
  while (true) {
    const auto end = try_resume(thread);
    EXPECT_TRUE(end) << end.error().message;
    if (!end || end->function == SgxLeaf::kEexit) return end ? end->registers : SgxRegisters{};
    const SgxRegisters handled = enter({}, thread);
    if (handled.rdi != number(KeepExit::kResume)) return handled;
  }
}

SgxRegisters HostileHost::serve(SgxRegisters asked, const Answer& answer, std::uint64_t thread) {
  for (int most = 100'000; asked.rdi == number(KeepExit::kRequest) && most > 0; --most) {
    asked = run(answer(asked), thread);
    if (most % 16 == 0) vary_registers();
  }
  return asked;
}

SgxRegisters HostileHost::start(std::uint64_t thread) const {
  std::memcpy(pages_[thread]->data, strings_.data(), strings_.size());
  return {.rdi = number(KeepEntry::kStart),
          .rsi = std::bit_cast<std::uint64_t>(pages_[thread].get()),
          .rdx = strings_.size(),
          .r8 = argument_count_,
          .r9 = 0};
}

SgxRegisters HostileHost::honest(const SgxRegisters& request) {
  switch (KeepRequest{request.rsi}) {
    case KeepRequest::kWrite:
      if (request.rdx == 2) {
        const std::span<const std::uint8_t> data(pages_[0]->data);
        for (const std::uint8_t byte : data.first(request.r8)) errors_.push_back(static_cast<char>(byte));
      }
      return answer(request.r8);
    case KeepRequest::kClock: ++now_; return answer(now_ / 32, now_ % 32 * 31'250'000);
    case KeepRequest::kHostMemory: return answer(std::bit_cast<std::uint64_t>(shared_.data()), shared_.size());
    case KeepRequest::kAffinity: return answer(3);
    case KeepRequest::kFileOpen: return answer((request.r9 & 0200000) != 0 ? 1 : 0);  // O_DIRECTORY
    case KeepRequest::kFileInfo:
    case KeepRequest::kPathInfo: {
      const bool folder = KeepRequest{request.rsi} == KeepRequest::kPathInfo && request.rdx == 0;
      const KeepFileInfo info{
          .mode = folder ? 0040755u : 0100644u, .number = 5, .size = 1000, .seconds = 1, .nanoseconds = 2};
      std::memcpy(pages_[0]->data, &info, sizeof(info));
      return answer(0);
    }
    default: return answer(0);
  }
}

std::span<std::byte> HostileHost::bytes(std::uint64_t offset, std::uint64_t size) const {
  return {std::bit_cast<std::byte*>(base() + offset), size};
}

KeepThread HostileHost::thread_page(std::uint64_t thread) const {
  KeepThread out;
  std::memcpy(&out, bytes(sgx_.tcs_offsets[thread] - 4096, 4096).data(), sizeof(out));
  return out;
}

Bytes HostileHost::memory() const {
  Bytes out(size());
  for (const SgxPages& pages : sgx_.plan.pages) {
    if (pages.type == SgxPageType::kTcs) continue;
    const auto from = bytes(pages.offset, pages.count * 4096);
    std::memcpy(&out[pages.offset], from.data(), from.size());
  }
  return out;
}

void HostileHost::expect_same(Bytes before, Bytes after, std::uint64_t thread) const {
  const KeepThread page = thread_page(thread);
  for (Bytes* memory : {&before, &after}) {
    const std::span<std::byte> all(*memory);
    constexpr std::uint64_t kStacks = KEEP_STACK_BYTES + 4096 + KEEP_EXCEPTION_STACK_BYTES;
    std::ranges::fill(all.subspan(page.stack_top - kStacks, kStacks), std::byte{0});
    std::ranges::fill(all.subspan(page.self_offset + KEEP_HOST_RETURN, 16), std::byte{0});  // and that of exceptions
    std::ranges::fill(all.subspan(page.self_offset + KEEP_ATTENTION, 8), std::byte{0});     // an interruption's note
    for (std::uint64_t frame = 0; frame < kSsaFrames; ++frame) {
      const std::uint64_t end = page.ssa_offset + (frame + 1) * kSsaFramePages * 4096;
      std::ranges::fill(all.subspan(end - KEEP_GPRSGX_BYTES + KEEP_GPRSGX_URSP, 16), std::byte{0});  // and URBP
    }
  }
  if (before == after) return;
  const auto at = std::ranges::mismatch(before, after).in1 - before.begin();
  ADD_FAILURE() << "the enclave's memory has changed at " << std::hex << at;
}

void HostileHost::forbid(std::uint64_t offset, std::uint64_t size) const {
  ASSERT_EQ(mprotect(bytes(offset, size).data(), size, PROT_NONE), 0);
}

void HostileHost::allow(std::uint64_t offset, std::uint64_t size) const {
  for (const SgxPages& pages : sgx_.plan.pages) {
    if (offset < pages.offset || offset >= pages.offset + pages.count * 4096) continue;
    const int protection =
        (pages.readable ? PROT_READ : 0) | (pages.writable ? PROT_WRITE : 0) | (pages.executable ? PROT_EXEC : 0);
    ASSERT_EQ(mprotect(bytes(offset, size).data(), size, protection), 0);
  }
}

void HostileHost::check_exit(const SgxRegisters& entered, const SgxRegisters& left, bool knows_stack,
                             std::uint64_t thread) {
  const SgxHostRegisters &entry = state_->entry, &exit = state_->exit;
  const auto inside = [&](std::uint64_t address) { return address - base() < size(); };
  const auto own = [](std::uint64_t found, std::uint64_t given) { return found == 0 || found == given; };
  EXPECT_EQ(exit.general[kRax], 4u);  // EEXIT
  EXPECT_FALSE(inside(exit.general[kRbx])) << "where the host goes on";
  for (const Register stack : {kRsp, kRbp}) {
    if (knows_stack) {
      EXPECT_EQ(exit.general[stack], entry.general[stack]) << "the host's own stack";
    } else {
      EXPECT_FALSE(inside(exit.general[stack]) && exit.general[stack] != entry.general[stack]);
    }
  }
  for (std::size_t i = kR10; i <= kR15; ++i) EXPECT_PRED2(own, exit.general[i], entry.general[i]) << "r" << i;
  // Either one's own value still, when nothing was done, or those of a message.
  if (left.rdi != number(KeepExit::kRequest)) {
    EXPECT_TRUE(left.rdi >= number(KeepExit::kResume) && left.rdi <= number(KeepExit::kFailed)) << left.rdi;
    EXPECT_TRUE(left.rsi <= 255) << left.rsi;
    if (left.rdi != number(KeepExit::kKilled)) {
      EXPECT_PRED2(own, left.rdx, entered.rdx);
    }
    EXPECT_PRED2(own, left.r8, entered.r8);
    EXPECT_PRED2(own, left.r9, entered.r9);
  }
  const std::uint64_t refused = left.rdi == number(KeepExit::kRefused) ? kAlignment | kNested : 0;
  EXPECT_EQ(exit.flags & ~(kAlways | kArithmetic | refused), 0u) << "flags";
  static_assert((kTrap & (kAlways | kArithmetic)) == 0 && (kDirection & (kAlways | kArithmetic)) == 0);

  // x87, SSE, AVX, AVX-512: as they were, or as after reset.
  const std::span<const std::byte> found(exit.extended), given(entry.extended);
  std::uint32_t control = 0;
  std::memcpy(&control, &found[24], sizeof(control));
  EXPECT_TRUE(control == 0x1f80 || control == 0) << "MXCSR";
  for (std::size_t at = kFirstX87; at < found.size(); at += 8) {
    if (at >= kReserved && at < kLegacy + kHeader) continue;
    const std::uint64_t value = word_at(found, at);
    // The upper bytes of an x87 register's sixteen are not part of it.
    if (at < 160 && at % 16 == 8 && value == (word_at(given, at) & 0xffff)) continue;
    EXPECT_NE(value, kWarySecret) << "extended state at " << at;
    // A refusal after ERESUME leaves what this host's own code had there.
    const bool unknown = !knows_stack && left.rdi == number(KeepExit::kRefused);
    if (!unknown && value != 0 && value != word_at(given, at)) {
      ADD_FAILURE() << "extended state at " << at << ": " << std::hex << value;
      return;
    }
  }
  expect_no_secrets(thread);
}

void HostileHost::expect_no_secrets(std::uint64_t thread) {
  for (const std::uint64_t value : state_->exit.general) EXPECT_NE(value, kWarySecret);
  const std::span<const std::uint8_t> data(pages_[thread]->data);
  for (std::size_t at = 0; at < data.size(); at += 8) {
    std::uint64_t value = 0;
    std::memcpy(&value, &data[at], sizeof(value));
    if (value == kWarySecret) ADD_FAILURE() << "a secret in the host's page at " << at;
  }
}

}  // namespace adyton
