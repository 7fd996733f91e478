// SPDX-License-Identifier: Apache-2.0
#include "keep/trace.h"

#include "image/sgx/call_shapes.h"
#include "keep/host_interface.h"

namespace adyton::keep {
namespace {

// TraceRecord has room for it, and a buffer has its size behind it.
consteval bool fit_the_record() {
  for (const CallShape& shape : kCallShapes) {
    std::size_t memory = 0;
    for (std::size_t i = 0; shape.kinds[i] != 0; ++i) {
      const bool buffer = shape.kinds[i] == '<' || shape.kinds[i] == '>';
      if (shape.kinds[i] == 's' || buffer) ++memory;
      if (buffer && shape.kinds[i + 1] != 'u') return false;
    }
    if (memory > sizeof(TraceRecord::bytes) / sizeof(TraceRecord::Bytes)) return false;
  }
  return true;
}
static_assert(fit_the_record());

class Recorder {
 public:
  Recorder(const UserMemory& user, TraceRecord& record) : user_(user), record_(record) {}

  void add_path(std::uint64_t argument) {
    const std::uint64_t address = record_.arguments[argument], most = user_.readable_from(address);
    if (most == 0) return;
    const auto* text = at<const char>(address);
    std::uint64_t size = 0;
    while (size < most && size < kLongestPath && text[size] != 0) ++size;
    add(argument, size);
  }

  void add_buffer(std::uint64_t argument, std::uint64_t size) {
    if (user_.readable(record_.arguments[argument], size)) add(argument, size);
  }

 private:
  static constexpr std::uint64_t kLongestPath = 4096;

  void add(std::uint64_t argument, std::uint64_t whole) {
    TraceRecord::Bytes& bytes = record_.bytes[record_.count++];
    bytes.argument = argument;
    bytes.whole = whole;
    bytes.size = whole < TraceRecord::kMostBytes ? whole : TraceRecord::kMostBytes;
    __builtin_memcpy(bytes.content, at<const void>(record_.arguments[argument]), bytes.size);
  }

  const UserMemory& user_;
  TraceRecord& record_;
};

}  // namespace

void trace_call(const Kernel& kernel, const ThreadState& thread, const Frame& asked, const std::uint64_t* result,
                std::uint64_t requests) {
  TraceRecord record{.thread = thread.thread_id,
                     .number = asked.rax,
                     .arguments = {asked.rdi, asked.rsi, asked.rdx, asked.r10, asked.r8, asked.r9},
                     .returned = result != nullptr,
                     .result = result != nullptr ? *result : 0,
                     .requests = requests,
                     .count = 0,
                     .bytes = {}};
  Recorder recorder(kernel.user, record);
  for (const CallShape& shape : kCallShapes) {
    if (shape.number != asked.rax) continue;
    for (std::uint64_t i = 0; shape.kinds[i] != 0; ++i) {
      const char kind = shape.kinds[i];
      if (kind == 's') recorder.add_path(i);
      if (kind == '>') recorder.add_buffer(i, record.arguments[i + 1]);
      if (kind == '<' && static_cast<std::int64_t>(record.result) > 0) {
        const std::uint64_t room = record.arguments[i + 1];
        recorder.add_buffer(i, record.result < room ? record.result : room);
      }
    }
  }
  copy_to_host(thread.host_page, &record, sizeof record);
  ask_host(KeepRequest::kTraceCall);
}

}  // namespace adyton::keep
