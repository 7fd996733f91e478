#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`verify_test.py BIN`: `adyton verify`, `policy` and `collateral`: statuses and what is printed, with evidence of the
process back-end, of a TEE that never was (fake_evidence.cc) and, where it is at hand, of real ones."""
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

bin_folder = pathlib.Path(sys.argv[1]).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="adyton-verify-"))
environment = dict(os.environ, XDG_DATA_HOME=str(work / "data"), XDG_CACHE_HOME=str(work / "cache"), NO_PROXY="*",
                   no_proxy="*")
THEN = "2025-06-15T15:06:40Z"  # when the fake evidence was made


def adyton(*arguments, status=0, typed=None):
    run = subprocess.run([bin_folder / "adyton", *map(str, arguments)], cwd=work, env=environment, text=True,
                         capture_output=True, input=typed, timeout=60)
    if run.returncode != status:
        sys.exit(f"adyton {' '.join(map(str, arguments))}: status {run.returncode}, not {status}\n"
                 f"{run.stdout}{run.stderr}")
    return run.stdout + run.stderr


def expect(text, *parts):
    for part in parts:
        if part not in text:
            sys.exit(f"{part!r} is not in:\n{text}")
    return text


def refuse(text, part):
    if part in text:
        sys.exit(f"{part!r} is in:\n{text}")


def development():
    """Evidence that `adyton attest` makes, bound to nonce and image."""
    hello = bin_folder / "hello.enclave"
    adyton("attest", hello, "--nonce", "00112233445566778899", "--output", "dev.evidence")
    root = work / "data/adyton/dev-root.pem"
    given = ["dev.evidence", "--trust-root", f"development={root}"]
    expect(adyton("verify", "dev.evidence", status=12), "Cannot tell", "--trust-root")
    expect(adyton("verify", *given, "--nonce", "00112233445566778899", "--image", hello), "Genuine, and as wanted")
    adyton("verify", *given, "--nonce", "00", status=13)
    image = json.loads(adyton("inspect", hello, "--json"))
    adyton("verify", *given, "--signer", image["signer"])
    adyton("verify", *given, "--signer", "00" * 48, status=13)
    evidence = (work / "dev.evidence").read_bytes()
    typed = subprocess.run([bin_folder / "adyton", "verify", "-", "--trust-root", root], cwd=work, env=environment,
                           input=evidence, capture_output=True, timeout=60)
    if typed.returncode != 0:
        sys.exit("evidence from standard input must do")
    (work / "junk").write_bytes(b"junk")
    adyton("verify", "junk", status=10)
    adyton("verify", "nowhere", status=11)
    adyton("verify", *given, "--nonce", "xyz", status=10)
    adyton("verify", *given, "--at", "yesterday", status=10)
    adyton("verify", "dev.evidence", "--trust-root", "junk", status=10)
    # A root is one for the kind that it is named for; without one, for the evidence's.
    adyton("verify", "dev.evidence", "--trust-root", root)
    for kind in ("arm-cca", "ear", "tpm"):
        adyton("verify", "dev.evidence", "--trust-root", f"{kind}={root}", status=12)
    expect(adyton("verify", "dev.evidence", "--trust-root", f"everything={root}", status=10), "say one of", "arm-cca")
    expect(adyton("verify", "dev.evidence", "--trust-root", f"intel-sgx={root}", status=10), "takes certificates")
    expect(adyton("verify", "dev.evidence", "--trust-issuer", "https://example.com", status=10), "no issuer of tokens")
    adyton("verify", *given, "--frobnicate", status=2)
    adyton("policy", "from", *given, "--output", "dev.toml")
    adyton("verify", *given, "--policy", "dev.toml")


def statuses():
    """Each status, and each option that changes one."""
    sgx = ["sgx.quote", "--trust-root", "intel-sgx=root.pem", "--collateral", "collateral"]
    expect(adyton("verify", *sgx, "--at", THEN), "Genuine, and as wanted", "UpToDate", "MRENCLAVE")
    expect(adyton("verify", *sgx, "--at", "2025-09-01", status=15), "not at this time", "stale")
    expect(adyton("verify", "sgx.quote", "--collateral", "collateral", "--at", THEN, status=14), "Not genuine")
    missing = expect(adyton("verify", *sgx[:3], "--at", THEN, status=12), "missing", "/tcb?fmspc=", "https://")
    refuse(missing, "Genuine")
    adyton("verify", *sgx[:3], "--at", THEN, "--allow-missing")
    # What lies beside the evidence is taken if it can be checked.
    for name in ("collateral", "sgx.quote"):
        source = work / name
        for path in (source.iterdir() if source.is_dir() else [source]):
            (work / "beside").mkdir(exist_ok=True)
            (work / "beside" / path.name).write_bytes(path.read_bytes())
    adyton("verify", "beside/sgx.quote", "--trust-root", "root.pem", "--at", THEN)

    altered = bytearray((work / "sgx.quote").read_bytes())
    altered[112] ^= 1  # MRENCLAVE
    (work / "altered.quote").write_bytes(altered)
    expect(adyton("verify", "altered.quote", *sgx[1:], "--at", THEN, status=14), "Not genuine: quote signature",
           "What it says it is")

    old = ["sgx.quote", "--trust-root", "root.pem", "--collateral", "old", "--at", THEN]
    expect(adyton("verify", *old, status=13), "--allow-tcb OutOfDate", "INTEL-SA-00001")
    adyton("verify", *old, "--allow-tcb", "OutOfDate")
    expect(adyton("verify", *old, "--allow-tcb", "Fine", status=10), "no TCB status")
    debug = ["debug.quote", *sgx[1:], "--at", THEN]
    expect(adyton("verify", *debug, status=13), "--allow-debug")
    adyton("verify", *debug, "--allow-debug")
    adyton("verify", *sgx, "--at", THEN, "--report-data", "da" * 64)
    adyton("verify", *sgx, "--at", THEN, "--report-data", "da" * 63, status=13)

    (work / "wanted.toml").write_text('[expect]\nplatform = "tdx"\n')
    expect(adyton("verify", *sgx, "--at", THEN, "--policy", "wanted.toml", status=13), "platform is sgx")
    (work / "wrong.toml").write_text('[expect]\nplatfrom = "tdx"\n')
    expect(adyton("verify", *sgx, "--at", THEN, "--policy", "wrong.toml", status=10), "platfrom", "line 2")
    adyton("policy", "from", *sgx, "--at", THEN, "--output", "sgx.toml")
    adyton("verify", *sgx, "--at", THEN, "--policy", "sgx.toml")
    adyton("verify", "tdx.quote", *sgx[1:], "--at", THEN, "--policy", "sgx.toml", status=12)
    adyton("policy", "from", "altered.quote", *sgx[1:], "--at", THEN, status=14)

    report = json.loads(adyton("verify", *sgx, "--at", THEN, "--json"))
    if (report["answer"], report["accepted"], report["exit_status"]) != ("genuine", True, 0):
        sys.exit(f"{report}")
    adyton("verify", *sgx, "--at", THEN, "--html", "page.html")
    expect((work / "page.html").read_text(), "<!doctype html>", "Genuine, and as wanted", "class=chain")


def bundles():
    (work / "packed").mkdir()  # not beside the evidence
    adyton("collateral", "pack", "collateral", "--output", "packed/all.cbor")
    adyton("verify", "sgx.quote", "--trust-root", "root.pem", "--collateral", "packed/all.cbor", "--at", THEN)
    for path in ("collateral", "packed/all.cbor"):
        expect(adyton("collateral", "show", path), "TCB info", "SGX of FMSPC f0f0f0f0f0f0", "revocation list",
               "enclave identity QE", "2025-06-14T15:06:40Z to 2025-07-15T15:06:40Z", "CN=Intel SGX TCB Signing")
    adyton("collateral", "show", "junk", status=10)
    adyton("collateral", "pack", "collateral", "old", "--output", "packed/twice.cbor", status=10)
    adyton("collateral", status=2)


class Pccs(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        Pccs.asked.append(self.path)
        name = self.path.split("?")[0].rsplit("/", 1)[1]
        path = work / "pccs" / name
        self.send_response(200 if path.exists() else 404)
        if name in ("tcb", "identity"):
            self.send_header("TCB-Info-Issuer-Chain", (work / "pccs/chain").read_text())
        self.end_headers()
        self.wfile.write(path.read_bytes() if path.exists() else b"")

    def log_message(self, *_):
        pass


def fetching():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pccs)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    given = ["sgx.quote", "--trust-root", "root.pem", "--at", THEN]
    adyton("verify", *given, "--pccs", address, status=2)  # asks nobody unless told to
    adyton("verify", *given, status=12)
    if Pccs.asked:
        sys.exit(f"nobody wanted {Pccs.asked}")
    adyton("verify", *given, "--fetch", "--pccs", address)
    if not Pccs.asked or not any((work / "cache/adyton/collateral").iterdir()):
        sys.exit("nothing was fetched, or nothing kept")
    expect(adyton("collateral", "fetch", *given, "--pccs", address), "sgx.quote.collateral")
    adyton("verify", *given)  # finds it beside the evidence
    (work / "sgx.quote.collateral").unlink()
    adyton("collateral", "fetch", *given, "--pccs", address, "--output", "fetched/")
    adyton("verify", *given, "--collateral", "fetched")
    expect(adyton("collateral", "fetch", *given, "--collateral", "fetched", "--pccs", address), "nothing that could")
    (work / "pccs/tcb").unlink()
    (work / "cache2").mkdir()
    environment["XDG_CACHE_HOME"] = str(work / "cache2")
    expect(adyton("collateral", "fetch", *given, "--pccs", address, "--output", "less/", status=12), "not fetched",
           "no such thing")
    adyton("verify", *given, "--fetch", "--pccs", "ftp://127.0.0.1", status=10)
    server.shutdown()


def attestation_results():
    adyton("keygen", "ear.pem", "--type", "p256")
    sgx = ["sgx.quote", "--trust-root", "root.pem", "--collateral", "collateral", "--at", THEN]
    expect(adyton("verify", *sgx, "--ear", "ear.pem", "--ear-output", "sgx.ear", "--policy", "sgx.toml"), "Genuine")
    expect(adyton("verify", "sgx.ear", "--trust-root", "ear.pem.pub"), "Genuine", "affirming")
    adyton("verify", "sgx.ear", status=12)
    (work / "printed.ear").write_text(adyton("verify", *sgx, "--ear", "ear.pem"))
    adyton("verify", "printed.ear", "--trust-root", "ear.pem.pub")
    # A verdict of no is one of no.
    adyton("verify", *sgx, "--ear", "ear.pem", "--ear-output", "no.ear", "--policy", "wanted.toml", status=13)
    expect(adyton("verify", "no.ear", "--trust-root", "ear=ear.pem.pub", status=13), "contraindicated", "--allow-ear")
    adyton("verify", "no.ear", "--trust-root", "ear=ear.pem.pub", "--allow-ear", "contraindicated")
    adyton("verify", "no.ear", "--trust-root", "ear=ear.pem.pub", "--allow-ear", "warning", status=13)
    adyton("verify", "no.ear", "--trust-root", "ear=ear.pem.pub", "--allow-ear", "bad", status=10)
    adyton("verify", *sgx[:3], "--ear", "ear.pem", "--ear-output", "open.ear", status=12)
    adyton("verify", "open.ear", "--trust-root", "ear.pem.pub", status=13)
    adyton("verify", "open.ear", "--trust-root", "ear.pem.pub", "--allow-ear", "none")
    adyton("verify", *sgx, "--ear-output", "x.ear", status=2)
    adyton("keygen", "rsa.pem")
    adyton("verify", *sgx, "--ear", "rsa.pem", status=10)
    adyton("verify", *sgx, "--ear", "root.pem", status=10)


def real(folder):
    intel = [f for name in ("tcbinfo", "identity", "certs", "crl") for f in ("--collateral",
                                                                           folder / "intel-collateral" / name)]
    sgx = folder / "sgx-ecdsa/sgx-v3-00606a000000-ssgx-ssgx_attestation_t_test-928166.bin"
    # Its PCK certificate is of 2025.
    expect(adyton("verify", sgx, *intel, "--at", "2023-01-20", status=15), "ConfigurationAndSWHardeningNeeded")
    expect(adyton("verify", sgx, status=12), "pckcrl?ca=platform", "tcb?fmspc=00606a000000")
    nitro = folder / "nitro/nitro-2025-12-25-dstack-nitro_attestation-921d5c.cbor"
    expect(adyton("verify", nitro, "--at", "2025-12-25T16:10:00Z"), "Genuine, and as wanted", "AWS Nitro enclave")
    adyton("verify", nitro, status=15)
    debug = folder / "nitro/nitro-2024-11-14-debug-fastcrypto-nitro_attestation_tests-7d81da.cbor"
    adyton("verify", debug, status=15)
    snp = folder / "snp/snp-v3-milan-vcek-dstack-sev_snp_attestation-a20e02.bin"
    # The list that lies there is of 2022; without it nothing is known to be revoked.
    given = [snp, "--collateral", str(snp)[:-4] + ".vcek.der", "--at", "2026-07-01", "--collateral"]
    expect(adyton("verify", *given, folder / "snp/certs", status=15), "the list of ARK-Milan")
    data = "6174746573742d746573742d666978747572652d32303236"
    adyton("verify", *given, folder / "snp/certs/ask-milan.der", "--report-data", data)
    adyton("verify", *given, folder / "snp/certs/ask-milan.der", "--report-data", data[:-2], status=13)
    adyton("verify", *given, folder / "snp/certs/ask-genoa.der", status=12)


def real_evidence():
    named = os.environ.get("ADYTON_EVIDENCE")
    for folder in [pathlib.Path(named)] if named else [above / "shared/evidence" for above in bin_folder.parents]:
        if (folder / "INDEX.json").exists():
            return folder
    return None


subprocess.run([bin_folder / "fake_evidence", work], check=True)
development()
statuses()
bundles()
fetching()
attestation_results()
if real_evidence():
    real(real_evidence())
print("good" if real_evidence() else "good, but there is no real evidence here")
