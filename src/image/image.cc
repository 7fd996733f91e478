// SPDX-License-Identifier: Apache-2.0
#include "image/image.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "image/digest.h"
#include "image/launch_plan.h"
#include "image/sections.h"
#include "image/signature.h"

namespace adyton {
namespace {

Result<Bytes> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
    return make_error(code, "{}", errno_text(errno));
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return io_error("{}", errno_text(errno));
  if (!S_ISREG(status.st_mode)) return invalid("not a regular file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > max_bytes) return exhausted("{} bytes: at most {} are read", size, max_bytes);
  Bytes out(size);
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::read(file.get(), out.data() + done, out.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("{}", errno_text(errno));
    if (got == 0) return invalid("it became shorter while it was read");
    done += static_cast<std::size_t>(got);
  }
  return out;
}

// What is wrong with a program's code or data; of an image that was signed it was right once.
Error not_as_signed(Error why, BytesView file, const ImageLimits& limits) {
  const auto sections = read_sections(file, limits);
  if (!sections) return why;
  const auto signature = find_note(*sections, kSignatureSection, NoteType::kSignature);
  if (signature && *signature) why.message += " (this image was signed: if it was changed since then, get it again)";
  return why;
}

}  // namespace

Result<Image> Image::parse(Bytes file, const ImageLimits& limits) {
  Image image;
  image.file_ = std::move(file);
  auto plan = make_launch_plan(image.file_, limits);
  if (!plan) return not_as_signed(std::move(plan).error(), image.file_, limits);
  image.plan_ = *std::move(plan);
  const auto sections = TRY(read_sections(image.file_, limits));
  const auto manifest = TRY(find_note(sections, kManifestSection, NoteType::kManifest));
  if (!manifest) return invalid("a program, but not an image: it has no manifest. `adyton sign` gives it one");
  image.manifest_bytes_ = to_bytes(*manifest);
  image.manifest_ = TRY(parse_manifest(image.manifest_bytes_));
  const auto signature = TRY(find_note(sections, kSignatureSection, NoteType::kSignature));
  if (signature) image.signature_ = to_bytes(*signature);
  const auto keep = TRY(find_note(sections, kKeepSection, NoteType::kKeep));
  if (keep) image.keep_ = to_bytes(*keep);
  const auto sigstruct = TRY(find_note(sections, kSigstructSection, NoteType::kSigstruct));
  if (sigstruct) image.sigstruct_ = to_bytes(*sigstruct);
  image.digest_ = image_digest(image.plan_, image.manifest_bytes_);
  return image;
}

Result<Image> Image::load(const std::filesystem::path& path, const ImageLimits& limits) {
  Bytes file = TRY(read_file(path, limits.file_bytes).within(path.string()));
  return parse(std::move(file), limits).within(path.string());
}

Result<VerifiedImage> verify_image(Image image) {
  if (image.signature().empty()) {
    return untrusted("the image is not signed: sign it with `adyton sign` and a key of your own (`adyton keygen`)");
  }
  const PublicKey signer =
      TRY(verify_image_signature(image.signature(), image.digest())
              .within("the image's signature (if the image was changed after it was signed, get it again)"));
  const Manifest& manifest = image.manifest();
  Identity identity{.image = image.digest(),
                    .signer = signer.fingerprint(),
                    .name = manifest.name,
                    .product = manifest.product,
                    .svn = manifest.svn,
                    .debug = manifest.debug};
  return VerifiedImage(std::move(image), std::move(identity));
}

}  // namespace adyton
