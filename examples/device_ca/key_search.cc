// SPDX-License-Identifier: Apache-2.0
// Looks for a 32-byte key, known only by its SHA-256, in all memory of a process that this user can read:
//   key_search PID SHA256   exit status 0: it is not there; 1: it is; 2: the search failed
//   key_search --control    makes a key, puts it into a process of its own and looks there: it must be found
// Every window of 32 bytes at every address is hashed, as it is and reversed (as big-number libraries keep keys), but
// for those of fewer than 20 different bytes: of random keys, one in 10^11 is like that; of programs, most parts are.
// So that a search which finds nothing is not one that sees nothing, it looks for 32 bytes of OpenSSL's code (the
// beginning of AES's S-box) at the same time, which must be found.
#include <algorithm>
#include <array>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t kKeyBytes = 32, kPieceBytes = 1u << 20;
constexpr int kLeastDifferent = 20;
using Window = std::array<unsigned char, kKeyBytes>;
using Hash = std::array<unsigned char, 32>;

Hash hash_of(const Window& window) {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static EVP_MD_CTX* const context = EVP_MD_CTX_new();
  Hash hash;
  EVP_DigestInit_ex2(context, algorithm, nullptr);
  EVP_DigestUpdate(context, window.data(), window.size());
  EVP_DigestFinal_ex(context, hash.data(), nullptr);
  return hash;
}

// Calls visit(window) for each window of `bytes` that could be a key.
template <class Visit>
void for_each_window(const unsigned char* bytes, std::size_t size, Visit&& visit) {
  std::array<int, 256> counts{};
  int different = 0;
  for (std::size_t end = 0; end < size; ++end) {
    if (counts[bytes[end]]++ == 0) ++different;
    if (end >= kKeyBytes && --counts[bytes[end - kKeyBytes]] == 0) --different;
    if (end + 1 < kKeyBytes || different < kLeastDifferent) continue;
    Window window;
    std::memcpy(window.data(), bytes + end + 1 - kKeyBytes, kKeyBytes);
    visit(window);
  }
}

constexpr Window kAesSbox = {0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67,
                             0x2b, 0xfe, 0xd7, 0xab, 0x76, 0xca, 0x82, 0xc9, 0x7d, 0xfa, 0x59,
                             0x47, 0xf0, 0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4, 0x72, 0xc0};

struct Search {
  std::uint64_t read_bytes = 0, refused_bytes = 0;
  std::uint64_t key_found = 0, known_found = 0;
};

void search_piece(const unsigned char* bytes, std::size_t size, const Hash& key, const Hash& known, Search& result) {
  for_each_window(bytes, size, [&](Window window) {
    const Hash forward = hash_of(window);
    std::ranges::reverse(window);
    result.key_found += (forward == key) + (hash_of(window) == key);
    result.known_found += forward == known;
  });
}

Search search(int process, const Hash& key, const Hash& known) {
  Search result;
  const std::string folder = "/proc/" + std::to_string(process);
  const int memory = ::open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  std::ifstream maps(folder + "/maps");
  std::vector<unsigned char> piece(kPieceBytes);
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64, &from, &to) != 2) continue;
    std::size_t kept = 0;  // the end of the last piece, so that no window is lost between two
    for (std::uint64_t at = from; at < to;) {
      const std::size_t wanted = std::min<std::uint64_t>(kPieceBytes - kept, to - at);
      const ssize_t got = ::pread(memory, piece.data() + kept, wanted, static_cast<off_t>(at));
      if (got <= 0) {  // the kernel refuses this page: try the next
        const std::uint64_t page = std::min<std::uint64_t>(4096, to - at);
        result.refused_bytes += page;
        at += page;
        kept = 0;
        continue;
      }
      const std::size_t size = kept + static_cast<std::size_t>(got);
      search_piece(piece.data(), size, key, known, result);
      result.read_bytes += static_cast<std::size_t>(got);
      at += static_cast<std::size_t>(got);
      kept = std::min(size, kKeyBytes - 1);
      std::memmove(piece.data(), piece.data() + size - kept, kept);
    }
  }
  if (memory >= 0) ::close(memory);
  return result;
}

double megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

int control() {
  int ready[2];
  if (::pipe(ready) != 0) return 2;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto key = std::make_unique<Window>();
    RAND_bytes(key->data(), kKeyBytes);
    const Hash hash = hash_of(*key);
    if (::write(ready[1], hash.data(), hash.size()) < 0) ::_exit(1);
    for (;;) ::pause();
  }
  Hash hash{};
  const bool got = ::read(ready[0], hash.data(), hash.size()) == static_cast<ssize_t>(hash.size());
  const Search result = search(child, hash, hash);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  std::printf("control: a key in an ordinary process is found, %" PRIu64 " time(s) in %.1f MB\n", result.key_found,
              megabytes(result.read_bytes));
  return got && result.key_found > 0 ? 0 : 2;
}

bool parse_hash(const char* text, Hash& out) {
  if (std::strlen(text) != 2 * out.size()) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    unsigned value = 0;
    if (std::sscanf(text + 2 * i, "%2x", &value) != 1) return false;
    out[i] = static_cast<unsigned char>(value);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--control") return control();
  Hash key{};
  if (argc != 3 || !parse_hash(argv[2], key)) {
    std::fprintf(stderr, "usage: key_search PID SHA256 | key_search --control\n");
    return 2;
  }
  const Search result = search(std::atoi(argv[1]), key, hash_of(kAesSbox));
  std::printf("process %s: %.1f MB were read and searched, %.1f MB the kernel refuses to everybody;\n", argv[1],
              megabytes(result.read_bytes), megabytes(result.refused_bytes));
  std::printf("  the key was found %" PRIu64 " times, a known piece of OpenSSL %" PRIu64 " time(s)\n", result.key_found,
              result.known_found);
  if (result.key_found != 0) return 1;
  return result.known_found != 0 ? 0 : 2;
}
