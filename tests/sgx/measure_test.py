#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`measure_test.py BIN`: signs an image for SGX with the command `adyton` in BIN, in one step and in two, and compares
what comes out with sgx_layout.py, a second implementation."""
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

import sgx_layout

bin_folder = pathlib.Path(sys.argv[1]).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="adyton-sgx-"))
environment = dict(os.environ, XDG_DATA_HOME=str(work / "data"))
hello = work / "hello.elf"


def run(*arguments, status=0):
    done = subprocess.run(list(map(str, arguments)), cwd=work, env=environment, text=True, capture_output=True, timeout=60)
    if done.returncode != status:
        sys.exit(f"{' '.join(map(str, arguments))}: status {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def adyton(*arguments, status=0):
    return run(bin_folder / "adyton", *arguments, status=status)


def expect(text, part):
    if part not in text:
        sys.exit(f"{part!r} is not in:\n{text}")


def make_keep(code, constants=bytes(range(32))):
    """A keep kernel that does nothing: headers and text, constants, data."""
    loads = [(5, 0, 0x400 + len(code), 0x400 + len(code)), (4, 0x1000, 32, 32), (6, 0x2000, 64, 0x1800)]
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 3, 62, 1, 0x400, 64, 0, 0, 64, 56, len(loads), 0, 0, 0)
    table = b"".join(struct.pack("<IIQQQQQQ", 1, flags, at, at, at, size, memory, 4096) for flags, at, size, memory in loads)
    return ((header + table).ljust(0x400, b"\0") + code).ljust(0x1000, b"\0") + constants.ljust(0x1000, b"\0") + bytes(64)


def check(name, **wanted):
    """The image NAME: what the program prints of it is what the second implementation finds in the file."""
    file = (work / name).read_bytes()
    measured = json.loads(adyton("measure", name, "--json"))
    fields = sgx_layout.check_sigstruct(sgx_layout.notes_of(file)[".adyton.sigstruct"])
    inspected = json.loads(adyton("inspect", name, "--json"))["sgx"]
    mrenclave = sgx_layout.mrenclave(*sgx_layout.layout(file, sgx_layout.rewritten_sites(inspected)))
    assert measured["sgx"] == {"mrenclave": mrenclave, "mrsigner": fields["mrsigner"]}, (measured, mrenclave, fields)
    assert fields["mrenclave"] == mrenclave
    assert fields["flag_mask"] == fields["xfrm_mask"] == 2**64 - 1
    for key, value in wanted.items():
        assert fields[key] == value, (key, fields)
    for text in adyton("measure", name), adyton("inspect", name):
        expect(text, mrenclave)
        expect(text, fields["mrsigner"])
    assert inspected["mrenclave"] == mrenclave and inspected["attributes"] == f"{fields['flags']:016x}", inspected
    return measured


def check_calls(name):
    """What is rewritten of NAME, as objdump sees its code: whole instructions move, and none of them branches."""
    code = re.findall(r"^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *(?:\t(\S+))?", run("objdump", "-dw", name), re.M)
    code = {int(at, 16): (len(data.split()), operation) for at, data, operation in code}
    for kind, what in ("syscall", "system calls"), ("cpuid", "cpuid instructions"):
        calls = json.loads(adyton("inspect", name, "--json"))["sgx"][kind + "s"]
        for site in calls["rewritten"]:
            at = site["begin"]
            while at < site[kind]:
                size, operation = code[at]
                assert not re.match("j|call|ret|loop|syscall|cpuid|int|hlt|ud", operation), (site, operation)
                at += size
            assert at == site[kind] and code[at] == (2, kind), site
            for padding in range(site.get("padding", 0), site["padding"] + 5 if "padding" in site else 0):
                assert code.get(padding, (0, "nop"))[1] in ("nop", "nopw", "nopl", "xchg", "int3", "data16", "cs"), (site, code[padding])
        real = [at for at, (_, operation) in code.items() if operation == kind]
        share = len(calls["rewritten"]) / len(real)
        assert set(calls["left"]) >= set(real) - {site[kind] for site in calls["rewritten"]}
        assert share > 0.95, (kind, share, calls["left"])
        expect(adyton("inspect", name), f"{len(calls['rewritten'])} {what} lead straight into the keep kernel")


(work / "keep").write_bytes(make_keep(b"\x0f\x0b"))
(work / "other_keep").write_bytes(make_keep(b"\x90\x0f\x0b"))
(work / "calls_keep").write_bytes(make_keep(b"\x0f\x0b", struct.pack("<8sQQ", b"akcalls2", 0x401, 0x400)))
(work / "plain.toml").write_text('name = "hello"\nproduct = 4\nsvn = 9\nthreads = 2\n[memory]\nheap = "4MiB"\n')
(work / "full.toml").write_text(
    'name = "hello"\ndebug = true\n[sgx]\nfeatures = ["avx", "avx512"]\nthreads = 20\nmalloc_arenas = 4\nexception_info = true\nkss = true\n'
    'family_id = "000102030405060708090a0b0c0d0e0f"\n')

(work / "hello.cc").write_text('#include <cstdio>\nint main() { std::puts("hello"); }\n')
run("g++", "-O2", "-fPIE", "-static-pie", "-o", hello, "hello.cc")

# One key for everything; its MRSIGNER is said when it is made.
made = adyton("keygen", "isv.pem", "--sgx")
adyton("keygen", "p256.pem", "--type", "p256")
adyton("keygen", "no.pem", "--sgx", "--type", "p256", status=10)
adyton("sign", hello, "-m", "plain.toml", "--key", "isv.pem", "--keep", "keep", "-o", "one", "--sgx-date", "2026-11-22")
one = check("one", date=0x20261122, flags=4, xfrm=3, misc=(0, 2**32 - 1), product=4, svn=9)
expect(made, one["sgx"]["mrsigner"])
adyton("sign", hello, "-m", "full.toml", "--key", "isv.pem", "--keep", "keep", "-o", "full")
check("full", flags=4 | 2 | 0x80, xfrm=0xe7, misc=(1, 2**32 - 1), family="000102030405060708090a0b0c0d0e0f")
expect(adyton("inspect", "full"), "4 arenas of malloc")
assert "arenas" not in adyton("inspect", "one")
for name, arenas in (("one", 1), ("full", 4)):
    assert json.loads(adyton("inspect", name, "--json"))["sgx"]["malloc_arenas"] == arenas

# A keep kernel to which system calls and cpuid lead, and then the one that is embedded.
adyton("sign", hello, "-m", "plain.toml", "--key", "isv.pem", "--keep", "calls_keep", "-o", "calls")
assert check("calls")["image"] == one["image"]
check_calls("calls")
adyton("sign", hello, "-m", "plain.toml", "--key", "isv.pem", "-o", "own")
check("own")
check_calls("own")
for bad, what in ((0x1000, 0x401), "system calls"), ((0x401, 0x1000), "cpuid"):
    (work / "bad_keep").write_bytes(make_keep(b"\x0f\x0b", struct.pack("<8sQQ", b"akcalls2", *bad)))
    expect(adyton("sign", hello, "-m", "plain.toml", "--key", "isv.pem", "--keep", "bad_keep", "-o", "no", status=10), what)

# Another key for SGX than for the image; two steps with openssl make the same SIGSTRUCT as one.
expect(adyton("sign", hello, "-m", "plain.toml", "--key", "p256.pem", "--keep", "keep", "-o", "kept"), "not signed for SGX")
assert "mrsigner" not in json.loads(adyton("measure", "kept", "--json"))["sgx"]
day = ["--sgx-date", "2026-11-22"]
adyton("sign", "kept", "--sgx-key", "isv.pem", "-o", "mixed", *day)
assert check("mixed")["signer"] != one["signer"] and check("mixed")["image"] == one["image"]
adyton("sign", "kept", "--sgx-to-be-signed", "tbs", *day)
run("openssl", "dgst", "-sha256", "-sign", "isv.pem", "-out", "signature", "tbs")
adyton("sign", "kept", "--sgx-public-key", "isv.pem.pub", "--sgx-signature", "signature", "-o", "stepped", *day)
assert (work / "stepped").read_bytes() == (work / "mixed").read_bytes()
expect(adyton("sign", "kept", "--sgx-public-key", "isv.pem.pub", "--sgx-signature", "signature", "-o", "no", "--sgx-date",
              "2026-11-23", status=14), "--sgx-date")
adyton("sign", "kept", "--sgx-key", "isv.pem", "-o", "no", "--sgx-date", "2026-13-01", status=10)
# The image's own signature can be made anew, and SGX's stays; a keep kernel or a manifest of its own needs a new one.
expect(adyton("sign", "mixed", "--key", "p256.pem", "-o", "again"), "stays that of another key")
assert check("again")["sgx"] == one["sgx"]
adyton("sign", "mixed", "--key", "p256.pem", "--keep", "other_keep", "-o", "rekept")
expect(adyton("measure", "rekept"), "not signed for SGX")
assert json.loads(adyton("measure", "mixed", "--keep", "other_keep", "--json"))["sgx"]["mrenclave"] != one["sgx"]["mrenclave"]
adyton("sign", "mixed", "-m", "plain.toml", "--key", "isv.pem", "--no-sgx", "-o", "bare")
assert "sgx" not in json.loads(adyton("measure", "bare", "--json"))

# Without being asked for: the keep kernel of the tool and the key of the image, where the image is.
(work / "vault.elf").write_bytes(hello.read_bytes())
adyton("sign", "vault.elf", "-m", "plain.toml", "--key", "p256.pem")
assert "mrsigner" not in json.loads(adyton("measure", "vault.enclave", "--json"))["sgx"]
adyton("sign", "vault", "--key", "isv.pem")
check("vault.enclave")
expect(adyton("run", "vault.enclave", "--on", "sgx-emulated"), "hello")
(work / "huge.toml").write_text('name = "hello"\n[memory]\nheap = "64GiB"\n')
expect(adyton("sign", "vault.elf", "-m", "huge.toml", "--key", "isv.pem"), "not signed for SGX: an SGX enclave of")

# What is missing or wrong is said.
expect(adyton("run", "bare", "--on", "sgx-emulated", status=11), "no keep kernel")
expect(adyton("sign", "kept", "--sgx-key", "p256.pem", "-o", "no", status=10), "RSA")
expect(adyton("sign", "bare", "--keep", hello, "-o", "no", status=10), "the keep kernel")
file = (work / "mixed").read_bytes()
note = sgx_layout.notes_of(file)[".adyton.keep"]
at = file.index(note) + 0x401
(work / "changed").write_bytes(file[:at] + bytes([file[at] ^ 1]) + file[at + 1:])
for command in "measure", "inspect":
    expect(adyton(command, "changed", status=14), "another enclave")
print("measured as the second implementation does")
