// SPDX-License-Identifier: Apache-2.0
#include "platform/builtin_calls.h"

#include "base/error.h"
#include "call/builtin_calls.h"

namespace adyton {
namespace {

constexpr std::size_t kReportDataBytes = 64, kSgxReportBytes = 432;

// Storage that an enclave reaches: no name and no size passes unchecked, whatever the storage below does about them.
class GuardedStorage {
 public:
  explicit GuardedStorage(std::shared_ptr<Storage> storage) : storage_(std::move(storage)) {}

  // The storage, if there is one and it has such names.
  template <class... Names>
  Result<Storage*> of(const Names&... names) const {
    if (storage_ == nullptr) return not_found("this enclave was launched without storage");
    Result<void> checked;
    ((checked = checked ? check_storage_name(names) : checked), ...);
    if (!checked) return std::move(checked).error();
    return storage_.get();
  }

 private:
  std::shared_ptr<Storage> storage_;
};

void add_storage(Handlers& handlers, std::shared_ptr<Storage> shared) {
  const GuardedStorage files(std::move(shared));
  handlers.add(builtin::storage_size,
               [files](std::string_view name) -> Result<std::uint64_t> { return TRY(files.of(name))->size(name); });
  handlers.add(builtin::storage_read,
               [files](std::string_view name, std::uint64_t offset, std::uint32_t max_bytes) -> Result<Bytes> {
                 if (max_bytes > kStorageCallBytes)
                   return invalid("one read gives at most {} bytes", kStorageCallBytes);
                 return TRY(files.of(name))->read(name, offset, max_bytes);
               });
  handlers.add(builtin::storage_write,
               [files](std::string_view name, std::uint64_t offset, BytesView bytes, bool sync) -> Result<void> {
                 if (bytes.size() > kStorageCallBytes)
                   return invalid("one write takes at most {} bytes", kStorageCallBytes);
                 return TRY(files.of(name))->write(name, offset, bytes, sync);
               });
  handlers.add(builtin::storage_truncate, [files](std::string_view name, std::uint64_t size) -> Result<void> {
    return TRY(files.of(name))->truncate(name, size);
  });
  handlers.add(builtin::storage_rename, [files](std::string_view from, std::string_view to) -> Result<void> {
    return TRY(files.of(from, to))->rename(from, to);
  });
  handlers.add(builtin::storage_remove,
               [files](std::string_view name) -> Result<void> { return TRY(files.of(name))->remove(name); });
  handlers.add(builtin::storage_list,
               [files]() -> Result<std::vector<std::string>> { return TRY(files.of())->list(); });
}

Error no_quoting_enclave() {
  return unavailable("there is no quoting enclave on this machine: adyton doctor says what is missing");
}

}  // namespace

Handlers builtin_handlers(std::string backend, Identity identity, std::shared_ptr<Storage> storage,
                          std::shared_ptr<DevelopmentRoot> root) {
  Handlers handlers;
  handlers.add(builtin::evidence, [backend, identity, root](BytesView report_data) -> Result<Bytes> {
    if (report_data.size() > kReportDataBytes) return invalid("report data has at most {} bytes", kReportDataBytes);
    return root->evidence(backend, identity, report_data);
  });
  handlers.add(builtin::sealing_key,
               [backend, identity, root](std::uint8_t policy, std::string_view label,
                                         std::optional<std::uint16_t> svn) -> Result<Bytes> {
                 const auto key = TRY(root->sealing_key(backend, identity, SealPolicy{policy}, label, svn));
                 return to_bytes(key.expose());
               });
  add_storage(handlers, std::move(storage));
  return handlers;
}

Handlers sgx_builtin_handlers(std::shared_ptr<Storage> storage, std::shared_ptr<QuoteSource> quotes) {
  Handlers handlers;
  handlers.add(builtin::quote_target, [quotes]() -> Result<Bytes> {
    if (quotes == nullptr) return no_quoting_enclave();
    return quotes->target_info();
  });
  handlers.add(builtin::quote, [quotes](BytesView report) -> Result<Bytes> {
    if (quotes == nullptr) return no_quoting_enclave();
    if (report.size() != kSgxReportBytes)
      return invalid("a report of {} bytes, not {}", report.size(), kSgxReportBytes);
    return quotes->quote(report);
  });
  add_storage(handlers, std::move(storage));
  return handlers;
}

}  // namespace adyton
