// SPDX-License-Identifier: Apache-2.0
// The seam of host_interface.h for tests: what the host answers is a function, and leaving is an exception.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "keep/host_interface.h"

namespace adyton::keep {

struct FakeHost {
  struct Request {
    KeepRequest request;
    std::uint64_t a, b, c;
  };
  std::function<RawAnswer(const Request&)> answer;  // without it: zeros
  std::vector<Request> requests;
  ThreadState* thread = nullptr;
  std::uint64_t fs_base = 0;
};
FakeHost& fake_host();

inline std::atomic<int> others_let_run = 0;  // how often, by all tests so far

struct Left {  // thrown by leave()
  KeepExit exit;
  std::uint64_t a, b;
};

}  // namespace adyton::keep
