// SPDX-License-Identifier: Apache-2.0
#include "image/manifest.h"

#include <algorithm>
#include <limits>

#include "base/cbor.h"
#include "base/error.h"

namespace adyton {
namespace {

using cbor::Key;
using cbor::MapWriter;
using cbor::Reader;
using cbor::Writer;

constexpr std::uint64_t kFormat = 1;  // of this encoding: another one would get another number
constexpr std::size_t kMaxBytes = 16 << 20;

void write(Writer& out, const std::vector<std::string>& list) {
  out.array(list.size());
  for (const std::string& text : list) out.text(text);
}

void write(Writer& out, const std::vector<std::uint16_t>& list) {
  out.array(list.size());
  for (const std::uint16_t number : list) out.unsigned_integer(number);
}

void write(Writer& out, const std::vector<Method>& list) {
  out.array(list.size());
  for (const Method& method : list) out.array(2).text(method.name).text(method.structure);
}

template <std::unsigned_integral T>
Result<void> read(Reader& reader, T& out) {
  const std::uint64_t value = TRY(reader.read_unsigned());
  if (value > std::numeric_limits<T>::max()) return invalid("{} is too large", value);
  out = static_cast<T>(value);
  return {};
}

Result<void> read(Reader& reader, bool& out) {
  out = TRY(reader.read_boolean());
  return {};
}

Result<void> read(Reader& reader, std::string& out) {
  out = TRY(reader.read_text());
  return {};
}

template <std::size_t N>
Result<void> read(Reader& reader, std::array<std::byte, N>& out) {
  const BytesView bytes = TRY(reader.read_bytes());
  if (bytes.size() != N) return invalid("{} bytes, not {}", bytes.size(), N);
  std::ranges::copy(bytes, out.begin());
  return {};
}

Result<void> read(Reader& reader, Method& out) {
  TRY(reader.read_array_head(2));
  TRY(read(reader, out.name));
  return read(reader, out.structure);
}

template <class T>
Result<void> read(Reader& reader, std::vector<T>& out) {
  return reader.read_array([&]() -> Result<void> {
    if (out.size() == kMaxManifestEntries) return invalid("more than {} entries", kMaxManifestEntries);
    return read(reader, out.emplace_back());
  });
}

// One key of a map, and where its value goes.
struct Field {
  std::string_view key;
  std::function<Result<void>(Reader&)> read_value;
};

template <class T>
Field field(std::string_view key, T& out) {
  return {key, [&out](Reader& reader) { return read(reader, out); }};
}

// A map with exactly these keys, and perhaps those of `optional`.
Result<void> read_fields(Reader& reader, std::initializer_list<Field> fields,
                         std::initializer_list<Field> optional = {}) {
  std::size_t count = 0;
  const auto on_entry = [&](const Key& key) -> Result<void> {
    for (const Field& candidate : fields) {
      if (key != candidate.key) continue;
      ++count;
      return candidate.read_value(reader).within(candidate.key);
    }
    for (const Field& candidate : optional) {
      if (key == candidate.key) return candidate.read_value(reader).within(candidate.key);
    }
    return invalid("unknown key {}", key.to_string());
  };
  TRY(reader.read_map(on_entry));
  if (count != fields.size()) return invalid("{} keys are missing", fields.size() - count);
  return {};
}

Result<void> read_sgx(Reader& reader, Manifest::Sgx& out) {
  const Field digests = {"file_sha256", [&](Reader& inner) -> Result<void> {
                           TRY(read(inner, out.file_sha256));
                           return out.file_sha256.empty() ? invalid("an empty list, which is written by leaving it out")
                                                          : Result<void>{};
                         }};
  const Field arenas = {"malloc_arenas", [&](Reader& inner) -> Result<void> {
                          TRY(read(inner, out.malloc_arenas));
                          return out.malloc_arenas == Manifest::Sgx{}.malloc_arenas
                                     ? invalid("as it is anyhow, which is written by leaving it out")
                                     : Result<void>{};
                        }};
  TRY(read_fields(
      reader,
      {field("features", out.features), field("threads", out.threads), field("exception_info", out.exception_info),
       field("provision_key", out.provision_key), field("kss", out.kss), field("family_id", out.family_id),
       field("extended_product_id", out.extended_product_id)},
      {digests, arenas}));
  if (out == Manifest::Sgx{}) return invalid("all as it is anyhow, which is written by leaving it out");
  return {};
}

Result<Manifest> read_manifest(BytesView cbor) {
  if (cbor.size() > kMaxBytes) return invalid("{} bytes: at most {} are read", cbor.size(), kMaxBytes);
  Manifest manifest;
  std::uint64_t format = 0;
  const auto memory = [&](Reader& reader) {
    return read_fields(reader, {field("heap", manifest.memory.heap_bytes), field("stack", manifest.memory.stack_bytes),
                                field("require_secret", manifest.memory.require_secret)});
  };
  const auto files = [&](Reader& reader) {
    return read_fields(reader, {field("read", manifest.files.read), field("write", manifest.files.write)});
  };
  const auto network = [&](Reader& reader) {
    return read_fields(reader, {field("connect", manifest.network.connect), field("listen", manifest.network.listen)});
  };
  const Field sgx{"sgx", [&](Reader& reader) { return read_sgx(reader, manifest.sgx); }};
  Reader reader(cbor);
  TRY(read_fields(reader,
                  {field("format", format),
                   field("name", manifest.name),
                   field("product", manifest.product),
                   field("svn", manifest.svn),
                   field("debug", manifest.debug),
                   {"memory", memory},
                   field("threads", manifest.threads),
                   {"files", files},
                   {"network", network},
                   field("environment", manifest.environment),
                   field("calls", manifest.calls),
                   field("host_calls", manifest.host_calls)},
                  {sgx}));
  TRY(reader.finish());
  if (format != kFormat) return invalid("format {}: this version of Adyton reads format {}", format, kFormat);
  TRY(check_manifest(manifest));
  return manifest;
}

}  // namespace

Bytes encode_manifest(const Manifest& manifest) {
  MapWriter memory, files, network, sgx, top;
  memory.key("heap").unsigned_integer(manifest.memory.heap_bytes);
  memory.key("stack").unsigned_integer(manifest.memory.stack_bytes);
  memory.key("require_secret").boolean(manifest.memory.require_secret);
  write(files.key("read"), manifest.files.read);
  write(files.key("write"), manifest.files.write);
  write(network.key("connect"), manifest.network.connect);
  write(network.key("listen"), manifest.network.listen);
  write(sgx.key("features"), manifest.sgx.features);
  sgx.key("threads").unsigned_integer(manifest.sgx.threads);
  sgx.key("exception_info").boolean(manifest.sgx.exception_info);
  sgx.key("provision_key").boolean(manifest.sgx.provision_key);
  sgx.key("kss").boolean(manifest.sgx.kss);
  sgx.key("family_id").bytes(manifest.sgx.family_id);
  sgx.key("extended_product_id").bytes(manifest.sgx.extended_product_id);
  if (!manifest.sgx.file_sha256.empty()) write(sgx.key("file_sha256"), manifest.sgx.file_sha256);
  if (manifest.sgx.malloc_arenas != Manifest::Sgx{}.malloc_arenas) {
    sgx.key("malloc_arenas").unsigned_integer(manifest.sgx.malloc_arenas);
  }
  top.key("format").unsigned_integer(kFormat);
  top.key("name").text(manifest.name);
  top.key("product").unsigned_integer(manifest.product);
  top.key("svn").unsigned_integer(manifest.svn);
  top.key("debug").boolean(manifest.debug);
  top.key("memory").map(memory);
  top.key("threads").unsigned_integer(manifest.threads);
  top.key("files").map(files);
  top.key("network").map(network);
  if (manifest.sgx != Manifest::Sgx{}) top.key("sgx").map(sgx);  // the digests of images without it stay as they are
  write(top.key("environment"), manifest.environment);
  write(top.key("calls"), manifest.calls);
  write(top.key("host_calls"), manifest.host_calls);
  return Writer().map(top).encoded();
}

Result<Manifest> parse_manifest(BytesView cbor) { return read_manifest(cbor).within("manifest"); }

}  // namespace adyton
