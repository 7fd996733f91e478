#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`cli_test.py BIN`: the command `adyton` in BIN: what it prints and the status it ends with, case by case."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

bin_folder = pathlib.Path(sys.argv[1]).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="adyton-cli-"))
environment = dict(os.environ, XDG_DATA_HOME=str(work / "data"))
hello = bin_folder / "hello.enclave"


def adyton(*arguments, status=0, typed=""):
    run = subprocess.run([bin_folder / "adyton", *map(str, arguments)], cwd=work, env=environment, text=True,
                         capture_output=True, input=typed, timeout=60)
    if run.returncode != status:
        sys.exit(f"adyton {' '.join(map(str, arguments))}: status {run.returncode}, not {status}\n{run.stdout}{run.stderr}")
    return run.stdout + run.stderr


def expect(text, part):
    if part not in text:
        sys.exit(f"{part!r} is not in:\n{text}")


# Misuse, and every kind of failure that files can cause.
adyton(status=2)
adyton("frobnicate", status=2)
adyton("inspect", status=2)
overview = adyton("--help")
for name in ("new", "keygen", "sign", "inspect", "run", "call", "attest", "verify", "doctor", "completion"):
    expect(overview, f"\n  {name} ")
    expect(adyton(name, "--help"), f"Example:\n  adyton {name}")
(work / "junk").write_bytes(b"junk")
adyton("inspect", "junk", status=10)
expect(adyton("inspect", "nowhere", status=11), "No such file")
flipped = bytearray(hello.read_bytes())
flipped[flipped.index(b", in an enclave.")] ^= 1
(work / "flipped.enclave").write_bytes(flipped)
adyton("inspect", "flipped.enclave", status=14)
adyton("run", "flipped.enclave", status=14)

# Keys.
adyton("keygen", "key.pem", "--type", "p384")
expect(adyton("keygen", "key.pem", status=13), "already")
if (work / "key.pem").stat().st_mode & 0o777 != 0o600:
    sys.exit("a private key must have mode 0600")

# Identity does not depend on the signer; a key elsewhere signs as one here does.
image = json.loads(adyton("inspect", hello, "--json"))
if image["calls"] != [{"name": "hello.greet", "structure": "(string) -> string"}] or set(image["permissions"]) != {
        "read", "write", "connect", "listen", "environment"}:
    sys.exit(f"inspect must tell calls with their types, and permissions: {image}")
shown = adyton("inspect", hello)
for part in (image["image"], image["signer"], "hello.greet(string) -> string", "no files", "no TCP ports"):
    expect(shown, part)
adyton("sign", hello, "--key", "key.pem", "--output", "mine.enclave")
mine = json.loads(adyton("inspect", "mine.enclave", "--json"))
if mine["image"] != image["image"] or mine["signer"] == image["signer"]:
    sys.exit("signing again must change the signer and nothing else")
adyton("sign", hello, "--public-key", "key.pem.pub", "--to-be-signed", "tbs")
subprocess.run(["openssl", "dgst", "-sha384", "-sign", "key.pem", "-out", "signature", "tbs"], cwd=work, check=True)
adyton("sign", hello, "--public-key", "key.pem.pub", "--signature", "signature", "--output", "theirs.enclave")
if json.loads(adyton("inspect", "theirs.enclave", "--json")) != mine:
    sys.exit("a detached signature must make the same image")
adyton("keygen", "rsa.pem")
adyton("sign", hello, "--public-key", "rsa.pem.pub", "--to-be-signed", "tbs")
subprocess.run(["openssl", "dgst", "-sha384", "-sign", "rsa.pem", "-out", "signature", "tbs"], cwd=work, check=True)  # not PSS
expect(adyton("sign", hello, "--public-key", "rsa.pem.pub", "--signature", "signature", "--output", "x", status=14), "PSS with SHA-384")
expect(adyton("sign", hello, "--output", "developed.enclave"), "your development key")
if "ENUM" in adyton("keygen", "--help"):
    sys.exit("help must not tell how kinds are numbered")

# Calls.
expect(adyton("call", hello, "hello.greet", '["Ada"]'), "Hello Ada")
expect(adyton("call", hello, "hello.greet", "[1]", status=10), "argument 1")
expect(adyton("call", hello, "hello.gree", "[]", status=11), "hello.greet(string) -> string")
adyton("call", hello, "hello.greet", '["Ada"]', "--on", "nowhere", status=11)

# An image that serves calls stays until it is interrupted, and says what it serves and where it runs.
with subprocess.Popen([bin_folder / "adyton", "run", hello], env=environment, text=True, stdout=subprocess.PIPE,
                      stderr=subprocess.PIPE) as server:
    said = [server.stdout.readline() for _ in range(3)]
    if said != ["hello serves\n", "  hello.greet(string) -> string\n", "until interrupted (Ctrl-C).\n"]:
        sys.exit(f"adyton run says {said}")
    server.send_signal(signal.SIGINT)
    end, remarks = server.communicate(timeout=60)
    if server.returncode != 0 or "exited with status 0" not in end or "launching hello on process" not in remarks:
        sys.exit(f"adyton run of a server ended with {server.returncode}: {end}{remarks}")

# One that serves none is a program: its output, its status, its signal.
(work / "program.toml").write_text('name = "behaviour"\n')
adyton("sign", bin_folder / "hostile_behaviour", "--manifest", "program.toml", "--key", "key.pem", "--output", "program.enclave")
expect(adyton("run", "program.enclave", "--", "echo", typed="in and out"), "in and out")
adyton("run", "program.enclave", "--", "exit", "7", status=7)
expect(adyton("run", "program.enclave", "--", "crash", status=128 + signal.SIGSEGV), "Segmentation fault")
for number in (signal.SIGINT, signal.SIGTERM):
    with subprocess.Popen([bin_folder / "adyton", "run", "program.enclave", "--", "echo"], env=environment, text=True, cwd=work,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        program.stdin.write("a line\n")
        program.stdin.flush()
        program.stdout.readline()
        program.send_signal(number)
        if program.wait(60) != 128 + number:
            sys.exit(f"adyton run ended with {program.returncode} on signal {number}")
for command in (["attest", "program.enclave", "--output", "x"], ["call", "program.enclave", "a.b"]):
    expect(adyton(*command, status=10 if command[0] == "attest" else 11), "adyton run")

# A debugger: at main, with symbols; only if the manifest, and with it the identity, says so.
expect(adyton("run", hello, "--gdb", status=13), "debug = true")
(work / "debug.toml").write_text('name = "debugged"\ndebug = true\n')
adyton("sign", bin_folder / "hello.elf", "--manifest", "debug.toml", "--key", "key.pem", "--output", "debug.enclave")
if shutil.which("gdb"):
    session = adyton("run", "debug.enclave", "--gdb", typed="backtrace\nkill\nquit\n")
    expect(session, "hello_enclave.cc")
    expect(session, "#0  main")

# Evidence: not trusted by default, bound to the nonce and the image.
adyton("attest", hello, "--nonce", "00ff", "--output", "evidence")
root = work / "data/adyton/dev-root.pem"
expect(adyton("verify", "evidence", status=12), "--trust-root")
adyton("verify", "evidence", "--trust-root", root, "--nonce", "00ff", "--image", hello)
adyton("verify", "evidence", "--trust-root", root, "--nonce", "00fe", status=13)
adyton("verify", "evidence", "--trust-root", root, "--image", bin_folder / "call.enclave", status=13)
adyton("verify", "evidence", "--trust-root", "key.pem.pub", status=14)
evidence = bytearray((work / "evidence").read_bytes())
evidence[len(evidence) // 2] ^= 1
(work / "altered").write_bytes(evidence)
adyton("verify", "altered", "--trust-root", root, status=14)

# The same of an SGX enclave: a quote, with what verifies it beside it, and a root of its own.
(work / "quotes").mkdir()
told = adyton("attest", hello, "--on", "sgx-emulated", "--nonce", "00ff", "--output", "quotes/quote.bin", "--root-output", "sgx.pem")
expect(told, "adyton verify quotes/quote.bin --trust-root sgx.pem")
if (work / "sgx.pem").read_bytes() != (work / "data/adyton/sgx-emulated-root.pem").read_bytes():
    sys.exit("--root-output writes another root than the development folder has")
expect(adyton("verify", "quotes/quote.bin", status=14), "The platform is emulated")
expect(adyton("verify", "quotes/quote.bin", "--trust-root", root, status=10), "intel-sgx")
genuine = adyton("verify", "quotes/quote.bin", "--trust-root", "sgx.pem", "--nonce", "00ff", "--image", hello)
for part in "UpToDate", "(emulated: isolates nothing)":
    expect(genuine, part)
adyton("verify", "quotes/quote.bin", "--trust-root", "sgx.pem", "--nonce", "00fe", status=13)
adyton("verify", "quotes/quote.bin", "--trust-root", "sgx.pem", "--image", bin_folder / "call.enclave", status=13)
adyton("verify", "evidence", "--trust-root", "sgx.pem", status=10)
(work / "quotes/quote.bin.collateral").rename(work / "collateral")
expect(adyton("verify", "quotes/quote.bin", "--trust-root", "sgx.pem", status=12), "The platform is emulated")
adyton("verify", "quotes/quote.bin", "--trust-root", "sgx.pem", "--collateral", "collateral")

# What programs read, and what shells do.
checks = json.loads(adyton("doctor", "--json"))["process"]
if not any(check["name"] == "seccomp" and check["state"] == "ok" for check in checks):
    sys.exit("doctor does not know seccomp")
# A machine that gives an enclave less: here a namespace with one user and no other namespaces, as in some containers.
poor = ["unshare", "--map-root-user", "sh", "-c",
        'set -e; for kind in user mnt pid net ipc uts cgroup; do echo 0 >/proc/sys/user/max_${kind}_namespaces; done; exec "$@"', "sh"]
if subprocess.run([*poor, "true"], capture_output=True).returncode == 0:
    told = json.loads(subprocess.run([*poor, bin_folder / "adyton", "doctor", "--json"], env=environment, text=True,
                                     check=True, capture_output=True).stdout)["process"]
    states = {check["name"]: check["state"] for check in told}
    for name in ("own user", "user namespace", "mount namespace", "pid namespace", "network namespace"):
        if states[name] != "degraded":
            sys.exit(f"doctor does not miss the {name}")
    if any(check["state"] != "ok" and not check["remedy"] for check in told):
        sys.exit("doctor leaves a remedy out")
    ran = subprocess.run([*poor, bin_folder / "adyton", "run", (work / "program.enclave"), "--", "exit", "3"], env=environment,
                         text=True, capture_output=True)
    expect(ran.stderr, "adyton: behaviour: no network namespace")
    if ran.returncode != 3:
        sys.exit(f"a program with fewer layers ended with {ran.returncode}: {ran.stderr}")

for shell, check in (("bash", ["bash", "-n"]), ("fish", None), ("zsh", None)):
    script = adyton("completion", shell)
    expect(script, "keygen")
    if check:
        subprocess.run(check, input=script, text=True, check=True)
for words, wanted in ((["adyton", "ins"], "inspect"), (["adyton", "inspect", "--j"], "--json"), (["adyton", "collateral", "p"], "pack"),
                      (["adyton", "policy", "from", "--o"], "--output"), (["adyton", "inspect", "key.pem.p"], "key.pem.pub")):
    script = (f'eval "$({bin_folder}/adyton completion bash)"\nCOMP_WORDS=({" ".join(words)})\nCOMP_CWORD={len(words) - 1}\n'
              '_adyton\necho "${COMPREPLY[*]}"')
    completed = subprocess.run(["bash", "-c", script], cwd=work, text=True, check=True, capture_output=True).stdout.strip()
    if completed != wanted:
        sys.exit(f"{words} is completed to {completed!r}, not {wanted!r}")
print("good")
