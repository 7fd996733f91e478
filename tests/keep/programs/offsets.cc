// SPDX-License-Identifier: Apache-2.0
// The offset of a file: after an append, and when several threads read and write by one descriptor.
#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

void appends() {
  const int file = open("/tmp/appended", O_CREAT | O_TRUNC | O_RDWR | O_APPEND, 0600);
  (void)!write(file, "0123456789", 10);
  lseek(file, 2, SEEK_SET);
  (void)!write(file, "xy", 2);
  std::cout << lseek(file, 0, SEEK_CUR);
  const int other = open("/tmp/appended", O_WRONLY | O_APPEND);
  (void)!write(other, "by the other", 12);
  lseek(file, 0, SEEK_SET);
  char bytes[8];
  std::cout << " " << write(file, "z", 1) << read(file, bytes, sizeof(bytes)) << " " << lseek(other, 0, SEEK_CUR)
            << "\n";
  close(file);
  close(other);
  unlink("/tmp/appended");
}

void races() {
  constexpr int kThreads = 3, kRounds = 10'000, kBytes = 16;
  const int file = open("/tmp/raced", O_CREAT | O_TRUNC | O_RDWR, 0600);
  {
    std::vector<std::jthread> threads;
    for (int index = 0; index < kThreads; ++index) {
      threads.emplace_back([file, index] {
        char bytes[kBytes];
        std::memset(bytes, 'a' + index, sizeof(bytes));
        iovec parts[2] = {{bytes, 6}, {bytes + 6, 10}};
        for (int round = 0; round < kRounds; ++round) {
          if (index == 2) {
            (void)!writev(file, parts, 2);
          } else {
            (void)!write(file, bytes, sizeof(bytes));
          }
        }
      });
    }
  }
  std::cout << lseek(file, 0, SEEK_END) << lseek(file, 0, SEEK_SET) << "\n";
  std::vector<std::map<std::string, int>> seen(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int index = 0; index < kThreads; ++index) {
      threads.emplace_back([file, &found = seen[std::size_t(index)]] {
        char bytes[kBytes];
        while (read(file, bytes, sizeof(bytes)) == kBytes) ++found[std::string(bytes, kBytes)];
      });
    }
  }
  std::map<std::string, int> all;
  for (const auto& one : seen) {
    for (const auto& [bytes, count] : one) all[bytes] += count;
  }
  for (const auto& [bytes, count] : all) std::cout << bytes << count << "\n";

  lseek(file, 0, SEEK_SET);
  const int copy = open("/tmp/copied", O_CREAT | O_TRUNC | O_RDWR, 0600);
  while (sendfile(copy, file, nullptr, 10'000) > 0) {
  }
  std::cout << lseek(copy, 0, SEEK_CUR) << lseek(file, 0, SEEK_CUR) << std::endl;
  close(copy);
  close(file);
  unlink("/tmp/copied");
  unlink("/tmp/raced");
}

}  // namespace

int main() {
  appends();
  races();
  return 0;
}
