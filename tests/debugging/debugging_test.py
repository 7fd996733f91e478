#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`debugging_test.py BIN BACKEND`: what is seen of a debug image from outside, and what is not of a production image."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

bin_folder, backend = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
on_sgx = backend != "process"
work = pathlib.Path(tempfile.mkdtemp(prefix="adyton-debugging-"))
environment = dict(os.environ, XDG_DATA_HOME=str(work / "data"))
deep = bin_folder / "deep.enclave"
kFunctions = ["deep::innermost(", "deep::middle(", "deep::outermost("]


def adyton(*arguments, status=0, typed=""):
    run = subprocess.run([bin_folder / "adyton", *map(str, arguments)], cwd=work, env=environment, text=True,
                         capture_output=True, input=typed, timeout=120)
    if run.returncode != status:
        sys.exit(f"adyton {' '.join(map(str, arguments))}: status {run.returncode}, not {status}\n{run.stdout}{run.stderr}")
    return run.stdout + run.stderr


def expect(text, *parts):
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            sys.exit(f"{part!r} is not in its place in:\n{text}")
        at += len(part)


def expect_not(text, part):
    if part in text:
        sys.exit(f"{part!r} is in:\n{text}")


def run(image, *arguments, status=0, options=(), typed=""):
    return adyton("run", "--quiet", "--on", backend, *options, image, "--", *arguments, status=status, typed=typed)


# A crash of a debug image: signal, and a backtrace with the functions' names, innermost first. It ends as it would have.
for how, number, name in (("segv", signal.SIGSEGV, "Segmentation fault"), ("ill", signal.SIGILL, "Illegal instruction"),
                          ("fpe", signal.SIGFPE, "Floating point exception"), ("abort", signal.SIGABRT, "Aborted"),
                          ("throw", signal.SIGABRT, "Aborted"), ("raise", signal.SIGBUS, "Bus error"),
                          ("jump", signal.SIGSEGV, "Segmentation fault"), ("thread", signal.SIGSEGV, "Segmentation fault")):
    said = run(deep, how, status=128 + number)
    expect(said, f"adyton: crashed by signal {number:d} ({name})", "\nadyton:   #0 ", *kFunctions,
           "execute_native_thread_routine+" if how == "thread" else "main+",
           f"adyton: deep was killed by signal {number:d} ({name})")
    if said.count("crashed by") != 1:
        sys.exit(f"a crash is told once:\n{said}")
expect(run(deep, "throw", status=128 + signal.SIGABRT), "what():  nobody catches this", "std::terminate()", *kFunctions)
overflow = run(deep, "overflow", status=128 + signal.SIGSEGV)
expect(overflow, "#0 image+0x", "deep::descend(int)", " more of the same", *kFunctions)
# The program's own handlers come first. (That of a page fault is not run on SGX without EXINFO, debug image or not.)
expect_not(run(deep, "own fpe", status=9), "crashed by")
expect_not(run(deep, "own", status=128 + signal.SIGSEGV if on_sgx else 9), "crashed by")
expect(run(deep, status=4), "to the end")

# Names and offsets agree with the image's.
offset = re.search(r"#1 image\+(0x[0-9a-f]+) deep::middle", run(deep, "segv", status=128 + signal.SIGSEGV))[1]
line = subprocess.run(["addr2line", "-fCe", deep, offset], check=True, capture_output=True, text=True).stdout
expect(line, "deep::middle")

# A production image dies of the same without a word.
(work / "production.toml").write_text('name = "deep"\n')
adyton("sign", bin_folder / "deep.elf", "--manifest", "production.toml", "--output", "production.enclave")
for how, number in (("segv", signal.SIGSEGV), ("abort", signal.SIGABRT), ("fpe", signal.SIGFPE)):
    said = run("production.enclave", how, status=128 + number)
    expect(said, f"adyton: deep was killed by signal {number:d}")
    for part in ("crashed by", "image+0x", "innermost"):
        expect_not(said, part)

# gdb: at main with symbols, at a breakpoint, step by step, and on to the end.
expect(run("production.enclave", options=["--gdb"], status=13), "debug = true")
if not shutil.which("gdb"):
    sys.exit("gdb is not here: apt-get install gdb")
session = run(deep, options=["--gdb"], typed="backtrace\nbreak deep::innermost\ncontinue\nbacktrace\nstepi 3\n"
              "delete\ncontinue\n")
expect(session, "breakpoint 1, main", "#0  main", *(["__libc_start_call_main", "_start"] if on_sgx else []),
       f"Breakpoint {3 if on_sgx else 2}, deep::innermost",
       "#0  deep::innermost", "deep::middle", "deep::outermost", "main", "to the end", "exited with code 04")
# System calls are stepped over, and instructions one by one go through them.
session = run(deep, "calls", options=["--gdb"], typed="tbreak deep::calls\ncontinue\n" + "next\n" * 6 + "backtrace\ncontinue\n")
expect(session, "deep::calls", "a line", "#0  deep::calls", "#1 ", "main", "exited normally")
session = run(deep, "calls", options=["--gdb"], typed="tbreak open64\ncontinue\n" + "stepi\n" * 60 + "up\nup\ncontinue\n")
expect(session, "open64", "a line", "exited normally")
# It stops where the program crashes.
session = run(deep, "segv", options=["--gdb"], typed="continue\nbacktrace\nkill\n")
expect(session, "SIGSEGV", "#0  deep::innermost", "deep::middle", "deep::outermost", "main")

# The trace: as strace shows it, and what left the enclave.
if not on_sgx:
    expect(run(deep, "calls", options=["--trace"], status=12), "strace -f")
    sys.exit(0)
for options in (["--trace"], ["--trace=trace.txt"]):
    said = run(deep, "calls", options=options)
    trace = said if options == ["--trace"] else (work / "trace.txt").read_text()
    expect(trace, '[2] openat(AT_FDCWD, "/tmp/not there", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)\n',
           '[2] write(1, "a line\\n", 7) = 7 -> host\n', "[2] getpid() = 2\n", "[2] exit_group(0) = ?\n")
    expect_not(said.replace(trace, ""), "openat(")
expect(run(deep, "thread", options=["--trace"], status=128 + signal.SIGSEGV), "[2] clone3(", "= 3 -> host\n", "[3] ")
expect(run("production.enclave", options=["--trace"], status=13), "debug = true")
expect(run(deep, options=["--trace=/nowhere/trace"], status=17), "/nowhere/trace: No such file or directory")
(work / "calls.toml").write_text('name = "calls"\ndebug = true\n')
adyton("sign", bin_folder / "calls.elf", "--manifest", "calls.toml", "--output", "calls.enclave")
expect(adyton("call", "--on", backend, "--trace", "calls.enclave", "test.add", "[1, 2]"), "[2] futex(", "-> host\n")
