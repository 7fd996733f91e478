// SPDX-License-Identifier: Apache-2.0
#include "request_source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "refuse.h"
#include "tar.h"

namespace device_ca {
namespace {

namespace fs = std::filesystem;

// Names become names of certificate files: nothing that leads out of a folder.
std::optional<Refused> check_name(std::string_view name) {
  const auto unsafe = [&](std::string_view part) { return part.empty() || part == "." || part == ".."; };
  bool bad = name.size() > 500;
  for (std::size_t at = 0; at <= name.size();) {
    const auto end = std::min(name.find('/', at), name.size());
    bad = bad || unsafe(name.substr(at, end - at));
    at = end + 1;
  }
  bad = bad || std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!bad) return std::nullopt;
  return Refused{ErrorCode::kInvalid, "its name cannot be used: too long, or it leads elsewhere"};
}

class FolderSource : public RequestSource {
 public:
  FolderSource(fs::path folder, std::vector<std::string> names)
      : folder_(std::move(folder)), names_(std::move(names)) {}

  Result<std::vector<SourceItem>> next(std::size_t count) override {
    std::vector<SourceItem> out;
    for (; out.size() < count && at_ < names_.size(); ++at_) {
      SourceItem item{{names_[at_], ""}, check_name(names_[at_])};
      if (!item.refused) {
        std::ifstream file(folder_ / names_[at_], std::ios::binary);
        item.request.pem.resize(kRequestBytes + 1);
        file.read(item.request.pem.data(), static_cast<std::streamsize>(item.request.pem.size()));
        item.request.pem.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
        if (file.bad() || (file.fail() && !file.eof())) item.refused = Refused{ErrorCode::kIo, "it cannot be read"};
      }
      out.push_back(std::move(item));
    }
    return out;
  }
  [[nodiscard]] double done() const override {
    return names_.empty() ? 1 : static_cast<double>(at_) / static_cast<double>(names_.size());
  }

 private:
  fs::path folder_;
  std::vector<std::string> names_;
  std::size_t at_ = 0;
};

class TarSource : public RequestSource {
 public:
  explicit TarSource(TarReader reader) : reader_(std::move(reader)) {}

  Result<std::vector<SourceItem>> next(std::size_t count) override {
    std::vector<SourceItem> out;
    while (out.size() < count) {
      auto entry = TRY(reader_.next(kRequestBytes + 1));
      if (!entry) break;
      std::string name = std::move(entry->name);
      while (name.starts_with("./")) name.erase(0, 2);
      SourceItem item{{std::move(name), std::move(entry->contents)}, {}};
      item.refused = check_name(item.request.name);
      if (!item.refused && !entry->regular) item.refused = Refused{ErrorCode::kInvalid, "it is not a regular file"};
      out.push_back(std::move(item));
    }
    return out;
  }
  [[nodiscard]] double done() const override {
    if (reader_.size_bytes() == 0) return -1;
    return static_cast<double>(reader_.position_bytes()) / static_cast<double>(reader_.size_bytes());
  }

 private:
  TarReader reader_;
};

}  // namespace

Result<std::unique_ptr<RequestSource>> open_folder(const std::string& folder) {
  std::error_code error;
  fs::recursive_directory_iterator place(folder, error);
  if (error) {
    const bool missing = error == std::errc::no_such_file_or_directory;
    return refuse(missing ? ErrorCode::kNotFound : ErrorCode::kIo, "opening {}: {}", folder, error.message());
  }
  std::vector<std::string> names;
  for (; place != fs::recursive_directory_iterator(); place.increment(error)) {
    if (place->path().filename().native().starts_with('.')) {
      place.disable_recursion_pending();
    } else if (place->is_regular_file(error)) {
      names.push_back(place->path().lexically_relative(folder).native());
    }
    if (error) return refuse(ErrorCode::kIo, "listing {}: {}", folder, error.message());
  }
  std::ranges::sort(names);
  return std::unique_ptr<RequestSource>(std::make_unique<FolderSource>(folder, std::move(names)));
}

Result<std::unique_ptr<RequestSource>> open_tar(const std::string& path) {
  TarReader reader = TRY(TarReader::open(path));
  return std::unique_ptr<RequestSource>(std::make_unique<TarSource>(std::move(reader)));
}

}  // namespace device_ca
