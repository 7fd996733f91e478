#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`consumer_test.py BUILD install|deb`: builds the projects of `adyton new` against an installed or unpacked Adyton."""
import json
import pathlib
import sys

from outside import Outside, expect

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests/tutorial"))
from run_tutorial import run_page


def vault(outside):
    outside.run(["adyton", "new", "vault"])
    folder = outside.work / "vault"
    built = outside.run("cmake -B build && cmake --build build 2>&1", folder)
    if "warning" in built:
        sys.exit(f"the build warns:\n{built}")
    expect(outside.run("build/vault", folder), "Hello world, this is vault, in an enclave.")
    reply = outside.run(["adyton", "call", "build/vault.enclave", "vault.greet", '["Ada"]'], folder)
    expect(json.loads(reply), "Hello Ada")
    # What would make a static-PIE die before main().
    dynamic = outside.run(["readelf", "--dynamic", "build/vault.elf"], folder)
    for tag in ("NEEDED", "RPATH", "RUNPATH"):
        if tag in dynamic:
            sys.exit(f"vault.elf has {tag}:\n{dynamic}")

    # A line or byte less must not go unnoticed: the image is what it was signed as.
    image = folder / "build/vault.enclave"
    data = bytearray(image.read_bytes())
    data[data.index(b", in an enclave.")] ^= 1
    image.write_bytes(data)
    outside.run("build/vault", folder, status=14)

    # The same sources without CMake.
    outside.run("g++ -O1 vault_enclave.cc $(pkg-config --cflags --libs adyton-enclave) -o plain.elf && "
                "adyton sign plain.elf --manifest adyton.toml --output vault.enclave && "
                "g++ -O1 vault.cc $(pkg-config --cflags --libs adyton-host) -o plain", folder)
    expect(outside.run("./plain", folder), "Hello world, this is vault")


def program(outside):
    outside.run(["adyton", "new", "tally", "--template", "program"])
    folder = outside.work / "tally"
    outside.run("cmake -B build && cmake --build build", folder)
    output = outside.run(["adyton", "run", "build/tally.enclave", "--", "one", "two"], folder, stdin="a\nb\nc\n")
    expect(output, "with 2 arguments: one two")
    expect(output, "had 3 lines")


def attest(outside):
    """The C library, with pkg-config and with CMake, checks what the vault proved; and from Python."""
    example = TREE / "examples/attest"
    outside.run(["adyton", "attest", "vault/vault.enclave", "--nonce", "00ff", "--output", "evidence.cbor"])
    outside.run(f"gcc -std=c11 {example}/verify.c $(pkg-config --cflags --libs adyton-attest) -o verify")
    outside.run(f"cmake -S {example} -B verify.build && cmake --build verify.build")
    library = outside.prefix / "lib/libadyton-attest.so"
    for verify in (f"LD_LIBRARY_PATH={library.parent} ./verify", f"LD_LIBRARY_PATH={library.parent} verify.build/attest_example",
                   f"{example}/verify.py --library {library}"):
        expect(outside.run(f"{verify} -r development=$HOME/.local/share/adyton/dev-root.pem evidence.cbor"), "Genuine, and as wanted")
        outside.run(f"{verify} evidence.cbor", status=12)


def sgx_emulator(outside):
    """A project that links the SGX emulator alone, as its page tells it."""
    folder = outside.work / "square"
    folder.mkdir()
    if wrong := run_page(outside, TREE / "docs/sgx-emulator.md", folder):
        sys.exit(wrong)


with Outside(*sys.argv[1:3]) as where:
    vault(where)
    program(where)
    attest(where)
    sgx_emulator(where)
