// SPDX-License-Identifier: Apache-2.0
// A host that answers the keep kernel with the input's bytes: what comes back out of the keep kernel is always within
// what docs/keep.md says of it.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include <netinet/in.h>
#include <sys/poll.h>
#include <sys/socket.h>

#include "image/manifest.h"
#include "keep/address_unsafe.h"
#include "keep/calls.h"
#include "keep/clock.h"
#include "keep/cpuid.h"
#include "keep/host_memory.h"
#include "keep/shared_files.h"
#include "keep/socket_calls.h"
#include "keep/testing/fake_host.h"

namespace {

using namespace adyton::keep;
using adyton::KeepRequest;

struct Input {
  const std::uint8_t* data;
  std::size_t size;
  std::uint64_t next() {
    std::uint64_t out = 0;
    const std::size_t taken = size < sizeof(out) ? size : sizeof(out);
    std::memcpy(&out, data, taken);
    data += taken;
    size -= taken;
    return out;
  }
};

void expect(bool holds) {
  if (!holds) std::abort();
}

bool is_error(std::int64_t result) { return result < 0 && result >= -133; }

void check_time(Clock& clock, Time (&last)[2], Clock::Kind kind, std::uint64_t more) {
  const Time now = clock.now(kind);
  expect(now.valid() && now >= last[kind]);
  last[kind] = now;
  const Time later = now + from_nanoseconds(more);
  expect(later.valid() && later >= now);
  expect(nanoseconds_from(later, now) == 0);
  expect((nanoseconds_from(now, later) == 0) == (later == now));
}

void check_memory(std::uint64_t base, std::uint64_t size, std::uint64_t word, std::uint64_t bytes) {
  HostMemory memory;
  memory.ask(base, size);
  const std::uint64_t begin = memory.address(), end = begin + memory.bytes();
  expect(begin % kPage == 0 && end % kPage == 0 && begin <= end && end <= std::uint64_t{1} << 47);
  expect(memory.bytes() == 0 || end <= base || begin >= base + size);
  if (bytes != 0 && memory.contains(word, bytes))
    expect(word >= begin && bytes <= end - begin && word - begin <= end - begin - bytes);
}

void check_cpuid(CpuidCache& cache, std::uint32_t leaf, std::uint32_t subleaf) {
  const CpuidAnswer first = cache.get(leaf, subleaf), second = cache.get(leaf, subleaf);
  expect(first.eax == second.eax && first.ebx == second.ebx && first.ecx == second.ecx && first.edx == second.edx);
  constexpr std::uint32_t kAvx = 1U << 28;
  if (leaf == 1) expect((first.ecx & kAvx) == 0);  // XFRM has no AVX
  if (leaf == 0xd && subleaf == 0) expect((first.eax & ~3U) == 0 && first.edx == 0);
}

// A page of the input's bytes, as answers to whoever has a shared file open.
void check_shared(Input& input, adyton::HostPage& page) {
  ThreadState thread{};
  thread.host_page = address_of(&page);
  ThreadState* const other = std::exchange(fake_host().thread, &thread);
  for (std::size_t index = 0; index < 64; index += 8) {
    const std::uint64_t word = input.next();
    std::memcpy(&page.data[index], &word, sizeof(word));
  }
  alignas(8) unsigned char buffer[128];
  std::memset(buffer, 0x33, sizeof(buffer));
  constexpr std::int64_t kMost = 64;
  std::uint64_t offset = input.next() >> 1, end = 0;
  const std::int64_t listed = list_shared(1, offset, address_of(buffer), kMost);
  expect(is_error(listed) || (listed >= 0 && listed <= kMost));
  expect(offset >> 63 == 0);
  for (std::int64_t done = 0; done < listed;) {
    const std::int64_t length = buffer[done + 16] | buffer[done + 17] << 8;
    expect(length >= 21 && length <= listed - done);
    const void* zero = std::memchr(&buffer[done + 19], 0, static_cast<std::size_t>(length) - 19);
    expect(zero != nullptr && buffer[done + 19] != 0);
    done += length;
  }
  const std::int64_t given = read_shared(1, input.next(), buffer, kMost);
  expect(is_error(given) || (given >= 0 && given <= kMost));
  const std::int64_t taken = write_shared(1, FileSystem::kAppend, buffer, kMost, end);
  expect(is_error(taken) || (taken >= 0 && taken <= kMost && (taken == 0 || end >> 63 == 0)));
  for (std::size_t index = kMost; index < sizeof(buffer); ++index) expect(buffer[index] == 0x33);
  Path path;
  path.text[0] = 0;
  path.entry = 1;
  Node node;
  const std::int64_t described = describe_shared(path, true, node);
  expect(is_error(described) || (described == 0 && node.size >> 63 == 0 && node.changed.nanoseconds < 1'000'000'000));
  fake_host().thread = other;
}

// A kernel with two sockets, and what its calls may write to.
class Calls {
 public:
  Calls() {
    adyton::Manifest manifest{.name = "fuzz"};
    manifest.network = {.connect = {443}, .listen = {80}};
    cbor_ = encode_manifest(manifest);
    kernel_->manifest = MeasuredManifest(cbor_.data(), cbor_.size());
    expect(kernel_->user.add(address_of(&memory_), address_of(&memory_) + sizeof(memory_), true));
    kernel_->cpuid.initialise(3, 3);
    thread_.host_page = address_of(page_.get());
    fake_host().thread = &thread_;
    fake_host().answer = {};
    for (std::uint64_t i = 0; i < 2; ++i) {
      sockets_[i] = call_socket(*kernel_, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      expect(sockets_[i] >= 0);
    }
  }

  void check_timestamp() {
    thread_.trap = Trap::kTimestamp;
    answer_trap(*kernel_, thread_);
    const std::uint64_t told = thread_.frame.rdx << 32 | thread_.frame.rax;
    expect(told >= timestamp_);
    timestamp_ = told;
  }

  // Of those that were there first.
  void check_processors() {
    memory_ = {};
    expect(call_getcpu(*kernel_, address_of(memory_.words), address_of(memory_.words + 1)) == 0);
    const std::uint64_t processor = memory_.words[0] & 0xffffffff;
    expect(processor < 64 && memory_.words[1] == 0);
    expect(call_sched_getaffinity(*kernel_, {.rdx = address_of(memory_.words), .rsi = 8}) == 8);
    const std::uint64_t all = kernel_->processors;
    expect(memory_.words[0] != 0 && (memory_.words[0] & ~all) == 0 && (all >> processor & 1) != 0);
  }

  void check_socket(std::uint64_t which, std::uint64_t bytes) {
    Frame frame{.rdx = bytes % sizeof(memory_.bytes),
                .rsi = address_of(memory_.bytes),
                .rdi = static_cast<std::uint64_t>(sockets_[which % 2]),
                .r8 = address_of(memory_.address),
                .r9 = address_of(memory_.words)};
    const auto clean = [&] {
      std::memset(&memory_, 0x33, sizeof(memory_));
      memory_.words[0] = sizeof(memory_.address);
    };
    const auto check = [&](std::int64_t result, std::uint64_t most) {
      const bool again = result == -kRestart;  // the host said that a signal came
      expect(again || is_error(result) || (result >= 0 && static_cast<std::uint64_t>(result) <= most));
      for (const std::uint8_t byte : memory_.after) expect(byte == 0x33);
      return result;
    };
    clean();
    const std::int64_t taken = check(call_recvfrom(*kernel_, thread_, frame), frame.rdx);
    for (std::uint64_t at = taken < 0 ? 0 : static_cast<std::uint64_t>(taken); at < sizeof(memory_.bytes); ++at) {
      expect(memory_.bytes[at] == 0x33);
    }
    check(call_sendto(*kernel_, thread_, frame), frame.rdx);
    clean();
    frame.rsi = address_of(memory_.address);
    frame.rdx = address_of(memory_.words);
    if (check(call_getsockname(*kernel_, thread_, frame), 0) == 0) expect(memory_.address[0] == AF_INET);
    const std::int64_t accepted = check(call_accept(*kernel_, thread_, {.rdi = frame.rdi}, 0), 1023);
    if (accepted >= 0) expect(call_close(*kernel_, static_cast<std::uint64_t>(accepted)) == 0);
  }

  // A socket and standard input: nothing is found that was not asked for.
  void check_poll(std::uint64_t which) {
    auto* const list = static_cast<pollfd*>(static_cast<void*>(memory_.words));
    list[0] = {.fd = static_cast<int>(sockets_[which % 2]), .events = POLLIN, .revents = 0};
    list[1] = {.fd = 0, .events = POLLIN, .revents = 0};
    const Time at_once{};
    const std::int64_t ready = call_poll(*kernel_, thread_, address_of(list), 2, &at_once);
    expect(is_error(ready) || (ready >= 0 && ready <= 2));
    for (int i = 0; i < 2; ++i) expect((list[i].revents & ~(POLLIN | POLLHUP | POLLERR | POLLNVAL)) == 0);
  }

 private:
  struct Memory {
    alignas(8) std::uint64_t words[4];
    alignas(8) std::uint8_t address[128];
    alignas(8) std::uint8_t bytes[256], after[64];
  };
  Memory memory_{};
  adyton::Bytes cbor_;
  std::unique_ptr<adyton::HostPage> page_ = std::make_unique<adyton::HostPage>();
  std::unique_ptr<Kernel> kernel_ = std::make_unique<Kernel>();
  ThreadState thread_{};
  std::int64_t sockets_[2];
  std::uint64_t timestamp_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input{data, size};
  fake_host() = {};
  Calls calls;
  fake_host().answer = [&](const auto&) { return RawAnswer{input.next(), input.next(), input.next(), input.next()}; };
  const auto clock = std::make_unique<Clock>();
  const auto page = std::make_unique<adyton::HostPage>();
  const auto cpuid = std::make_unique<CpuidCache>();
  cpuid->initialise(3, 3);
  Time last[2];
  int asked_of_cpuid = 0;
  while (input.size > 0) {
    fake_host().requests.clear();
    switch (input.next() % 11) {
      case 0: check_time(*clock, last, Clock::kReal, input.next()); break;
      case 1: check_time(*clock, last, Clock::kMonotonic, input.next()); break;
      case 2:
        check_memory(std::uint64_t{1} << (input.next() % 47), std::uint64_t{1} << (input.next() % 37), input.next(),
                     input.next());
        break;
      case 3: {
        const Time deadline = from_nanoseconds(input.next());
        const std::int64_t waited = HostMemory::wait(input.next(), 5, &deadline, Clock::kReal, *clock);
        expect(waited == 0 || is_error(waited));
        break;
      }
      case 4: {
        const auto most = static_cast<std::uint32_t>(input.next());
        const std::int64_t woken = HostMemory::wake(8, most);
        expect(is_error(woken) || (woken >= 0 && woken <= most));
        break;
      }
      case 6: calls.check_timestamp(); break;
      case 7: calls.check_processors(); break;
      case 8: calls.check_socket(input.next(), input.next()); break;
      case 9: calls.check_poll(input.next()); break;
      case 10: check_shared(input, *page); break;
      default:
        // The first 96 are kept, which is more than a processor has.
        if (++asked_of_cpuid <= 90)
          check_cpuid(*cpuid, static_cast<std::uint32_t>(input.next()) % 64,
                      static_cast<std::uint32_t>(input.next()) % 4);
    }
    const std::uint64_t raw = input.next(), most = input.next() >> 1;
    const std::int64_t result = checked_result(raw, most);
    expect(is_error(result) || (result >= 0 && static_cast<std::uint64_t>(result) <= most));
  }
  return 0;
}
