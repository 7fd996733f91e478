#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`same_output_test.py BIN`: the programs in BIN say on sgx-emulated, byte for byte, what they say on process, from image
files that are the same before and after."""
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

bin_folder = pathlib.Path(sys.argv[1]).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="adyton-same-"))

(work / "program.cc").write_text(r"""
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>
// Small blocks that a thread takes of the manifest's 64 MiB.
static std::size_t blocks_of_a_thread() {
  std::vector<void*> blocks;
  std::thread([&] {
    for (int i = 0; i < 150'000; ++i) blocks.push_back(std::malloc(100));
  }).join();
  for (void*& block : blocks) {
    if (block == nullptr) return &block - blocks.data();
    std::free(block);
  }
  return blocks.size();
}
static volatile std::sig_atomic_t signals = 0;
// What writing to a standard output that nobody reads any more comes to: SIGPIPE is ignored, handled, blocked or neither.
static int write_to_nobody(char how) {
  sigset_t pipe_only;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  if (how == 'i') std::signal(SIGPIPE, SIG_IGN);
  if (how == 'h') std::signal(SIGPIPE, [](int) { signals = signals + 1; });
  if (how == 'b') sigprocmask(SIG_BLOCK, &pipe_only, nullptr);
  for (int i = 0; i < 3; ++i) {
    const auto written = ::write(1, "hello\n", 6);
    const int error = errno;
    std::cerr << written << ' ' << error << ' ' << signals << std::endl;
  }
  return 5;
}
int main(int count, char** arguments) {
  if (count > 2 && std::string(arguments[1]) == "nobody") return write_to_nobody(arguments[2][0]);
  for (int i = 1; i < count; ++i) std::cout << i << ' ' << arguments[i] << '\n';
  for (std::string line; std::getline(std::cin, line);) std::cout << line.size() << ' ' << line << '\n';
  std::cerr << "to the standard error\n";
  if (count > 1 && std::string(arguments[1]) == "abort") std::abort();
  if (count > 1 && std::string(arguments[1]) == "blocks") std::cout << blocks_of_a_thread() << " blocks\n";
  return 7;
}
""")
(work / "program.toml").write_text('name = "program"\n')


def run(backend, *command, given="", output=subprocess.PIPE):
    environment = dict(os.environ, XDG_DATA_HOME=str(work / "data"), ADYTON_BACKEND=backend)
    done = subprocess.run(list(map(str, command)), cwd=work, env=environment, text=True, input=given, stdout=output, stderr=subprocess.PIPE, timeout=120)
    return done.returncode, done.stdout, done.stderr


def run_unread(backend, *command):
    """With a standard output that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return run(backend, *command, output=writer)
    finally:
        os.close(writer)


def must(*command):
    status, output, error = run("process", *command)
    if status != 0:
        sys.exit(f"{command}: {status}\n{output}{error}")


adyton = bin_folder / "adyton"
must("g++", "-O2", "-fPIE", "-static-pie", "-o", "program.elf", "program.cc")
must(adyton, "sign", "program.elf", "--manifest", "program.toml")
shared = work / "shared"
must("g++", "-std=c++20", "-O2", "-fPIE", "-static-pie", "-o", "files.elf", pathlib.Path(__file__).parents[1] / "keep/programs/shared_files_unsafe.cc",
     "-l:libsqlite3.a", "-lm")
(work / "files.toml").write_text(f'name = "files"\n[files]\nwrite = ["{shared}/folder", "{shared}/single"]\n')
must(adyton, "sign", "files.elf", "--manifest", "files.toml")
files = work / "files.enclave"
images = [bin_folder / "hello.enclave", bin_folder / "calls.enclave", work / "program.enclave", files]
before = [hashlib.sha256(image.read_bytes()).hexdigest() for image in images]
hello, calls, program = images[:3]

commands = [
    ((bin_folder / "hello",), ""),
    ((adyton, "call", "-q", hello, "hello.greet", '["Ada"]'), ""),
    ((adyton, "call", "-q", hello, "hello.greet", "[1]"), ""),
    ((adyton, "call", "-q", hello, "hello.nothing", "[]"), ""),
    ((adyton, "call", "-q", calls, "test.add", "[40, 2]"), ""),
    ((adyton, "call", "-q", calls, "test.throw", '["no paper"]'), ""),
    ((adyton, "run", "-q", program, "--", "one", "two words"), "a line\nanother\n"),
    ((adyton, "run", "-q", program, "--", "abort"), ""),
    ((adyton, "run", "-q", program, "--", "blocks"), ""),
]


def shared_files():
    """What is there, as the host sees it."""
    return sorted((str(path.relative_to(shared)), hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder") for path in shared.rglob("*") if not path.is_symlink())


def work_with_files(*command):
    """Status, output and what is left of both runs, of which the second looks at what the first has left."""
    shutil.rmtree(shared, ignore_errors=True)
    (shared / "folder").mkdir(parents=True)
    (shared / "single").write_text("one line\n")
    (shared / "unlisted").write_text("secret\n")
    os.symlink(shared / "unlisted", shared / "folder/out")
    os.symlink("../unlisted", shared / "folder/up")
    first = command[0](*command[1:], shared / "folder", shared / "single")
    left = shared_files()
    again = command[0](*command[1:], shared / "folder", shared / "single", "again")
    return first, left, again, shared_files()


def natively(*arguments):
    return run("", work / "files.elf", *arguments)


def inside(backend, *arguments):
    return run(backend, adyton, "run", "-q", files, "--", *arguments)


native, *others = [work_with_files(natively), work_with_files(inside, "process"), work_with_files(inside, "sgx-emulated")]
for name, other in zip(["process", "sgx-emulated"], others):
    for one, expected in zip(other, native):
        if one != expected:
            sys.exit(f"files of the host:\nnative {expected}\n{name} {one}")
for step, name, content in ((1, "folder/log", b"new\n"), (3, "single", b"one line\nand one line\nand one line\n")):
    assert native[0][0] == 0 and (name, hashlib.sha256(content).hexdigest()) in native[step], native
refused = [shared / "unlisted", f"{shared}/folder/../unlisted", shared / "folder/out", shared / "folder/up", "/etc/passwd"]
for backend in ("process", "sgx-emulated"):
    work_with_files(inside, backend)
    for path in refused:
        status, output, error = inside(backend, "refused", path)
        opened, appended, truncated = output.split()[1:4]
        if (status, opened, appended, truncated) != (0, "refused", "refused", "refused"):
            sys.exit(f"{path} on {backend}: {output}{error}")
    assert (shared / "unlisted").read_text() == "secret\n"
for command, given in commands:
    on_process, on_sgx = (run(backend, *command, given=given) for backend in ("process", "sgx-emulated"))
    if on_process != on_sgx:
        sys.exit(f"{' '.join(map(str, command))}:\nprocess {on_process}\nsgx-emulated {on_sgx}")
    if not on_process[1] and not on_process[2]:
        sys.exit(f"{' '.join(map(str, command))} says nothing")
for how in ("ignored", "handled", "blocked", "neither"):
    natively = run_unread("", work / "program.elf", "nobody", how)
    ended = (5, natively[2]) if how != "neither" else (128 + signal.SIGPIPE, None)
    for backend in ("process", "sgx-emulated"):
        found = run_unread(backend, adyton, "run", "-q", program, "--", "nobody", how)
        if found[0] != ended[0] or (ended[1] and found[2] != ended[1]):
            sys.exit(f"SIGPIPE {how}: natively {natively}, on {backend} {found}")
assert before == [hashlib.sha256(image.read_bytes()).hexdigest() for image in images]
print(f"{len(commands)} commands said the same on both")
