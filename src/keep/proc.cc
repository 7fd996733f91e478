// SPDX-License-Identifier: Apache-2.0
#include "keep/proc.h"

#include <asm/errno.h>
#include <linux/mman.h>

#include "keep/calls.h"
#include "keep/host_interface.h"
#include "keep/paths.h"

namespace adyton::keep {
namespace {

constexpr char kOwnName[] = "/enclave";
constexpr char kMemory[] = "/proc/meminfo";

constexpr const char* after(const char* text, const char* start) {
  return starts_with(text, start) ? text + length_of(start) : nullptr;
}

// What follows /proc/self/ or the like; nullptr.
const char* in_proc(const char* path) {
  if (const char* rest = after(path, "/proc/self/")) return rest;
  if (const char* rest = after(path, "/proc/thread-self/")) return rest;
  return after(path, "/proc/2/");  // kProcess
}

// A descriptor's number, and nothing behind it; -1.
std::int64_t number_in(const char* text) {
  std::int64_t number = *text == 0 ? -1 : 0;
  for (; *text != 0; ++text) {
    if (*text < '0' || *text > '9' || number > 9999) return -1;
    number = number * 10 + (*text - '0');
  }
  return number;
}

// Appends to the file that is being made.
class Writer {
 public:
  Writer(Kernel& kernel, std::uint32_t node) : kernel_(kernel), node_(node) {}
  void add(const void* bytes, std::uint64_t count) {
    const std::int64_t written = kernel_.files.write(node_, FileSystem::kAppend, bytes, count);
    if (written < 0) error_ = written;
  }
  void add(const Line& line) { add(line.data(), line.size()); }
  [[nodiscard]] std::int64_t error() const { return error_; }

 private:
  Kernel& kernel_;
  const std::uint32_t node_;
  std::int64_t error_ = 0;
};

std::uint64_t taken(Kernel& kernel) {
  const Locked locked(kernel.memory_lock);
  return kernel.memory.taken_bytes() + kernel.stacks.taken_bytes();
}

void write_area(Writer& out, const Area& area, const char* name) {
  Line line;
  line.digits(area.begin, 16) << "-";
  line.digits(area.end, 16) << " " << ((area.protection & PROT_READ) != 0 ? "r" : "-")
                            << ((area.protection & PROT_WRITE) != 0 ? "w" : "-")
                            << ((area.protection & PROT_EXEC) != 0 ? "x" : "-") << "p 00000000 00:00 0 " << name
                            << "\n";
  out.add(line);
}

void write_maps(Kernel& kernel, Writer& out) {
  for (std::uint64_t index = 0; index < kernel.segment_count; ++index) {
    write_area(out, kernel.segments[index], kOwnName);
  }
  std::uint64_t at = 0;
  while (true) {
    Area area;
    {
      const Locked locked(kernel.memory_lock);
      const AreaTable& areas = kernel.memory.areas();
      const std::uint64_t index = areas.first_after(at);
      if (index == areas.count()) break;
      area = areas[index];
    }
    at = area.end;
    write_area(out, area, "");
  }
  for (std::uint64_t index = 0; index < kernel.stacks.count(); ++index) {
    const std::uint64_t begin = kernel.stacks.stack(index);
    {
      const Locked locked(kernel.memory_lock);
      if (!kernel.stacks.taken(index)) continue;
    }
    write_area(out, {.begin = begin, .end = begin + kernel.stacks.bytes(), .protection = PROT_READ | PROT_WRITE},
               index == 0 ? "[stack]" : "");
  }
}

void write_memory(Kernel& kernel, Writer& out) {
  const HeapUse use = heap_use(kernel);
  const std::uint64_t free = use.free / 1024;
  out.add(Line() << "MemTotal: " << use.bytes / 1024 << " kB\nMemFree: " << free << " kB\nMemAvailable: " << free
                 << " kB\nHugepagesize: " << kernel.arenas.huge_page_bytes() / 1024 << " kB\n");
}

void write_status(Kernel& kernel, Writer& out) {
  const std::uint64_t kibibytes = taken(kernel) / 1024;
  out.add(Line() << "Name:\t" << current_thread().name << "\nUmask:\t0022\nState:\tR (running)\nTgid:\t" << kProcess
                 << "\nPid:\t" << kProcess << "\nPPid:\t1\nTracerPid:\t0\n");
  out.add(Line() << "Uid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\n");
  out.add(Line() << "VmSize:\t" << kibibytes << " kB\nVmRSS:\t" << kibibytes << " kB\nThreads:\t"
                 << kernel.threads.running() << "\n");
}

void write_stat(Kernel& kernel, Writer& out) {
  Line line;
  line << kProcess << " (" << current_thread().name << ") R 1 " << kProcess << " " << kProcess << " 0 -1 0";
  for (int field = 0; field < 10; ++field) line << " 0";  // faults, times, priority
  line << " " << kernel.threads.running() << " 0 0 " << taken(kernel) << " " << taken(kernel) / kPage;
  for (int field = 25; field <= 52; ++field) line << " 0";
  out.add(line << "\n");
}

}  // namespace

std::int64_t descriptor_in(const char* path) {
  if (same(path, "/dev/stdin")) return 0;
  if (same(path, "/dev/stdout")) return 1;
  if (same(path, "/dev/stderr")) return 2;
  const char* number = after(path, "/dev/fd/");
  if (number == nullptr && in_proc(path) != nullptr) number = after(in_proc(path), "fd/");
  return number != nullptr ? number_in(number) : -1;
}

bool proc_file(const char* path) {
  if (same(path, kMemory)) return true;
  const char* name = in_proc(path);
  if (name == nullptr) return false;
  static constexpr char kKnown[][8] = {"cmdline", "comm", "maps", "stat", "statm", "status"};
  for (const auto& known : kKnown) {
    if (same(name, known)) return true;
  }
  return false;
}

std::int64_t open_proc_file(Kernel& kernel, const char* path) {
  const std::int64_t node = kernel.files.make_nameless(0444, {});
  if (node < 0) return node;
  Writer out(kernel, static_cast<std::uint32_t>(node));
  const std::uint64_t pages = taken(kernel) / kPage;
  const char* name = same(path, kMemory) ? path : in_proc(path);
  if (name == path) write_memory(kernel, out);
  if (same(name, "cmdline")) out.add(at<const char>(kernel.arguments), kernel.argument_bytes);
  if (same(name, "comm")) out.add(Line() << current_thread().name << "\n");
  if (same(name, "maps")) write_maps(kernel, out);
  if (same(name, "stat")) write_stat(kernel, out);
  if (same(name, "statm")) out.add(Line() << pages << " " << pages << " 0 0 0 0 0\n");
  if (same(name, "status")) write_status(kernel, out);
  if (out.error() == 0) return node;
  kernel.files.close(static_cast<std::uint32_t>(node));
  return out.error();
}

bool open_descriptor_again(Kernel& kernel, const char* path, std::int64_t& result) {
  const std::int64_t descriptor = descriptor_in(path);
  if (descriptor < 0) return false;
  result = kernel.descriptors.duplicate(static_cast<std::uint64_t>(descriptor), 0, false);
  if (result == -EBADF) result = -ENOENT;
  return true;
}

std::int64_t proc_link(Kernel& kernel, const char* path, char* to, std::uint64_t room) {
  Line line;
  char place[kMostPath];
  const char* target = line.data();
  std::uint64_t bytes = 0;
  const char* name = in_proc(path);
  if (name == nullptr) name = same(path, "/proc/self") ? "" : nullptr;
  if (name == nullptr) return 0;
  const std::int64_t descriptor = descriptor_in(path);
  Held held;
  std::int64_t folder = 0;
  if (*name == 0) {
    line << kProcess;
  } else if (same(name, "exe")) {
    line << kOwnName;
  } else if (same(name, "root")) {
    line << "/";
  } else if (same(name, "cwd")) {
    held = Held::folder(kernel);
    folder = folder_of(held);
  } else if (descriptor >= 0) {
    held = Held(kernel, static_cast<std::uint64_t>(descriptor));
    if (!held) return -ENOENT;
    if (held->kind == FileKind::kFile || held->kind == FileKind::kFolder) {
      folder = static_cast<std::int64_t>(held->object);
    } else {
      line << "anon:[" << held->id << "]";
    }
  } else {
    return proc_file(path) ? -EINVAL : -ENOENT;
  }
  if (folder != 0) {
    const std::int64_t length = kernel.files.path_of(static_cast<std::uint32_t>(folder), place, sizeof(place));
    if (length < 0) return length;
    target = place;
    bytes = static_cast<std::uint64_t>(length) - 1;
  } else {
    bytes = line.size();
  }
  if (bytes > room) bytes = room;
  __builtin_memcpy(to, target, bytes);
  return static_cast<std::int64_t>(bytes);
}

}  // namespace adyton::keep
