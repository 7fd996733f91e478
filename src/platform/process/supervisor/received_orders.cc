// SPDX-License-Identifier: Apache-2.0
#include "platform/process/supervisor/received_orders.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include <sys/stat.h>
#include <unistd.h>

namespace adyton::supervisor {
namespace {

// Takes one piece after the other; after a piece too long, everything is null and ok() is false.
class Pieces {
 public:
  Pieces(char* at, std::size_t size) : at_(at), left_(size) {}

  template <class T>
  T* take(std::size_t count) {
    T* copy = static_cast<T*>(std::calloc(count + 1, sizeof(T)));
    if (copy == nullptr || count > left_ / sizeof(T)) {
      std::free(copy);
      ok_ = false;
      return nullptr;
    }
    std::memcpy(copy, at_, count * sizeof(T));
    at_ += count * sizeof(T);
    left_ -= count * sizeof(T);
    return copy;
  }

  char** take_strings(std::size_t count) {
    char** list = static_cast<char**>(std::calloc(count + 1, sizeof(char*)));
    if (list == nullptr) ok_ = false;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      const auto* end = static_cast<const char*>(std::memchr(at_, '\0', left_));
      if (end == nullptr) {
        ok_ = false;
        break;
      }
      list[i] = at_;
      left_ -= static_cast<std::size_t>(end - at_) + 1;
      at_ += end - at_ + 1;
    }
    return list;
  }

  [[nodiscard]] bool ok() const { return ok_ && left_ == 0; }

 private:
  char* at_;
  std::size_t left_;
  bool ok_ = true;
};

}  // namespace

ReceivedOrders::~ReceivedOrders() {
  for (void* piece : {static_cast<void*>(filter), static_cast<void*>(fallback), static_cast<void*>(connect_ports),
                      static_cast<void*>(listen_ports), static_cast<void*>(read_paths), static_cast<void*>(write_paths),
                      static_cast<void*>(arguments), static_cast<void*>(environment), static_cast<void*>(bytes_)}) {
    std::free(piece);
  }
}

int ReceivedOrders::read(int descriptor) {
  struct stat info{};
  if (::fstat(descriptor, &info) != 0) return -errno;
  const auto size = static_cast<std::size_t>(info.st_size);
  bytes_ = static_cast<char*>(std::malloc(size + 1));
  if (bytes_ == nullptr) return -ENOMEM;
  if (size < sizeof header || ::pread(descriptor, bytes_, size, 0) != info.st_size) return -EPROTO;
  std::memcpy(&header, bytes_, sizeof header);
  if (header.magic != kOrdersMagic || header.arguments == 0 || header.handed > kMostHanded) return -EPROTO;

  Pieces pieces(bytes_ + sizeof header, size - sizeof header);
  filter = pieces.take<sock_filter>(header.filter_instructions);
  fallback = pieces.take<sock_filter>(header.fallback_instructions);
  connect_ports = pieces.take<std::uint16_t>(header.connect_ports);
  listen_ports = pieces.take<std::uint16_t>(header.listen_ports);
  read_paths = pieces.take_strings(header.read_paths);
  write_paths = pieces.take_strings(header.write_paths);
  arguments = pieces.take_strings(header.arguments);
  environment = pieces.take_strings(header.environment);
  return pieces.ok() ? 0 : -EPROTO;
}

}  // namespace adyton::supervisor
