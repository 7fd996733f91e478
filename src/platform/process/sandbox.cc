// SPDX-License-Identifier: Apache-2.0
#include "platform/process/sandbox.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>

#include <poll.h>

#include "base/error.h"
#include "platform/process/spawn.h"

namespace adyton {
namespace {

using supervisor::Message;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 65536;            // of one stream, before the others get their turn
constexpr std::chrono::seconds kSupervisorGrace{1};  // for a supervisor to do as it is told

Exit exit_of(bool signalled, int status) {
  if (!signalled) return {false, status, fmt::format("exited with status {}", status)};
  const char* name = ::sigdescr_np(status);
  return {true, status, fmt::format("killed by signal {} ({})", status, name == nullptr ? "unknown" : name)};
}

// Reads what is there, up to kReadBytes. Closes the pipe at its end. Returns whether more may be there.
bool pump(Descriptor& pipe, const auto& feed, std::span<char> buffer) {
  if (!pipe.valid()) return false;
  const ssize_t size = ::read(pipe.get(), buffer.data(), buffer.size());
  if (size > 0) {
    feed(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
    return true;
  }
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR;
  pipe.reset();
  return false;
}

}  // namespace

Sandboxed::~Sandboxed() {
  if (!thread_.joinable()) {  // never got that far
    kill_process(supervisor_);
    reap(supervisor_);
    return;
  }
  kill();
  if (!wait(kSupervisorGrace)) kill_process(supervisor_);
  thread_.join();
}

Result<Exit> Sandboxed::wait(std::chrono::nanoseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto has_ended = [this] { return exit_.has_value(); };
  if (timeout.count() <= 0) {
    ended_.wait(lock, has_ended);
  } else if (!ended_.wait_for(lock, timeout, has_ended)) {
    return unavailable("{} (pid {}) is still running", spec_.name, process_id_);
  }
  return *exit_;
}

void Sandboxed::kill() {
  killed_ = true;
  control_.send_kill();
}

void Sandboxed::monitor() {
  buffer_.resize(kReadBytes);
  for (;;) {
    int timeout_ms = -1;
    if (stopped_since_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*stopped_since_ + spec_.stop_grace - Clock::now());
      timeout_ms = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    pollfd events[] = {{control_.descriptor(), POLLIN, 0}, {output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}};
    const int ready = ::poll(events, 3, timeout_ms);
    if (ready < 0) continue;
    if (ready == 0 && stopped_since_) {
      stopped_since_.reset();
      stop_reported_ = true;
      if (spec_.on_stopped) spec_.on_stopped(process_id_, stop_signal_);
    }
    if (events[1].revents != 0) pump_output();
    if (events[2].revents != 0) pump_errors();
    if (events[0].revents != 0 && !handle_messages()) break;
  }
  const Exit lost = killed_ ? exit_of(true, SIGKILL) : Exit{true, SIGKILL, "ended because its supervisor was killed"};
  finish(lost);
  reap(supervisor_);
}

bool Sandboxed::pump_output() {
  return pump(output_, [this](std::string_view text) { output_lines_->feed(text); }, buffer_);
}

bool Sandboxed::pump_errors() {
  const auto feed = [this](std::string_view text) {
    if (spec_.on_error_text) {
      spec_.on_error_text(text);
    } else {
      error_lines_->feed(text);
    }
  };
  return pump(errors_, feed, buffer_);
}

// Returns false when nothing more will come.
bool Sandboxed::handle_messages() {
  const auto received = control_.receive();
  if (!received || received->count == 0) return false;
  for (const Message& message : received->list()) handle(message);
  return true;
}

void Sandboxed::handle(const Message& message) {
  switch (message.kind) {
    case Message::kStopped:
      // A debugger stops and continues as it likes.
      if (!spec_.wait_for_debugger && !stop_reported_) stopped_since_ = Clock::now();
      stop_signal_ = message.first;
      break;
    case Message::kContinued:
      stopped_since_.reset();
      if (std::exchange(stop_reported_, false) && spec_.on_continued) spec_.on_continued();
      break;
    case Message::kEnded: finish(exit_of(message.first != 0, message.second)); break;
    default: break;
  }
}

// The program is dead, so all it printed is in the pipes. Does nothing the second time.
void Sandboxed::finish(Exit exit) {
  if (exit_) return;  // only this thread writes it
  while (pump_output()) {
  }
  while (pump_errors()) {
  }
  output_lines_->finish();
  error_lines_->finish();
  stopped_since_.reset();
  if (spec_.on_end) spec_.on_end(process_id_, exit);
  {
    const std::lock_guard lock(mutex_);
    exit_ = std::move(exit);
  }
  ended_.notify_all();
}

}  // namespace adyton
