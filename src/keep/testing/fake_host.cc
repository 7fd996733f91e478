// SPDX-License-Identifier: Apache-2.0
#include "keep/testing/fake_host.h"

#include <thread>

namespace adyton::keep {

FakeHost& fake_host() {
  static FakeHost host;
  return host;
}

RawAnswer ask_host(KeepRequest request, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  FakeHost& host = fake_host();
  const FakeHost::Request asked{request, a, b, c};  // who answers may ask as well
  host.requests.push_back(asked);
  return host.answer ? host.answer(asked) : RawAnswer{};
}

void let_others_run() {
  ++others_let_run;
  std::this_thread::yield();
}

ThreadState& current_thread() { return *fake_host().thread; }
void leave(KeepExit exit, std::uint64_t a, std::uint64_t b) { throw Left{exit, a, b}; }
void set_fs_base(std::uint64_t address) { fake_host().fs_base = address; }
std::uint64_t fs_base() { return fake_host().fs_base; }

}  // namespace adyton::keep
