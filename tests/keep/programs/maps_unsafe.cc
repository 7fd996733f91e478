// SPDX-License-Identifier: Apache-2.0
// Files mapped.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <string>

int main() {
  const int file = memfd_create("file", MFD_CLOEXEC);
  const std::string text(9000, 't');
  (void)!write(file, text.data(), text.size());
  // SAFETY: fresh addresses, used within their 9000 bytes and not after munmap().
  auto* mapped = static_cast<char*>(mmap(nullptr, 9000, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0));
  std::cout << (std::memcmp(mapped, text.data(), text.size()) == 0) << int(mapped[9100]) << "\n";
  mapped[0] = 'x';
  char first = 0;
  std::cout << pread(file, &first, 1, 0) << first << munmap(mapped, 9000) << "\n";
  // SAFETY: likewise; the second page of the file.
  const auto* second = static_cast<const char*>(mmap(nullptr, 100, PROT_READ, MAP_PRIVATE, file, 4096));
  std::cout << second[99] << "\n";
  // SAFETY: nothing is there, and nothing is done.
  std::cout << munmap(reinterpret_cast<void*>(0x10000), 4096) << "\n";
  // SAFETY: likewise; more than there can be.
  std::cout << (munmap(reinterpret_cast<void*>(0x10000), ~0ul) == -1 && errno == EINVAL) << "\n";
  // SAFETY: fails, as there is no such descriptor.
  std::cout << (mmap(nullptr, 100, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED) << (errno == EBADF) << std::endl;
  return 0;
}
