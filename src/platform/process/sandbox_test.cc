// SPDX-License-Identifier: Apache-2.0
#include "platform/process/sandbox.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <set>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "platform/process/sandbox_fixture.h"
#include "platform/process/supervisor/sys.h"

namespace adyton {
namespace {

using supervisor::Layer;
namespace fs = std::filesystem;

TEST_F(SandboxTest, HostileAttemptsAreDenied) {
  const Exit exit = run(spec("attempts"));
  EXPECT_EQ(exit.text, "exited with status 0");
  const auto lines = record_->lines();
  EXPECT_GT(lines.size(), 120u);
  EXPECT_TRUE(record_->has("done"));
  for (const std::string& line : lines) {
    if (line == "done" || line.starts_with('<')) continue;
    const std::string answer = line.substr(line.find(' ') + 1);
    EXPECT_TRUE(answer == std::to_string(EPERM) || answer == std::to_string(ENOSYS)) << line;
  }
}

TEST_F(SandboxTest, HonestProgramsGetWhatTheyNeed) {
  const Exit exit = run(spec("needs"));
  EXPECT_EQ(exit.text, "exited with status 0");
  EXPECT_TRUE(record_->has("done"));
  for (const std::string& line : record_->lines()) {
    EXPECT_TRUE(line.ends_with(" ok") || line == "done" || line.starts_with('<')) << line;
  }
}

TEST_F(SandboxTest, OtherSystemCallTablesAreDeadly) {
  EXPECT_EQ(run(spec("attempts", {"x32"})).text, "killed by signal 31 (Bad system call)");
  EXPECT_EQ(run(spec("attempts", {"i386"})).text, "killed by signal 31 (Bad system call)");
}

TEST_F(SandboxTest, StartsCleanHoweverDirtyTheHost) {
  std::vector<Descriptor> inherited;  // not close-on-exec, low and high, over the numbers the sandbox uses
  for (int i = 0; i < 300; ++i) inherited.emplace_back(::dup(STDOUT_FILENO));
  struct sigaction before{}, ignored{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGUSR1, &ignored, &before);
  sigset_t usr2, old;
  sigemptyset(&usr2);
  sigaddset(&usr2, SIGUSR2);
  ::pthread_sigmask(SIG_BLOCK, &usr2, &old);
  ::setenv("ADYTON_LEAK", "leaked", 1);

  auto wanted = spec("behaviour", {"show", "two words", ""});
  wanted.environment = {"NAME=value", "EMPTY="};
  wanted.stack_bytes = 1 << 20;
  wanted.open_files = 64;
  wanted.channel = inherited.front().get();
  const Exit exit = run(wanted);
  ::sigaction(SIGUSR1, &before, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  ::unsetenv("ADYTON_LEAK");

  EXPECT_EQ(exit.text, "exited with status 0");
  auto lines = record_->lines();
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("user "); });
  const std::vector<std::string> expected = {
      "argument behaviour",    "argument show", "argument two words", "argument ",    "variable NAME=value",
      "variable EMPTY=",       "descriptor 0",  "descriptor 1",       "descriptor 2", "descriptor 3",
      "stack 1048576",         "core 0",        "files 64",           "dumpable 0",   "input 0",
      "<exited with status 0>"};
  EXPECT_EQ(lines, expected);
}

TEST_F(SandboxTest, NothingAtChannelNumberWithoutAChannel) {
  run(spec("behaviour", {"show"}));
  EXPECT_TRUE(record_->has("descriptor 2"));
  EXPECT_FALSE(record_->has("descriptor 3"));
}

TEST_F(SandboxTest, HasAUserOfItsOwnIfItCan) {
  if (::geteuid() != 0) GTEST_SKIP() << "an ordinary user has no other user to become";
  std::set<std::string> users;
  for (int i = 0; i < 2; ++i) {
    run(spec("behaviour", {"show"}));
    for (const std::string& line : record_->lines()) {
      if (line.starts_with("user ")) users.insert(line);
    }
  }
  EXPECT_EQ(users.size(), 2u);
  EXPECT_FALSE(users.contains("user 0"));
}

// Whether the kernel lets this process have a namespace, with a user namespace or without.
bool kernel_allows(int flag) {
  for (const int flags : {flag, flag | CLONE_NEWUSER}) {
    const int child = supervisor::clone_process(static_cast<std::uint64_t>(flags));
    if (child == 0) {
      for (;;) ::pause();
    }
    if (child < 0) continue;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return true;
  }
  return false;
}

TEST_F(SandboxTest, TriesEveryLayerAndTellsTheTruth) {
  auto sandboxed = launch(spec("behaviour", {"exit", "0"}));
  ASSERT_TRUE(sandboxed);
  std::map<Layer, int> layers;
  for (const LayerState& state : sandboxed->layers()) {
    EXPECT_FALSE(layers.contains(state.layer)) << name_of(state.layer) << " is reported twice";
    layers[state.layer] = state.error;
  }
  for (const auto& [layer, flag] : {std::pair(Layer::kMountNamespace, CLONE_NEWNS),
                                    {Layer::kPidNamespace, CLONE_NEWPID},
                                    {Layer::kNetworkNamespace, CLONE_NEWNET},
                                    {Layer::kIpcNamespace, CLONE_NEWIPC},
                                    {Layer::kUtsNamespace, CLONE_NEWUTS},
                                    {Layer::kCgroupNamespace, CLONE_NEWCGROUP}}) {
    ASSERT_TRUE(layers.contains(layer)) << name_of(layer);
    EXPECT_EQ(layers[layer] == 0, kernel_allows(flag)) << name_of(layer) << ": " << layers[layer];
  }
  for (const Layer layer : {Layer::kLandlock, Layer::kLandlockNetwork, Layer::kLandlockScope, Layer::kExecOnce,
                            Layer::kLockedMemory, Layer::kHiddenFromOwner}) {
    EXPECT_TRUE(layers.contains(layer)) << name_of(layer);
  }
  EXPECT_EQ(layers.contains(Layer::kEmptyRoot), layers[Layer::kMountNamespace] == 0);
  EXPECT_EQ(layers[Layer::kHiddenFromOwner], 0);
}

std::string file_of(int process, const char* name) { return "/proc/" + std::to_string(process) + "/" + name; }

// Whether the kernel thinks that the process may be looked into by its user: then the files of /proc/PID are that
// user's, else they are root's.
bool visible_to_its_user(int process) {
  struct stat info{};
  EXPECT_EQ(::stat(file_of(process, "maps").c_str(), &info), 0);
  return info.st_uid != 0;
}

TEST_F(SandboxTest, IsHiddenFromItsUserUnlessDebuggable) {
  auto hidden = launch(spec("behaviour", {"wait"}));
  ASSERT_TRUE(hidden);
  ASSERT_TRUE(record_->await("waiting"));
  EXPECT_FALSE(visible_to_its_user(hidden->process_id()));
  if (::geteuid() != 0) {
    EXPECT_LT(::open(file_of(hidden->process_id(), "maps").c_str(), O_RDONLY), 0);
    EXPECT_LT(::open(file_of(hidden->process_id(), "mem").c_str(), O_RDONLY), 0);
    EXPECT_LT(::open(file_of(hidden->process_id(), "environ").c_str(), O_RDONLY), 0);
    EXPECT_LT(::open(file_of(hidden->process_id(), "ns/user").c_str(), O_RDONLY), 0);
  }
  auto wanted = spec("behaviour", {"wait"});
  wanted.debuggable = true;
  auto visible = launch(wanted);
  ASSERT_TRUE(visible);
  ASSERT_TRUE(record_->await("waiting"));
  EXPECT_TRUE(visible_to_its_user(visible->process_id()));
  const Descriptor maps(::open(file_of(visible->process_id(), "maps").c_str(), O_RDONLY));
  EXPECT_TRUE(::geteuid() == 0 || maps.valid());
}

TEST_F(SandboxTest, DebuggerWaitsOnlyForDebugImages) {
  auto wanted = spec("behaviour", {"wait"});
  wanted.wait_for_debugger = true;
  const auto refused = launcher_->launch(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDenied);
}

// A folder of this test's own, with a file to read, a folder to write in, and a file that is nobody's business.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/adyton-sandbox-XXXXXX";
    path_ = ::mkdtemp(name);
    for (const char* file : {"in", "other"}) std::ofstream(path_ / file) << "content of " << file;
    fs::create_directory(path_ / "out");
    for (const char* file : {"in", "other"})
      fs::permissions(path_ / file, fs::perms::owner_read | fs::perms::owner_write);
  }
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] std::string at(const char* name) const { return path_ / name; }
  // For a sandbox whose program is just another user.
  void let_all_in() const {
    fs::permissions(path_, fs::perms::all);
    fs::permissions(path_ / "in", fs::perms::all);
    fs::permissions(path_ / "out", fs::perms::all);
  }

 private:
  fs::path path_;
};

// Root of a container has no right to pass files on: there the program is just another user to them. Opens the folder
// to all then. Returns whether it had to.
bool let_strangers_in(const Folder& folder, SandboxLauncher& launcher, SandboxSpec wanted) {
  wanted.arguments = {"exit", "0"};
  wanted.on_end = nullptr;
  auto launched = launcher.launch(std::move(wanted));
  EXPECT_TRUE(launched);
  const bool stranger = launched && std::ranges::any_of((*launched)->layers(), [](const LayerState& state) {
                          return state.layer == Layer::kFileOwner && state.error != 0;
                        });
  if (stranger) folder.let_all_in();
  return stranger;
}

TEST_F(SandboxTest, FilesOfTheManifestAndNoOthers) {
  const Folder folder;
  auto wanted = spec("behaviour", {"files", folder.at("in"), folder.at("out/made"), folder.at("other")});
  wanted.read_paths = {folder.at("in")};
  wanted.write_paths = {folder.at("out")};
  const bool stranger = let_strangers_in(folder, *launcher_, wanted);
  EXPECT_EQ(run(wanted).text, "exited with status 0");
  EXPECT_TRUE(record_->has("read content of in"));
  EXPECT_FALSE(record_->has("overwrite ok"));
  EXPECT_TRUE(record_->has("write ok"));
  EXPECT_FALSE(record_->has("setuid ok"));
  EXPECT_FALSE(record_->has("chmod ok"));
  EXPECT_FALSE(record_->has("other ok"));
  std::ifstream made(folder.at("out/made"));
  std::string text;
  made >> text;
  EXPECT_EQ(text, "written");
  struct stat info{};
  ASSERT_EQ(::stat(folder.at("out/made").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid == ::geteuid(), !stranger) << "what it writes belongs to the host";
}

TEST_F(SandboxTest, AFileToReadIsNoFileToWrite) {
  const Folder folder;
  auto wanted = spec("behaviour", {"files", folder.at("in"), folder.at("out/made"), folder.at("other")});
  wanted.read_paths = {folder.at("in"), folder.at("out")};
  let_strangers_in(folder, *launcher_, wanted);
  run(wanted);
  EXPECT_TRUE(record_->has("read content of in"));
  EXPECT_FALSE(record_->has("overwrite ok"));
  EXPECT_FALSE(record_->has("write ok"));
  EXPECT_FALSE(fs::exists(folder.at("out/made")));
}

TEST_F(SandboxTest, PathsAreChecked) {
  for (const char* path : {"relative", "/", "/tmp/", "/tmp/../etc", "/tmp/./x", ""}) {
    auto wanted = spec("behaviour", {"exit", "0"});
    wanted.read_paths = {path};
    const auto refused = launcher_->launch(wanted);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid) << path;
  }
  auto wanted = spec("behaviour", {"exit", "0"});
  wanted.write_paths = {"/nonexistent/adyton"};
  const auto refused = launcher_->launch(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
}

// A listening TCP socket on a port of the kernel's choice.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof address;
    auto* name = static_cast<sockaddr*>(static_cast<void*>(&address));
    good_ = ::bind(socket_.get(), name, size) == 0 && ::listen(socket_.get(), 8) == 0 &&
            ::getsockname(socket_.get(), name, &size) == 0;
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  Descriptor socket_;
  bool good_ = false;
  std::uint16_t port_ = 0;
};

TEST_F(SandboxTest, PortsOfTheManifestAndNoOthers) {
  const Listener allowed, other;
  ASSERT_TRUE(allowed.good() && other.good());
  auto wanted = spec("behaviour", {"network", std::to_string(allowed.port()), std::to_string(other.port()), "0"});
  wanted.connect_ports = {allowed.port()};
  auto sandboxed = launch(wanted);
  ASSERT_TRUE(sandboxed);
  ASSERT_TRUE(sandboxed->wait(kLongEnough));
  bool ports_kept = false;
  for (const LayerState& state : sandboxed->layers()) {
    EXPECT_NE(state.layer, Layer::kNetworkNamespace);
    if (state.layer == Layer::kLandlockNetwork) ports_kept = state.error == 0;
  }
  EXPECT_TRUE(record_->has("connect 0 ok"));
  EXPECT_EQ(record_->has("connect 1 Permission denied"), ports_kept);
  EXPECT_TRUE(record_->has("bind 2 Operation not permitted"));
  for (const char* line :
       {"datagram refused", "multipath refused", "unix refused", "raw refused", "fast open refused"}) {
    EXPECT_TRUE(record_->has(line)) << line;
  }
}

TEST_F(SandboxTest, RefusesWhatCannotRun) {
  auto garbage = spec("behaviour");
  const Bytes text = to_bytes("#!/bin/sh\n");
  garbage.executable = text;
  auto refused = launcher_->launch(garbage);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.error().message.starts_with("the sandbox could not be made: executing the image: "))
      << refused.error().message;

  auto zero = spec("behaviour", {std::string("a\0b", 3)});
  refused = launcher_->launch(zero);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
}

TEST_F(SandboxTest, TooLongArgumentsAreRefused) {
  auto wanted = spec("behaviour", {"exit", std::string(1 << 20, 'x')});
  const auto refused = launcher_->launch(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace adyton
