// SPDX-License-Identifier: Apache-2.0
// What the host writes is what the supervisor reads.
#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include "platform/process/orders_writer.h"
#include "platform/process/sealed_file.h"
#include "platform/process/supervisor/received_orders.h"

namespace adyton {
namespace {

Orders example() {
  return {.flags = supervisor::kHasChannel | supervisor::kKeepNetwork,
          .user = 12345,
          .open_files = 64,
          .stack_bytes = 1 << 20,
          .address_space_bytes = 1ull << 40,
          .filter = {{1, 2, 3, 4}, {5, 6, 7, 8}},
          .fallback = {{9, 10, 11, 12}},
          .connect_ports = {443},
          .listen_ports = {80, 8080, 8443},
          .read_paths = {"/etc/a", "/etc/b"},
          .write_paths = {"/var/c"},
          .arguments = {"name", "", "last"},
          .environment = {"A=b"}};
}

int read(BytesView bytes, supervisor::ReceivedOrders& out) {
  const auto file = make_sealed_file("orders", bytes, 0400);
  EXPECT_TRUE(file);
  return out.read(file->get());
}

std::vector<std::string> list(char** strings) {
  std::vector<std::string> out;
  for (; *strings != nullptr; ++strings) out.emplace_back(*strings);
  return out;
}

TEST(Orders, ArriveAsTheyWere) {
  const Orders sent = example();
  supervisor::ReceivedOrders got;
  ASSERT_EQ(read(*encode_orders(sent), got), 0);
  EXPECT_TRUE(got.has(supervisor::kHasChannel));
  EXPECT_FALSE(got.has(supervisor::kWaitForDebugger));
  EXPECT_EQ(got.header.user, 12345u);
  EXPECT_EQ(got.header.open_files, 64u);
  EXPECT_EQ(got.header.stack_bytes, 1u << 20);
  EXPECT_EQ(got.header.address_space_bytes, 1ull << 40);
  EXPECT_EQ(got.filter[1].k, 8u);
  EXPECT_EQ(got.fallback[0].code, 9u);
  EXPECT_EQ(got.connect_ports[0], 443);
  EXPECT_EQ(got.listen_ports[2], 8443);
  EXPECT_EQ(list(got.read_paths), sent.read_paths);
  EXPECT_EQ(list(got.write_paths), sent.write_paths);
  EXPECT_EQ(list(got.arguments), sent.arguments);
  EXPECT_EQ(list(got.environment), sent.environment);
}

TEST(Orders, EveryTruncationIsNoticed) {
  const Bytes whole = *encode_orders(example());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    supervisor::ReceivedOrders got;
    EXPECT_EQ(read(BytesView(whole).first(size), got), -EPROTO) << size;
  }
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  supervisor::ReceivedOrders got;
  EXPECT_EQ(read(longer, got), -EPROTO);
}

TEST(Orders, ZeroBytesAreRefused) {
  Orders orders = example();
  orders.environment.push_back(std::string("A=\0", 3));
  const auto encoded = encode_orders(orders);
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace adyton
