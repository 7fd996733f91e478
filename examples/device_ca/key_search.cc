// SPDX-License-Identifier: Apache-2.0
// Looks for a 32-byte key, known only by its SHA-256, in all memory of a process that root can read:
//   key_search PID SHA256      exit status 0: it is not there; 1: it is
//   key_search --control       makes a key, puts it into a process of its own and looks there: it must be found
// Every aligned window of 32 bytes is hashed, as it is and with its bytes reversed (as big-number libraries keep keys).
#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;
constexpr std::size_t kKeyBytes = 32, kAlignment = 4, kPieceBytes = 1u << 20;

Hash hash_of(const unsigned char* key) {
  Hash hash;
  SHA256(key, kKeyBytes, hash.data());
  return hash;
}

struct Search {
  std::uint64_t read_bytes = 0, refused_bytes = 0, found = 0;
};

void search_piece(const std::vector<unsigned char>& piece, std::size_t size, const Hash& wanted, Search& result) {
  for (std::size_t at = 0; at + kKeyBytes <= size; at += kAlignment) {
    unsigned char key[kKeyBytes];
    std::memcpy(key, &piece[at], kKeyBytes);
    if (std::ranges::count(key, 0) > 8) continue;  // no random key looks like this
    if (hash_of(key) == wanted) ++result.found;
    std::ranges::reverse(key);
    if (hash_of(key) == wanted) ++result.found;
  }
}

// Pieces overlap, so that no window is lost between two of them.
Search search(int process, const Hash& wanted) {
  Search result;
  const std::string folder = "/proc/" + std::to_string(process);
  const int memory = ::open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  std::ifstream maps(folder + "/maps");
  std::vector<unsigned char> piece(kPieceBytes);
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64, &from, &to) != 2) continue;
    for (std::uint64_t at = from; at < to;) {
      const std::size_t want = std::min<std::uint64_t>(kPieceBytes, to - at);
      const ssize_t n = ::pread(memory, piece.data(), want, static_cast<off_t>(at));
      if (n <= 0) {  // not readable, even for root: try the next page
        result.refused_bytes += std::min<std::uint64_t>(4096, to - at);
        at += 4096;
        continue;
      }
      search_piece(piece, static_cast<std::size_t>(n), wanted, result);
      result.read_bytes += static_cast<std::size_t>(n);
      at += static_cast<std::size_t>(n) > kKeyBytes && at + static_cast<std::size_t>(n) < to
                ? static_cast<std::size_t>(n) - kKeyBytes
                : static_cast<std::size_t>(n);
    }
  }
  if (memory >= 0) ::close(memory);
  return result;
}

int control() {
  int ready[2];
  if (::pipe(ready) != 0) return 2;
  const pid_t child = ::fork();
  if (child == 0) {
    auto key = std::make_unique<std::array<unsigned char, kKeyBytes>>();
    RAND_bytes(key->data(), kKeyBytes);
    const Hash hash = hash_of(key->data());
    if (::write(ready[1], hash.data(), hash.size()) < 0) ::_exit(1);
    for (;;) ::pause();
  }
  Hash hash{};
  const bool got = ::read(ready[0], hash.data(), hash.size()) == static_cast<ssize_t>(hash.size());
  const Search result = search(child, hash);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  std::printf("control: a key put into an ordinary process was found %" PRIu64 " time(s) in %.1f MB\n", result.found,
              static_cast<double>(result.read_bytes) / 1e6);
  return got && result.found > 0 ? 0 : 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--control") return control();
  Hash wanted{};
  if (argc != 3 || std::strlen(argv[2]) != 2 * wanted.size()) {
    std::fprintf(stderr, "usage: key_search PID SHA256 | key_search --control\n");
    return 2;
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    unsigned value = 0;
    if (std::sscanf(argv[2] + 2 * i, "%2x", &value) != 1) return 2;
    wanted[i] = static_cast<unsigned char>(value);
  }
  const Search result = search(std::atoi(argv[1]), wanted);
  if (result.read_bytes == 0) {
    std::fprintf(stderr, "key_search: nothing of process %s could be read: run this as root\n", argv[1]);
    return 2;
  }
  std::printf(
      "process %s: %.1f MB could be read and were searched, %.1f MB could not be read; the key was found %" PRIu64
      " times\n",
      argv[1], static_cast<double>(result.read_bytes) / 1e6, static_cast<double>(result.refused_bytes) / 1e6,
      result.found);
  return result.found == 0 ? 0 : 1;
}
