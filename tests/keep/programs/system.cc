// SPDX-License-Identifier: Apache-2.0
// What the C++ library and common programs ask of files and of the process.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>  // memfd_create
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/times.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <clocale>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <locale>
#include <sstream>
#include <string>

namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void links(const fs::path& top) {
  std::ofstream(top / "real") << "content";
  fs::create_directory(top / "folder");
  fs::create_symlink("real", top / "link");
  fs::create_directory_symlink(top / "folder", top / "way");
  fs::create_symlink("loop", top / "loop");
  std::cout << content(top / "link") << " " << fs::read_symlink(top / "link") << fs::is_symlink(top / "link")
            << fs::is_symlink(top / "real") << fs::file_size(top / "link") << "\n";
  std::ofstream(top / "way" / "inner") << "through";
  std::cout << content(top / "folder" / "inner") << " "
            << fs::canonical(top / "way" / "inner").lexically_relative(fs::canonical(top)) << "\n";
  std::error_code error;
  (void)fs::file_size(top / "loop", error);
  std::cout << error.message() << " " << fs::exists(top / "nothing") << "\n";
  std::cout << open((top / "link").c_str(), O_RDONLY | O_NOFOLLOW) << (errno == ELOOP) << "\n";
  fs::remove(top / "link");
  fs::copy_file(top / "real", top / "copied");
  std::cout << content(top / "copied") << fs::exists(top / "real") << "\n";
  fs::copy(top / "folder", top / "second", fs::copy_options::recursive);
  std::cout << content(top / "second" / "inner") << "\n";
}

void times(const fs::path& top) {
  const auto when = fs::file_time_type(std::chrono::seconds(-1'000'000'000));
  fs::last_write_time(top / "real", when);
  std::cout << (fs::last_write_time(top / "real") == when) << "\n";
  fs::permissions(top / "real", fs::perms::owner_read);
  std::cout << int(fs::status(top / "real").permissions()) << "\n";
  const auto space = fs::space(top);
  std::cout << (space.capacity > 0 && space.free <= space.capacity) << "\n";
}

void descriptors(const fs::path& top) {
  const int nameless = memfd_create("nameless", MFD_CLOEXEC);
  const int file = open((top / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  std::cout << posix_fallocate(file, 0, 10'000) << lseek(file, 0, SEEK_END) << "\n";
  (void)!ftruncate(file, 0);
  lseek(file, 0, SEEK_SET);
  const std::string text(9000, 't');
  (void)!write(nameless, text.data(), text.size());
  off_t offset = 1000;
  std::cout << sendfile(file, nameless, &offset, 100'000) << " " << offset << "\n";
  off_t from = 0, to = 0;  // not every file system of Linux can
  const ssize_t copied = copy_file_range(nameless, &from, file, &to, 20, 0);
  std::cout << ((copied == 20 && from == 20 && to == 20) || copied == -1) << "\n";
  std::cout << flock(file, LOCK_EX | LOCK_NB);
  struct flock lock{};
  lock.l_type = F_WRLCK;
  std::cout << fcntl(file, F_SETLK, &lock) << "\n";
  const std::string again = "/proc/self/fd/" + std::to_string(file);
  std::cout << fs::read_symlink(again).filename() << "\n";
  const int copy = open(("/dev/fd/" + std::to_string(file)).c_str(), O_RDONLY);
  std::cout << (copy > file) << "\n";
  const int temporary = open(top.c_str(), O_TMPFILE | O_RDWR, 0600);
  std::cout << write(temporary, "x", 1) << "\n";
  for (const int one : {nameless, file, copy, temporary}) close(one);
  umask(077);
  std::ofstream(top / "private") << "x";
  struct stat information{};
  stat((top / "private").c_str(), &information);
  std::cout << std::oct << (information.st_mode & 0777) << umask(022) << std::dec << "\n";
}

void process(char** arguments) {
  std::string line = content("/proc/self/cmdline"), expected;
  for (char** argument = arguments; *argument != nullptr; ++argument) expected += std::string(*argument) + '\0';
  std::cout << (line == expected) << "\n";
  const std::string status = content("/proc/self/status");
  std::cout << status.contains("\nPid:\t" + std::to_string(getpid()) + "\n") << status.contains("\nThreads:\t1\n")
            << "\n";
  std::cout << content("/proc/self/stat").starts_with(std::to_string(getpid()) + " (")
            << content("/proc/self/maps").contains(" rw-p ") << "\n";
  const std::string memory = content("/proc/meminfo");
  for (const char* name : {"MemTotal:", "MemFree:", "MemAvailable:", "Hugepagesize:"}) {
    const auto at = memory.find(name);
    std::cout << (at != memory.npos && std::stoul(memory.substr(at + std::strlen(name))) > 0);
  }
  std::cout << "\n";
  prctl(PR_SET_NAME, "renamed");
  std::cout << content("/proc/self/comm");
  rusage usage{};
  std::cout << getrusage(RUSAGE_SELF, &usage) << (usage.ru_maxrss > 0) << "\n";
  tms spent{};
  std::cout << (::times(&spent) != -1) << "\n";
  std::cout << setuid(getuid()) << (getgroups(0, nullptr) >= 0) << "\n";
}

void locales() {
  std::cout << (std::setlocale(LC_ALL, "C.UTF-8") != nullptr || true) << std::locale().name() << "\n";
  std::ostringstream out;
  out.imbue(std::locale::classic());
  const std::tm day{.tm_mday = 22, .tm_mon = 10, .tm_year = 126, .tm_wday = 0};
  out << std::put_time(&day, "%A, %d. %B %Y") << " " << std::setprecision(12) << 1234567.25 << " " << std::hexfloat
      << 0.1;
  std::cout << out.str() << "\n";
  const auto date = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);
  std::cout << date.time_since_epoch().count() << " " << unsigned(std::chrono::weekday(date).iso_encoding()) << "\n";
}

}  // namespace

int main(int, char** arguments) {
  const fs::path top = fs::temp_directory_path() / ("adyton-system-" + std::to_string(getpid()));
  fs::remove_all(top);
  fs::create_directories(top);
  links(top);
  times(top);
  descriptors(top);
  process(arguments);
  locales();
  std::cout << (fs::remove_all(top) > 5) << std::endl;
  return 0;
}
