#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`same_output_test.py BIN`: the programs in BIN say on sgx-emulated, byte for byte, what they say on process, from image
files that are the same before and after."""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

bin_folder = pathlib.Path(sys.argv[1]).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="adyton-same-"))

(work / "program.cc").write_text(r"""
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
int main(int count, char** arguments) {
  for (int i = 1; i < count; ++i) std::cout << i << ' ' << arguments[i] << '\n';
  for (std::string line; std::getline(std::cin, line);) std::cout << line.size() << ' ' << line << '\n';
  std::cerr << "to the standard error\n";
  if (count > 1 && std::string(arguments[1]) == "abort") std::abort();
  if (count > 1 && std::string(arguments[1]) == "blocks") std::cout << blocks_of_a_thread() << " blocks\n";
  return 7;
}
""")
(work / "program.toml").write_text('name = "program"\n')


def run(backend, *command, given=""):
    environment = dict(os.environ, XDG_DATA_HOME=str(work / "data"), ADYTON_BACKEND=backend)
    done = subprocess.run(list(map(str, command)), cwd=work, env=environment, text=True, input=given, capture_output=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def must(*command):
    status, output, error = run("process", *command)
    if status != 0:
        sys.exit(f"{command}: {status}\n{output}{error}")


adyton = bin_folder / "adyton"
must("g++", "-O2", "-fPIE", "-static-pie", "-o", "program.elf", "program.cc")
must(adyton, "sign", "program.elf", "--manifest", "program.toml")
images = [bin_folder / "hello.enclave", bin_folder / "calls.enclave", work / "program.enclave"]
before = [hashlib.sha256(image.read_bytes()).hexdigest() for image in images]
hello, calls, program = images

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
for command, given in commands:
    on_process, on_sgx = (run(backend, *command, given=given) for backend in ("process", "sgx-emulated"))
    if on_process != on_sgx:
        sys.exit(f"{' '.join(map(str, command))}:\nprocess {on_process}\nsgx-emulated {on_sgx}")
    if not on_process[1] and not on_process[2]:
        sys.exit(f"{' '.join(map(str, command))} says nothing")
assert before == [hashlib.sha256(image.read_bytes()).hexdigest() for image in images]
print(f"{len(commands)} commands said the same on both")
