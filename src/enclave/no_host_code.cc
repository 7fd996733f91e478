// SPDX-License-Identifier: Apache-2.0
// A static C library's getaddrinfo(), gethostbyname() and dlopen() load code from the host's disk. An enclave runs none
// of it: the linker sends these calls here (--wrap, src/enclave/CMakeLists.txt). Numeric addresses still work.
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <string_view>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

namespace {

// What getaddrinfo() gives out: freed as one.
struct Answer {
  addrinfo info{};
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6{};
  };
};

std::optional<in_port_t> parse_port(std::string_view service) {
  in_port_t port = 0;
  const auto [end, error] = std::from_chars(service.data(), service.data() + service.size(), port);
  if (error != std::errc() || end != service.data() + service.size()) return std::nullopt;
  return htons(port);
}

// The address `node` in `family`; without a node that of this machine, or, for a server, all of its addresses.
bool set_address(Answer& answer, int family, const char* node, bool passive, in_port_t port) {
  if (family == AF_INET) {
    answer.v4 = {.sin_family = AF_INET,
                 .sin_port = port,
                 .sin_addr = {htonl(passive ? INADDR_ANY : INADDR_LOOPBACK)},
                 .sin_zero = {}};
    return node == nullptr || ::inet_pton(AF_INET, node, &answer.v4.sin_addr) == 1;
  }
  answer.v6 = {.sin6_family = AF_INET6,
               .sin6_port = port,
               .sin6_flowinfo = 0,
               .sin6_addr = passive ? in6addr_any : in6addr_loopback,
               .sin6_scope_id = 0};
  return node == nullptr || ::inet_pton(AF_INET6, node, &answer.v6.sin6_addr) == 1;
}

}  // namespace

extern "C" {

void __wrap_freeaddrinfo(addrinfo* first) {
  while (first != nullptr) {
    addrinfo* next = first->ai_next;
    std::free(first->ai_canonname);
    delete static_cast<Answer*>(static_cast<void*>(first));
    first = next;
  }
}

int __wrap_getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
  const addrinfo wanted = hints != nullptr ? *hints : addrinfo{};
  if (wanted.ai_family != AF_UNSPEC && wanted.ai_family != AF_INET && wanted.ai_family != AF_INET6) return EAI_FAMILY;
  if (node == nullptr && service == nullptr) return EAI_NONAME;
  const auto port = parse_port(service != nullptr ? service : "0");
  if (!port) return EAI_SERVICE;
  auto* answer = new (std::nothrow) Answer;
  if (answer == nullptr) return EAI_MEMORY;
  answer->info.ai_socktype = wanted.ai_socktype != 0 ? wanted.ai_socktype : SOCK_STREAM;
  answer->info.ai_protocol = wanted.ai_protocol;
  answer->info.ai_addr = &answer->any;
  for (const int family : {AF_INET, AF_INET6}) {
    if (wanted.ai_family != AF_UNSPEC && wanted.ai_family != family) continue;
    if (!set_address(*answer, family, node, (wanted.ai_flags & AI_PASSIVE) != 0, *port)) continue;
    answer->info.ai_family = family;
    answer->info.ai_addrlen = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if ((wanted.ai_flags & AI_CANONNAME) != 0 && node != nullptr) answer->info.ai_canonname = ::strdup(node);
    *out = &answer->info;
    return 0;
  }
  delete answer;
  return EAI_NONAME;  // a name: nobody in here knows any
}

hostent* __wrap_gethostbyname(const char*) {
  h_errno = HOST_NOT_FOUND;
  return nullptr;
}

void* __wrap_dlopen(const char*, int) { return nullptr; }

}  // extern "C"
