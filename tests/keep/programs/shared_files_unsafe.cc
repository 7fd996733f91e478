// SPDX-License-Identifier: Apache-2.0
// Works with files that its host keeps. `FOLDER FILE`: does everything there; `FOLDER FILE again`: looks what is left;
// `refused PATH...`: says of each what opening, listing, making, renaming and removing it comes to.
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

namespace {

std::string top;

std::string at(std::string_view name) { return top + "/" + std::string(name); }
const char* outcome(long result) { return result < 0 ? strerror(errno) : "done"; }
void say(std::string_view what, long result) { std::cout << what << ": " << outcome(result) << "\n"; }

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void reads_and_writes() {
  const int file = open(at("file").c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  say("make", file);
  say("make again", open(at("file").c_str(), O_RDWR | O_CREAT | O_EXCL, 0640));
  std::string big(200'003, 'x');
  for (std::size_t index = 0; index < big.size(); ++index) big[index] = static_cast<char>('a' + index % 23);
  std::cout << write(file, big.data(), big.size()) << " " << lseek(file, 0, SEEK_CUR) << "\n";
  std::cout << pwrite(file, "HERE", 4, 100'000) << " " << lseek(file, -3, SEEK_END) << "\n";
  std::string back(300'000, '-');
  std::cout << read(file, back.data(), 10) << " " << pread(file, back.data(), back.size(), 0) << "\n";
  big.replace(100'000, 4, "HERE");
  std::cout << (back.substr(0, big.size()) == big) << " " << back[big.size()] << "\n";
  std::cout << pread(file, back.data(), 5, 1'000'000) << " " << lseek(file, 0, SEEK_CUR) << "\n";
  struct stat info{}, by_path{};
  fstat(file, &info);
  stat(at("file").c_str(), &by_path);
  std::cout << info.st_size << " " << S_ISREG(info.st_mode) << " " << std::oct << (info.st_mode & 0777) << std::dec
            << " " << (info.st_ino == by_path.st_ino && info.st_dev == by_path.st_dev) << "\n";
  say("sync", fsync(file));
  say("sync data", fdatasync(file));
  say("shorten", ftruncate(file, 7));
  say("lengthen", ftruncate(file, 12));
  std::cout << pread(file, back.data(), 100, 0) << " " << back.substr(0, 7) << " " << int(back[7]) << int(back[11])
            << "\n";
  close(file);
  say("truncate", truncate(at("file").c_str(), 3));
  std::cout << contents(at("file")) << "\n";
  say("open to read", open(at("file/").c_str(), O_RDONLY));
  const int reader = open(at("file").c_str(), O_RDONLY);
  say("write", write(reader, "no", 2));
  close(reader);
}

void appends() {
  const int one = open(at("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), two = open(at("log").c_str(), O_RDWR);
  std::cout << write(one, "first ", 6) << write(one, "second ", 7) << write(two, "FIRST", 5) << write(one, "third", 5)
            << " " << lseek(one, 0, SEEK_CUR) << " " << lseek(two, 0, SEEK_CUR) << "\n";
  fcntl(two, F_SETFL, O_APPEND);
  std::cout << write(two, ".\n", 2) << " " << lseek(two, 0, SEEK_CUR) << " " << (fcntl(two, F_GETFL) & O_APPEND)
            << "\n";
  close(one);
  close(two);
  std::cout << contents(at("log"));
  std::ofstream(at("log"), std::ios::trunc) << "new\n";
  std::cout << contents(at("log"));
}

void list(const std::string& path) {
  DIR* const folder = opendir(path.c_str());
  if (folder == nullptr) return say("list", -1);
  for (int time = 0; time < 2; ++time) {
    std::vector<std::string> names;
    while (const dirent* entry = readdir(folder))
      names.push_back(entry->d_name + std::string(entry->d_type == DT_DIR ? "/" : ""));
    std::sort(names.begin(), names.end());
    std::cout << names.size();
    if (names.size() < 20) {
      for (const std::string& name : names) std::cout << " " << name;
    }
    std::cout << "\n";
    rewinddir(folder);
  }
  closedir(folder);
}

void folders() {
  say("folder", mkdir(at("sub").c_str(), 0755));
  say("folder again", mkdir(at("sub").c_str(), 0755));
  const int folder = open(at("sub").c_str(), O_RDONLY | O_DIRECTORY);
  say("deeper", mkdirat(folder, "deeper", 0700));
  const int inner = openat(folder, "./deeper/../inner", O_WRONLY | O_CREAT, 0644);
  std::cout << write(inner, "inner", 5) << " " << contents(at("sub//inner")) << "\n";
  close(inner);
  list(at("sub"));
  say("sync folder", fsync(folder));
  say("read a folder", read(folder, &top, 1));
  say("write a folder", open(at("sub").c_str(), O_WRONLY));
  say("unlink a folder", unlink(at("sub").c_str()));
  say("remove it", rmdir(at("sub").c_str()));
  say("rmdir a file", rmdir(at("file").c_str()));
  say("through a file", open(at("file/x").c_str(), O_RDONLY));
  say("what is not there", open(at("none").c_str(), O_RDWR));
  say("rename", rename(at("file").c_str(), at("sub/moved").c_str()));
  say("rename over", renameat(folder, "moved", folder, "inner"));
  say("rename on none", renameat2(folder, "inner", folder, "deeper", RENAME_NOREPLACE));
  say("rename into itself", rename(at("sub").c_str(), at("sub/deeper/below").c_str()));
  say("rename a file as a folder", rename(at("log/").c_str(), at("gol").c_str()));
  std::cout << contents(at("sub/inner")) << " " << access(at("file").c_str(), F_OK) << "\n";
  struct stat info{};
  std::cout << fstatat(folder, "deeper", &info, 0) << S_ISDIR(info.st_mode) << fstatat(folder, "inner/", &info, 0)
            << " " << fstat(folder, &info) << S_ISDIR(info.st_mode) << "\n";
  char target[64];
  say("readlink", readlink(at("log").c_str(), target, sizeof(target)));
  std::cout << "link outside: " << (symlink("log", at("../none/outside").c_str()) < 0) << "\n";

  say("go there", chdir(at("sub").c_str()));
  std::cout << fs::current_path().lexically_relative(top) << " " << fs::exists("inner") << fs::exists("../log") << "\n";
  say("up", chdir(".."));
  std::cout << fs::current_path().lexically_relative(top) << " " << contents("log");
  say("back", fchdir(folder));
  std::cout << fs::current_path().lexically_relative(top) << " "
            << fs::canonical("../sub/./inner").lexically_relative(top) << "\n";
  close(folder);
  chdir("/");

  fs::create_directories(at("many/a/b"));
  for (int index = 0; index < 1500; ++index) std::ofstream(at("many/a/") + std::to_string(index)) << index;
  list(at("many/a"));
  std::uintmax_t size = 0, count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(at("many"))) {
    ++count;
    if (entry.is_regular_file()) size += entry.file_size();
  }
  std::cout << count << " with " << size << "\n";
  std::cout << fs::remove_all(at("many")) << " removed " << fs::exists(at("many")) << "\n";
}

void maps() {
  std::ofstream(at("map")) << "to be mapped";
  const int file = open(at("map").c_str(), O_RDWR);
  // SAFETY: a file of twelve bytes, of which no more is looked at, and none of it twice.
  char* const copy = static_cast<char*>(mmap(nullptr, 12, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0));
  const char* const shared = static_cast<const char*>(mmap(nullptr, 12, PROT_READ, MAP_SHARED, file, 0));
  copy[0] = 'T';
  std::cout << std::string(copy, 12) << " " << std::string(shared, 12) << " " << contents(at("map")) << "\n";
  munmap(copy, 12);
  const int other = open(at("copy").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0644);
  std::cout << copy_file_range(file, nullptr, other, nullptr, 100, 0) << " " << contents(at("copy")) << "\n";
  say("reserve", fallocate(other, 0, 0, 5000));
  std::cout << fs::file_size(at("copy")) << "\n";

  epoll_event event{};
  say("watch", epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, file, &event));

  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_len = 10;
  say("lock", fcntl(file, F_SETLK, &lock));
  say("lock and wait", fcntl(file, F_SETLKW, &lock));
  std::cout << fcntl(file, F_GETLK, &lock) << (lock.l_type == F_UNLCK) << "\n";
  struct flock own{};  // of the open file, not of the process
  own.l_type = F_WRLCK;
  own.l_whence = SEEK_END;
  own.l_start = -2;
  const int third = open(at("copy").c_str(), O_RDWR);
  say("own lock", fcntl(other, F_OFD_SETLK, &own));
  say("the same of another", fcntl(third, F_OFD_SETLK, &own));
  std::cout << fcntl(third, F_OFD_GETLK, &own) << (own.l_type == F_WRLCK) << " " << own.l_start << " " << own.l_len
            << " " << own.l_pid << "\n";
  say("flock", flock(other, LOCK_EX | LOCK_NB));
  say("flock of another", flock(third, LOCK_SH | LOCK_NB));
  close(other);
  say("flock when it is free", flock(third, LOCK_SH));
  close(third);
  const timespec times[2] = {{5, 6}, {1'000'000'007, 8}};
  say("times", utimensat(AT_FDCWD, at("copy").c_str(), times, 0));
  say("times", futimens(file, times));
  struct stat info{};
  stat(at("copy").c_str(), &info);
  std::cout << info.st_mtim.tv_sec << " " << info.st_mtim.tv_nsec << "\n";
  close(file);

  const int gone = open(at("gone").c_str(), O_RDWR | O_CREAT, 0644);
  say("unlink", unlink(at("gone").c_str()));
  char back[5] = {};
  std::cout << write(gone, "still", 5) << pread(gone, back, 4, 1) << back << " " << fs::exists(at("gone")) << "\n";
  close(gone);
}

void run(const char* text) {
  sqlite3* base = nullptr;
  char* error = nullptr;
  sqlite3_open(at("base").c_str(), &base);
  const auto row = [](void*, int count, char** values, char**) {
    for (int index = 0; index < count; ++index) std::cout << values[index] << " ";
    return 0;
  };
  const int done = sqlite3_exec(base, text, row, nullptr, &error);
  std::cout << (done == SQLITE_OK ? "ok" : error) << "\n";
  sqlite3_close(base);
}

void look_into_data_base() { run("select count(*), sum(n), max(text) from t; pragma integrity_check;"); }

void data_base() {
  run("create table t(n integer primary key, text); begin;"
      "with recursive c(n) as (select 1 union all select n + 1 from c where n < 5000) insert into t select n, 'row ' "
      "|| n from c;"
      "commit;");
  run("begin; delete from t where n % 2; rollback; delete from t where n > 4000; vacuum;");
  look_into_data_base();
}

int refused(int count, char** paths) {
  for (int index = 0; index < count; ++index) {
    const std::string path = paths[index];
    const auto word = [](long result) { return result < 0 ? " refused" : " DONE"; };
    std::cout << index << word(open(path.c_str(), O_RDONLY)) << word(open(path.c_str(), O_WRONLY | O_APPEND))
              << word(truncate(path.c_str(), 0)) << word(rename(path.c_str(), (path + "2").c_str()))
              << word(unlink(path.c_str())) << word(rmdir(path.c_str())) << "\n";
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  if (std::string_view(arguments[1]) == "refused") return refused(count - 2, arguments + 2);
  top = arguments[1];
  if (count == 3) {
    reads_and_writes();
    appends();
    folders();
    maps();
    data_base();
  } else {
    std::cout << contents(at("log"));
    look_into_data_base();
  }
  std::ofstream(arguments[2], std::ios::app) << "and one line\n";
  std::cout << contents(arguments[2]);
  list(top);
  return 0;
}
