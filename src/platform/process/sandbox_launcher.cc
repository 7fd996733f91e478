// SPDX-License-Identifier: Apache-2.0
// How a sandbox comes to be, on the host's side (sandbox.h).
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/error.h"
#include "platform/process/orders_writer.h"
#include "platform/process/sandbox.h"
#include "platform/process/sealed_file.h"
#include "platform/process/spawn.h"
#include "platform/process/supervisor_program.h"

namespace adyton {
namespace {

using supervisor::Layer;
using supervisor::Message;

constexpr std::uint32_t kFewestFiles = 32;
constexpr std::uint32_t kFirstUser = 0x70000000, kUsers = 0x10000000;  // ids nobody gives to people

Result<void> check_path(const std::string& path) {
  const std::filesystem::path given(path);
  if (!given.is_absolute() || given.lexically_normal() != given || path.ends_with('/')) {
    return invalid("'{}' is not an absolute path without '.', '..' and a trailing '/', or is the root folder", path);
  }
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return make_error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kDenied,
                      "{}, which the manifest lists: {}; create it, or allow this user to reach it", path,
                      errno_text(errno));
  }
  return {};
}

Result<void> check_spec(const SandboxSpec& spec) {
  if (spec.name.empty() || spec.name.size() > 200) return invalid("a sandbox's name has 1 to 200 characters");
  if (spec.open_files < kFewestFiles) return invalid("a sandbox needs at least {} open files", kFewestFiles);
  if (spec.handed.size() > supervisor::kMostHanded) {
    return invalid("{} descriptors for a sandbox; at most {} can be handed on", spec.handed.size(),
                   supervisor::kMostHanded);
  }
  if (spec.line_bytes == 0) return invalid("lines of at most 0 bytes");
  if (spec.wait_for_debugger && !spec.debuggable) {
    return make_error(ErrorCode::kDenied, "{} is not a debug image: set debug = true in its manifest to debug it",
                      spec.name);
  }
  for (const std::string& path : spec.read_paths) TRY(check_path(path));
  for (const std::string& path : spec.write_paths) TRY(check_path(path));
  return {};
}

Result<std::uint32_t> random_user() {
  std::uint32_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) return io_error("getrandom: {}", errno_text(errno));
  return kFirstUser + number % kUsers;
}

// The executable's number must be a possible one here, and above the program's own limit.
std::uint32_t possible_open_files(std::uint32_t wanted) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return static_cast<std::uint32_t>(std::min<rlim_t>(wanted, files.rlim_max - 1));
}

// Gives the executable to a group that no user namespace of ours maps (see kHiddenFromOwner), if there is one.
bool give_to_foreign_group(const Descriptor& executable) {
  gid_t groups[256];
  const int count = ::getgroups(256, groups);
  for (int i = 0; i < count; ++i) {
    if (groups[i] != ::getegid() && ::fchown(executable.get(), static_cast<uid_t>(-1), groups[i]) == 0) return true;
  }
  return false;
}

struct Streams {
  Descriptor input, output, errors;     // the program's
  Descriptor read_output, read_errors;  // ours, or none
};

Result<void> make_pipe(Descriptor& reader, Descriptor& writer) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return unavailable("a pipe: {}", errno_text(errno));
  reader = Descriptor(pipe[0]);
  writer = Descriptor(pipe[1]);
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  return {};
}

Result<Streams> make_streams(bool inherit, bool errors_apart) {
  Streams streams;
  if (inherit) {
    streams.input = Descriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    streams.output = Descriptor(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  } else {
    streams.input = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    TRY(make_pipe(streams.read_output, streams.output));
  }
  if (inherit && !errors_apart) {
    streams.errors = Descriptor(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  } else {
    TRY(make_pipe(streams.read_errors, streams.errors));
  }
  if (!streams.input.valid() || !streams.output.valid() || !streams.errors.valid()) {
    return unavailable("standard streams: {}", errno_text(errno));
  }
  return streams;
}

struct Started {
  int process_id = 0;
  Descriptor supervisor;
  std::vector<LayerState> layers;
};

// Follows the supervisor's reports until the program runs. On any error nothing of it is left.
class Start {
 public:
  Start(const ControlSocket& control, Spawned spawned) : control_(control), first_pid_(spawned.pid) {
    started_.supervisor = std::move(spawned.process);
  }
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;
  ~Start() {
    if (!started_.supervisor.valid()) return;
    kill_process(started_.supervisor);
    reap(started_.supervisor);
  }

  Result<Started> follow(std::chrono::steady_clock::time_point deadline) {
    for (;;) {
      TRY(control_.await(deadline));
      const ReceivedMessages received = TRY(control_.receive());
      if (received.count == 0) return unavailable("the supervisor died while it made the sandbox");
      for (const Message& message : received.list()) {
        if (message.kind == Message::kStarted) return std::move(started_);
        TRY(handle(message, received.sender));
      }
    }
  }

 private:
  Result<void> handle(const Message& message, pid_t sender) {
    switch (message.kind) {
      case Message::kSupervisor: return change_supervisor(sender);
      case Message::kEnclave: started_.process_id = sender; break;
      case Message::kLayer:
        started_.layers.push_back({static_cast<Layer>(message.first), message.second, message.third});
        break;
      case Message::kFailed: return describe_failure(static_cast<supervisor::Step>(message.first), message.second);
      default: return internal("message {} from the supervisor", message.kind);
    }
    return {};
  }

  // In a pid namespace the supervisor is a sibling of the process that was spawned, which ends. Of a host that ignores
  // its children it may be gone already, with all that it had to do: what it said of that is still to be read.
  Result<void> change_supervisor(pid_t pid) {
    if (pid == first_pid_) return {};
    auto process = open_process(pid);
    if (!process && process.error().code == ErrorCode::kNotFound) return {};
    if (!process) return process.error();
    reap(started_.supervisor);
    started_.supervisor = *std::move(process);
    return {};
  }

  const ControlSocket& control_;
  pid_t first_pid_;
  Started started_;
};

}  // namespace

Result<std::unique_ptr<SandboxLauncher>> SandboxLauncher::make() {
  Descriptor program = TRY(make_sealed_file("adyton-supervisor", supervisor_program(), 0555));
  return std::unique_ptr<SandboxLauncher>(new SandboxLauncher(std::move(program)));
}

Result<std::vector<sock_filter>> SandboxLauncher::filter(const SyscallPolicy& policy) {
  const std::lock_guard lock(mutex_);
  auto found = filters_.find(policy);
  if (found == filters_.end()) found = filters_.emplace(policy, TRY(compile_policy(policy))).first;
  return found->second;
}

Result<std::unique_ptr<Sandboxed>> SandboxLauncher::launch(SandboxSpec spec) {
  TRY(check_spec(spec));
  const auto deadline = std::chrono::steady_clock::now() + spec.launch_timeout;
  const Descriptor executable = TRY(make_sealed_file(spec.name, spec.executable, spec.debuggable ? 0555 : 0111));

  Orders orders{.user = TRY(random_user()),
                .open_files = possible_open_files(spec.open_files),
                .stack_bytes = spec.stack_bytes,
                .address_space_bytes = spec.address_space_bytes,
                .handed = static_cast<std::uint32_t>(spec.handed.size()),
                .connect_ports = spec.connect_ports,
                .listen_ports = spec.listen_ports,
                .read_paths = spec.read_paths,
                .write_paths = spec.write_paths,
                .environment = spec.environment};
  orders.arguments.push_back(spec.name);
  orders.arguments.insert(orders.arguments.end(), spec.arguments.begin(), spec.arguments.end());
  std::ranges::sort(orders.read_paths);  // a folder before what is in it
  std::ranges::sort(orders.write_paths);
  const bool network = !spec.connect_ports.empty() || !spec.listen_ports.empty();
  const bool files = !spec.read_paths.empty() || !spec.write_paths.empty();
  if (network) orders.flags |= supervisor::kKeepNetwork;
  if (spec.inherit_stdio) orders.flags |= supervisor::kKeepSession;
  if (spec.wait_for_debugger) orders.flags |= supervisor::kWaitForDebugger;
  if (spec.debuggable) orders.flags |= supervisor::kDebuggable;
  if (spec.channel >= 0) orders.flags |= supervisor::kHasChannel;
  if (files && ::geteuid() != 0 && give_to_foreign_group(executable)) orders.flags |= supervisor::kForeignGroup;

  SyscallPolicy policy{.read_files = !spec.read_paths.empty(),
                       .write_files = !spec.write_paths.empty(),
                       .connect = !spec.connect_ports.empty(),
                       .listen = !spec.listen_ports.empty(),
                       .hosting = spec.hosting};
  orders.filter = TRY(filter(policy));
  policy.ask_supervisor = false;
  policy.executable_descriptor = orders.open_files;
  orders.fallback = TRY(filter(policy));
  const Bytes encoded = TRY(encode_orders(orders));
  const Descriptor order_file = TRY(make_sealed_file("adyton-orders", encoded, 0400));

  Streams streams = TRY(make_streams(spec.inherit_stdio, spec.on_error_text != nullptr));
  const Descriptor host = TRY(open_process(::getpid()));
  auto [control, control_end] = TRY(ControlSocket::make_pair());
  std::vector<int> descriptors = {order_file.get(),     executable.get(),     streams.input.get(),
                                  streams.output.get(), streams.errors.get(), host.get()};
  if (spec.channel >= 0) descriptors.push_back(spec.channel);
  descriptors.insert(descriptors.end(), spec.handed.begin(), spec.handed.end());
  TRY(control.send_descriptors(descriptors));
  Start start(control, TRY(spawn(supervisor_.get(), "adyton-supervisor", control_end.get())));
  control_end.reset();
  Started started = TRY(start.follow(deadline));

  std::unique_ptr<Sandboxed> sandboxed(new Sandboxed());
  sandboxed->control_ = std::move(control);
  sandboxed->supervisor_ = std::move(started.supervisor);
  sandboxed->output_ = std::move(streams.read_output);
  sandboxed->errors_ = std::move(streams.read_errors);
  sandboxed->process_id_ = started.process_id;
  sandboxed->layers_ = std::move(started.layers);
  const auto sink = [](const auto& on_line, StandardStream stream) -> LineSplitter::Sink {
    return [&on_line, stream](std::string_view line) {
      if (on_line) on_line(stream, line);
    };
  };
  spec.executable = {};
  sandboxed->spec_ = std::move(spec);
  const auto& kept = sandboxed->spec_;
  sandboxed->output_lines_ =
      std::make_unique<LineSplitter>(kept.line_bytes, sink(kept.on_line, StandardStream::kOutput));
  sandboxed->error_lines_ = std::make_unique<LineSplitter>(kept.line_bytes, sink(kept.on_line, StandardStream::kError));

  // The host's signals are for the host's threads.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  bool monitored = true;
  try {
    sandboxed->thread_ = std::thread([self = sandboxed.get()] { self->monitor(); });
  } catch (const std::system_error&) {
    monitored = false;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!monitored) return exhausted("no thread to watch the sandbox with: too many threads");
  return sandboxed;
}

}  // namespace adyton
