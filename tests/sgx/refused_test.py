#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`refused_test.py BIN`: what of a signed file may not be altered, and that `adyton run --on sgx-emulated` says why it
runs no such enclave."""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import sgx_layout

bin_folder = pathlib.Path(sys.argv[1]).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="adyton-refused-"))
environment = dict(os.environ, XDG_DATA_HOME=str(work / "data"))


def run(*arguments, status=0):
    done = subprocess.run(list(map(str, arguments)), cwd=work, env=environment, text=True, capture_output=True, timeout=60)
    wrong = done.returncode == 0 if status is None else done.returncode != status  # None: any but 0
    if wrong:
        sys.exit(f"{' '.join(map(str, arguments))}: status {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def adyton(*arguments, status=0):
    return run(bin_folder / "adyton", *arguments, status=status)


def expect(text, *parts):
    if not any(part in text for part in parts):
        sys.exit(f"none of {parts!r} is in:\n{text}")


(work / "hello.cc").write_text('#include <cstdio>\nint main() { std::puts("hello from inside"); }\n')
run("g++", "-O2", "-fPIE", "-static-pie", "-o", "hello.elf", "hello.cc")
(work / "plain.toml").write_text('name = "hello"\n')
(work / "debug.toml").write_text('name = "hello"\ndebug = true\n')
adyton("keygen", "isv.pem", "--sgx")
adyton("keygen", "other.pem", "--sgx")
for name in "plain", "debug":
    adyton("sign", "hello.elf", "-m", f"{name}.toml", "--key", "isv.pem", "-o", name)
adyton("sign", "hello.elf", "-m", "plain.toml", "--key", "other.pem", "-o", "of_another")
expect(adyton("run", "plain", "--on", "sgx-emulated"), "hello from inside")

file = (work / "plain").read_bytes()
notes = sgx_layout.notes_of(file)
keep, sigstruct, manifest = (file.index(notes[f".adyton.{name}"]) for name in ("keep", "sigstruct", "manifest"))
entry = struct.unpack_from("<Q", file, 24)[0]
loads = sgx_layout.segments_of(file)[3]
# What of the enclave each byte is part of: all that is measured, and all of SIGSTRUCT.
altered = {
    "the program's first instruction": next(offset + entry - at for _, offset, at, size, _, _ in loads if at <= entry < at + size),
    "the program's last byte": loads[-1][1] + loads[-1][3] - 1,
    "the keep kernel's text": keep + 0x1001,
    "the keep kernel's last byte": keep + sgx_layout.segments_of(notes[".adyton.keep"])[3][0][1] + 100,
    "the manifest": manifest + len(notes[".adyton.manifest"]) - 2,
    "SIGSTRUCT's header": sigstruct + 3,
    "SIGSTRUCT's date": sigstruct + 20,
    "SIGSTRUCT's modulus": sigstruct + 128 + 7,
    "SIGSTRUCT's signature": sigstruct + 516 + 7,
    "SIGSTRUCT's attributes": sigstruct + 928,
    "SIGSTRUCT's measurement": sigstruct + 960 + 31,
    "SIGSTRUCT's product": sigstruct + 1024,
    "SIGSTRUCT's Q1": sigstruct + 1040 + 7,
    "SIGSTRUCT's Q2": sigstruct + 1424 + 7,
}
for what, at in altered.items():
    (work / "altered").write_bytes(file[:at] + bytes([file[at] ^ 0x20]) + file[at + 1:])
    said = adyton("run", "altered", "--on", "sgx-emulated", status=None)
    expect(said, "SIGSTRUCT", "signature", "another enclave", "keep kernel", "manifest: ")
    if "hello from inside" in said:
        sys.exit(f"{what} was altered, and it ran")

# Another enclave's SIGSTRUCT, of the same signer and of another one.
for other in "debug", "of_another":
    bytes_of = (work / other).read_bytes()
    theirs = sgx_layout.notes_of(bytes_of)[".adyton.sigstruct"]
    (work / "altered").write_bytes(file[:sigstruct] + theirs + file[sigstruct + len(theirs):])
    if other == "debug":
        expect(adyton("run", "altered", "--on", "sgx-emulated", status=None), "another enclave", "SIGSTRUCT")
# Cut off, anywhere.
for size in 0, 63, len(file) // 2, sigstruct + 900, len(file) - 1:
    (work / "altered").write_bytes(file[:size])
    if "hello from inside" in adyton("run", "altered", "--on", "sgx-emulated", status=None):
        sys.exit(f"it ran with {size} of its {len(file)} bytes")

print("nothing altered runs")
