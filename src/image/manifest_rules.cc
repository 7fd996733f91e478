// SPDX-License-Identifier: Apache-2.0
#include "image/manifest_rules.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/utf8.h"
#include "image/sgx/keep_config.h"

namespace adyton {
namespace {

constexpr std::uint64_t kKiB = 1 << 10, kMiB = 1 << 20, kGiB = 1 << 30, kPage = 4096;
constexpr std::uint64_t kMaxSgxThreads = 256;
constexpr std::uint64_t kMaxMallocArenas = 256;
constexpr std::string_view kSgxFeatures[] = {"avx", "avx512", "pkru", "amx"};

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_printable(char c) { return c >= 0x20 && c <= 0x7e; }

template <class T, class Check>
Result<void> check_list(std::string_view key, const std::vector<T>& list, const Check& check) {
  if (list.size() > kMaxManifestEntries) return invalid("{}: more than {} entries", key, kMaxManifestEntries);
  std::set<T> seen;
  for (const T& entry : list) {
    TRY(Result<void>(check(entry)).within(key));
    if (!seen.insert(entry).second) return invalid("{}: {} is listed twice", key, entry);
  }
  return {};
}

Result<void> check_methods(std::string_view key, const std::vector<Method>& methods) {
  if (methods.size() > kMaxManifestEntries) return invalid("{}: more than {} entries", key, kMaxManifestEntries);
  for (const Method& method : methods) TRY(check_method(method).within(key));
  const auto unsorted = std::ranges::adjacent_find(methods, std::ranges::greater_equal{}, &Method::name);
  if (unsorted != methods.end()) return invalid("{}: not sorted by name, or a name twice, at {}", key, unsorted->name);
  return {};
}

}  // namespace

Result<void> check_image_name(std::string_view name) {
  const bool good = std::ranges::all_of(name, [](char c) { return is_lower_or_digit(c) || c == '_' || c == '-'; });
  if (name.empty() || name.size() > 64 || !good) return invalid("not 1 to 64 characters of a-z, 0-9, '_' and '-'");
  return {};
}

Result<void> check_heap(std::uint64_t bytes) {
  if (bytes < kMiB || bytes > 64 * kGiB || bytes % kPage != 0) {
    return invalid("{} bytes: 1MiB to 64GiB are possible, in multiples of 4KiB", bytes);
  }
  return {};
}

Result<void> check_stack(std::uint64_t bytes) {
  if (bytes < 64 * kKiB || bytes > 64 * kMiB || bytes % kPage != 0) {
    return invalid("{} bytes: 64KiB to 64MiB are possible, in multiples of 4KiB", bytes);
  }
  return {};
}

Result<void> check_threads(std::uint64_t count) {
  if (count < 1 || count > 64) return invalid("{}: 1 to 64 are possible", count);
  return {};
}

Result<void> check_path(std::string_view path) {
  if (path == "/") return {};
  if (path.size() > 4095 || !path.starts_with('/')) return invalid("\"{}\" is not an absolute path", path);
  const bool control = std::ranges::any_of(path, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
  if (control || !is_utf8(path)) return invalid("a path with characters that cannot be printed");
  for (std::string_view rest = path.substr(1);;) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
      return invalid("\"{}\": write it without \"//\", \".\", \"..\" and a slash at the end", path);
    }
    if (slash == rest.npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

Result<void> check_port(std::uint64_t port) {
  if (port < 1 || port > 65535) return invalid("{}: ports are 1 to 65535", port);
  return {};
}

Result<void> check_variable(std::string_view name) {
  const bool good =
      std::ranges::all_of(name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
  if (name.empty() || name.size() > 256 || !good || (name[0] >= '0' && name[0] <= '9')) {
    return invalid("\"{}\" is not a variable's name: letters, digits and '_' are possible, up to 256", name);
  }
  return {};
}

Result<void> check_method(const Method& method) {
  const std::string_view name = method.name, structure = method.structure;
  if (name.empty() || name.size() > 128 || name.contains('(') || !std::ranges::all_of(name, is_printable)) {
    return invalid("\"{}\" is not a call's name: 1 to 128 printable ASCII characters without '('", name);
  }
  if (!structure.starts_with('(') || structure.size() > 65536 || !std::ranges::all_of(structure, is_printable)) {
    return invalid("{}: its structure is not \"(types) -> type\" in at most 65536 printable ASCII characters", name);
  }
  return {};
}

Result<void> check_sgx_feature(std::string_view name) {
  if (std::ranges::find(kSgxFeatures, name) == std::end(kSgxFeatures)) {
    return invalid("\"{}\": avx, avx512, pkru and amx are possible", name);
  }
  return {};
}

Result<void> check_file_sha256(std::string_view text) {
  const std::string_view digits = text.substr(0, 64);
  const bool good = digits.size() == 64 && std::ranges::all_of(digits, [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
  if (!good || text.size() < 66 || text[64] != ' ') {
    return invalid("\"{}\": 64 hexadecimal digits in lower case, a space, and the file's path are wanted", text);
  }
  return check_path(text.substr(65));
}

Result<void> check_sgx_threads(std::uint64_t count) {
  if (count > kMaxSgxThreads)
    return invalid("{}: 1 to {} are possible, or 0 for as many as usual", count, kMaxSgxThreads);
  return {};
}

Result<void> check_malloc_arenas(std::uint64_t count) {
  if (count < 1 || count > kMaxMallocArenas) return invalid("{}: 1 to {} are possible", count, kMaxMallocArenas);
  return {};
}

Result<void> check_sgx(const Manifest& manifest) {
  const Manifest::Sgx& sgx = manifest.sgx;
  TRY(check_list("sgx.features", sgx.features, check_sgx_feature));
  const auto has = [&](std::string_view name) { return std::ranges::find(sgx.features, name) != sgx.features.end(); };
  if (has("avx512") && !has("avx")) return invalid("sgx.features: avx512 needs avx as well");
  TRY(check_list("sgx.file_sha256", sgx.file_sha256, check_file_sha256));
  std::set<std::string_view> paths;
  for (const std::string_view text : sgx.file_sha256) {
    const std::string_view path = text.substr(65);
    if (!paths.insert(path).second) return invalid("sgx.file_sha256: {} is listed twice", path);
    const auto above = [&](std::string_view listed) {
      return path == listed || (path.starts_with(listed) && (listed == "/" || path[listed.size()] == '/'));
    };
    if (std::ranges::none_of(manifest.files.read, above)) {
      return invalid("sgx.file_sha256: {} is not in files.read, nor a folder above it", path);
    }
    if (std::ranges::any_of(manifest.files.write, above)) {
      return invalid("sgx.file_sha256: {} is in files.write, or in a folder of it, and so may change", path);
    }
  }
  TRY(check_sgx_threads(sgx.threads).within("sgx.threads"));
  if (sgx.threads != 0 && sgx.threads < manifest.threads) {
    return invalid("sgx.threads: {} are fewer than the {} that serve calls", sgx.threads, manifest.threads);
  }
  TRY(check_malloc_arenas(sgx.malloc_arenas).within("sgx.malloc_arenas"));
  constexpr std::uint64_t kHeapOfEach = 4 * kLeastArenaBytes;
  if (sgx.malloc_arenas > 1 && manifest.memory.heap_bytes / kHeapOfEach < sgx.malloc_arenas) {
    return invalid("sgx.malloc_arenas: {} want a memory.heap of {} MiB at least", sgx.malloc_arenas,
                   sgx.malloc_arenas * kHeapOfEach >> 20);
  }
  constexpr std::array<std::byte, 16> kNone{};
  if (!sgx.kss && (sgx.family_id != kNone || sgx.extended_product_id != kNone)) {
    return invalid("sgx.family_id and sgx.extended_product_id need sgx.kss = true");
  }
  return {};
}

std::uint32_t sgx_threads(const Manifest& manifest) {
  constexpr std::uint32_t kOwn = 8;
  return manifest.sgx.threads != 0 ? manifest.sgx.threads : manifest.threads + kOwn;
}

Result<void> check_manifest(const Manifest& manifest) {
  TRY(check_image_name(manifest.name).within("name"));
  TRY(check_heap(manifest.memory.heap_bytes).within("memory.heap"));
  TRY(check_stack(manifest.memory.stack_bytes).within("memory.stack"));
  TRY(check_threads(manifest.threads).within("threads"));
  TRY(check_list("files.read", manifest.files.read, check_path));
  TRY(check_list("files.write", manifest.files.write, check_path));
  TRY(check_list("network.connect", manifest.network.connect, check_port));
  TRY(check_list("network.listen", manifest.network.listen, check_port));
  TRY(check_list("environment", manifest.environment, check_variable));
  TRY(check_sgx(manifest));
  TRY(check_methods("calls", manifest.calls));
  TRY(check_methods("host_calls", manifest.host_calls));
  return {};
}

}  // namespace adyton
