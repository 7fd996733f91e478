// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/runner_orders.h"

#include "base/cbor.h"
#include "base/error.h"
#include "image/elf_file.h"

namespace adyton {
namespace {

constexpr std::string_view kFormat = "adyton-sgx-runner-3";

void write_pages(cbor::Writer& writer, const SgxPages& pages) {
  writer.array(5)
      .unsigned_integer(pages.offset)
      .unsigned_integer(pages.count)
      .unsigned_integer(secinfo_flags(pages))
      .boolean(pages.extended)
      .bytes(pages.content);
}

Result<SgxPages> read_pages(cbor::Reader& reader) {
  TRY(reader.read_array_head(5));
  SgxPages out;
  out.offset = TRY(reader.read_unsigned());
  out.count = TRY(reader.read_unsigned());
  const std::uint64_t flags = TRY(reader.read_unsigned());
  out.readable = (flags & 1) != 0;
  out.writable = (flags & 2) != 0;
  out.executable = (flags & 4) != 0;
  if (flags >> 8 == static_cast<std::uint64_t>(SgxPageType::kTcs)) out.type = SgxPageType::kTcs;
  if (secinfo_flags(out) != flags) return invalid("pages whose SECINFO.FLAGS are {:#x}", flags);
  out.extended = TRY(reader.read_boolean());
  out.content = TRY(reader.read_bytes());
  const std::uint64_t given = out.content.size();
  if (given % kPageBytes != 0 || (given != 0 && given / kPageBytes != out.count) ||
      (given == 0 && out.type == SgxPageType::kTcs)) {
    return invalid("{} bytes as the content of {} pages", given, out.count);
  }
  return out;
}

void write_plan(cbor::Writer& writer, const SgxPlan& plan) {
  writer.array(7)
      .unsigned_integer(plan.size)
      .unsigned_integer(plan.ssa_frame_pages)
      .unsigned_integer(plan.misc_select)
      .unsigned_integer(plan.attributes.flags)
      .unsigned_integer(plan.attributes.xfrm)
      .unsigned_integer(plan.app_offset);
  writer.array(plan.pages.size());
  for (const SgxPages& pages : plan.pages) write_pages(writer, pages);
}

Result<std::uint32_t> read_word(cbor::Reader& reader) {
  const std::uint64_t value = TRY(reader.read_unsigned());
  if (value > UINT32_MAX) return invalid("{:#x} has more than 32 bits", value);
  return static_cast<std::uint32_t>(value);
}

Result<SgxPlan> read_plan(cbor::Reader& reader) {
  TRY(reader.read_array_head(7));
  SgxPlan out;
  out.size = TRY(reader.read_unsigned());
  out.ssa_frame_pages = TRY(read_word(reader));
  out.misc_select = TRY(read_word(reader));
  out.attributes.flags = TRY(reader.read_unsigned());
  out.attributes.xfrm = TRY(reader.read_unsigned());
  out.app_offset = TRY(reader.read_unsigned());
  TRY(reader.read_array([&]() -> Result<void> {
    const SgxPages pages = TRY(read_pages(reader));
    for (std::uint64_t page = 0; pages.type == SgxPageType::kTcs && page < pages.count; ++page) {
      out.tcs_offsets.push_back(pages.offset + page * kPageBytes);
    }
    out.pages.push_back(pages);
    return {};
  }));
  return out;
}

}  // namespace

Secret encode_runner_orders(const RunnerOrders& orders, const SgxPlan& plan, BytesView sigstruct) {
  cbor::Writer writer;
  writer.array(9)
      .text(kFormat)
      .boolean(orders.strict)
      .boolean(orders.debugger)
      .unsigned_integer(orders.trace)
      .bytes(orders.fuses ? orders.fuses->expose() : BytesView())
      .bytes(sigstruct);
  write_plan(writer, plan);
  for (const auto* list : {&orders.files.read, &orders.files.write}) {
    writer.array(list->size());
    for (const std::string& path : *list) writer.text(path);
  }
  Bytes encoded = writer.release();
  Secret out = Secret::copy_of(encoded);
  wipe(encoded);
  return out;
}

Result<ParsedRunnerOrders> parse_runner_orders(BytesView encoded) {
  cbor::Reader reader(encoded);
  TRY(reader.read_array_head(9));
  if (TRY(reader.read_text()) != kFormat) return invalid("orders of another version than this program");
  ParsedRunnerOrders out;
  out.strict = TRY(reader.read_boolean());
  out.debugger = TRY(reader.read_boolean());
  out.trace = TRY(read_word(reader));
  const BytesView fuses = TRY(reader.read_bytes());
  if (!fuses.empty()) out.fuses = Secret::copy_of(fuses);
  out.sigstruct = TRY(reader.read_bytes());
  out.plan = TRY(read_plan(reader));
  for (auto* list : {&out.files.read, &out.files.write}) {
    TRY(reader.read_array([&]() -> Result<void> {
      list->emplace_back(TRY(reader.read_text()));
      return {};
    }));
  }
  TRY(reader.finish());
  return out;
}

}  // namespace adyton
