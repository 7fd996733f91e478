// SPDX-License-Identifier: Apache-2.0
// Sockets' system calls, and what their files share. As calls.h: a value, or minus errno.
#pragma once

#include <cstdint>

#include "keep/held.h"
#include "keep/kernel.h"

namespace adyton::keep {

// calls_sockets.cc
std::int64_t call_socket(Kernel& kernel, std::uint64_t domain, std::uint64_t type, std::uint64_t protocol);
std::int64_t call_bind(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_listen(Kernel& kernel, std::uint64_t fd, std::uint64_t backlog);
std::int64_t call_connect(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_accept(Kernel& kernel, ThreadState& thread, const Frame& frame, std::uint64_t flags);
std::int64_t call_getsockname(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_getpeername(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_shutdown(Kernel& kernel, std::uint64_t fd, std::uint64_t how);
std::int64_t call_setsockopt(Kernel& kernel, const Frame& frame);
std::int64_t call_getsockopt(Kernel& kernel, const Frame& frame);
std::int64_t call_socketpair(Kernel& kernel, const Frame& frame);

// calls_messages.cc
std::int64_t call_sendto(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_recvfrom(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_sendmsg(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_recvmsg(Kernel& kernel, ThreadState& thread, const Frame& frame);
// Of a socket or one of a pair, as send() and recv() with `flags`; read() and write() are those without any.
std::int64_t receive(Kernel& kernel, ThreadState& thread, OpenFile& file, void* to, std::uint64_t bytes,
                     std::uint64_t flags);
std::int64_t send(Kernel& kernel, ThreadState& thread, OpenFile& file, const void* from, std::uint64_t bytes,
                  std::uint64_t flags);
// MSG_
inline constexpr std::uint64_t kPeek = 0x2, kDontWait = 0x40, kWaitAll = 0x100, kNoSignal = 0x4000, kMore = 0x8000;
// Of what was EPIPE: SIGPIPE to the thread, unless `flags` have kNoSignal.
void signal_broken_pipe(Kernel& kernel, const ThreadState& thread, std::uint64_t flags = 0);

// TCP. Nothing: EBADF, ENOTSOCK, and EINVAL of a pair.
Held socket_file(Kernel& kernel, std::uint64_t descriptor, std::int64_t& error);
void close_socket(Kernel& kernel, std::uint64_t number);

// An address of the application's, which must be of the socket's domain.
std::int64_t take_address(Kernel& kernel, const Socket& socket, std::uint64_t from, std::uint64_t bytes,
                          SocketAddress& address);
// Likewise to it, with the size where it has put the room.
std::int64_t give_address(Kernel& kernel, const SocketAddress& address, std::uint64_t to, std::uint64_t size_at);
// From and to the beginning of the host's page. False: it cannot be one of the socket's domain.
bool take_host_address(const ThreadState& thread, const Socket& socket, std::uint64_t bytes, SocketAddress& address);
void put_address(const ThreadState& thread, const SocketAddress& address);

// calls_channels.cc: AF_UNIX stream pairs are two pipes. `object`: the one to read from, and shifted by 32 the other.
std::int64_t open_pair(Kernel& kernel, std::uint64_t type_flags, std::uint32_t& one, std::uint32_t& other);
std::int64_t receive_pair(Kernel& kernel, ThreadState& thread, const OpenFile& file, void* to, std::uint64_t bytes,
                          std::uint64_t flags);
std::int64_t send_pair(Kernel& kernel, ThreadState& thread, const OpenFile& file, const void* from, std::uint64_t bytes,
                       std::uint64_t flags);
void shut_pair(Kernel& kernel, const OpenFile& file, bool reading, bool writing);

}  // namespace adyton::keep
