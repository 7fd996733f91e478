// SPDX-License-Identifier: Apache-2.0
// What an enclave's program gets when it asks for a name's address or a library: see no_host_code.cc.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

extern "C" {
int __wrap_getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out);
void __wrap_freeaddrinfo(addrinfo* first);
hostent* __wrap_gethostbyname(const char* name);
void* __wrap_dlopen(const char* name, int flags);
}

namespace {

// "address port family", or the error.
std::string look_up(const char* node, const char* service, const addrinfo& hints = {}) {
  addrinfo* found = nullptr;
  if (const int error = __wrap_getaddrinfo(node, service, &hints, &found)) return gai_strerror(error);
  char host[64] = "", port[16] = "";
  EXPECT_EQ(getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, port, sizeof port,
                        NI_NUMERICHOST | NI_NUMERICSERV),
            0);
  EXPECT_EQ(found->ai_family, found->ai_addr->sa_family);
  EXPECT_EQ(found->ai_socktype, SOCK_STREAM);
  EXPECT_EQ(found->ai_next, nullptr);
  if (hints.ai_flags & AI_CANONNAME) {
    EXPECT_STREQ(found->ai_canonname, node);
  }
  __wrap_freeaddrinfo(found);
  return std::string(host) + " " + port;
}

TEST(NoHostCode, NumericAddressesWork) {
  EXPECT_EQ(look_up("127.0.0.2", "443"), "127.0.0.2 443");
  EXPECT_EQ(look_up("::1", "65535", {.ai_flags = AI_CANONNAME}), "::1 65535");
  EXPECT_EQ(look_up("10.0.0.1", nullptr), "10.0.0.1 0");
  EXPECT_EQ(look_up(nullptr, "80"), "127.0.0.1 80");
  EXPECT_EQ(look_up(nullptr, "80", {.ai_flags = AI_PASSIVE}), "0.0.0.0 80");
  EXPECT_EQ(look_up(nullptr, "80", {.ai_flags = AI_PASSIVE, .ai_family = AF_INET6}), ":: 80");
}

TEST(NoHostCode, NothingElseDoes) {
  EXPECT_EQ(look_up("localhost", "80"), gai_strerror(EAI_NONAME));
  EXPECT_EQ(look_up("::1", "80", {.ai_family = AF_INET}), gai_strerror(EAI_NONAME));
  EXPECT_EQ(look_up("10.0.0.1", "https"), gai_strerror(EAI_SERVICE));
  EXPECT_EQ(look_up("10.0.0.1", "65536"), gai_strerror(EAI_SERVICE));
  EXPECT_EQ(look_up("10.0.0.1", ""), gai_strerror(EAI_SERVICE));
  EXPECT_EQ(look_up("10.0.0.1", "80", {.ai_family = AF_UNIX}), gai_strerror(EAI_FAMILY));
  EXPECT_EQ(look_up(nullptr, nullptr), gai_strerror(EAI_NONAME));
  EXPECT_EQ(__wrap_gethostbyname("localhost"), nullptr);
  EXPECT_EQ(__wrap_dlopen("libm.so.6", 0), nullptr);
}

}  // namespace
