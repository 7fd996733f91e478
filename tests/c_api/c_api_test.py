#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`c_api_test.py MAKE_EVIDENCE VERIFY...`: what the example VERIFY ends with and says, for good and for altered evidence."""
import json
import pathlib
import subprocess
import sys
import tempfile

OK, INVALID, UNAVAILABLE, DENIED, UNTRUSTED, EXPIRED = 0, 10, 12, 13, 14, 15


def main(make, *verify):
    with tempfile.TemporaryDirectory(prefix="adyton-c-api-") as name:
        subprocess.run([make, name], check=True)
        folder = pathlib.Path(name)
        now = int((folder / "now").read_text())

        def expect(status, said, *arguments):
            command = [*verify, "-j", *arguments]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
            if done.returncode != status or said not in done.stdout + done.stderr:
                sys.exit(f"{command}: {done.returncode}, not {status} and {said!r}:\n{done.stdout}{done.stderr}")
            report = json.loads(done.stdout) if done.stdout else {"exit_status": status, "accepted": False}
            if report["exit_status"] != status or report["accepted"] != (status == OK):
                sys.exit(f"{command}: the report says otherwise:\n{done.stdout}")
            print(f"{status:3} {' '.join(arguments)}")

        root, nonce = ["-r", "development=development.root"], ["-d", "development.report_data"]
        expect(OK, "Genuine, and as wanted", *root, *nonce, "-p", "policy", "development")
        expect(OK, "adyton-development", *root, "development")
        expect(UNAVAILABLE, "trust", "development")
        expect(UNTRUSTED, "Not genuine", *root, "development.altered")
        expect(UNTRUSTED, "Not genuine", "-r", "intel-sgx=quote.root", *root, "-p", "policy.other", "development.altered")
        expect(DENIED, "report_data", *root, "-d", "garbage", "development")
        expect(INVALID, "report data", *root, "-d", "empty", "development")
        expect(DENIED, "measurement", *root, "-p", "policy.other", "development")
        expect(INVALID, "measurment", *root, "-p", "policy.broken", "development")
        expect(INVALID, "neither", "-r", "intel-sgx=quote.list0", "development")
        expect(INVALID, "", "-c", "garbage", "development")
        expect(INVALID, "", "garbage")
        expect(INVALID, "", "empty")

        root = ["-r", "intel-sgx=quote.root", "-t", str(now)]
        collateral = [text for kind in ("signer", "list0", "list1", "tcb", "identity") for text in ("-c", f"quote.{kind}")]
        expect(OK, "Genuine, and as wanted", *root, *collateral, "quote")
        expect(UNAVAILABLE, "Cannot tell", *root, "quote")
        expect(UNTRUSTED, "Not genuine", *root, *collateral, "quote.altered")
        expect(UNTRUSTED, "Not genuine", *collateral, "-t", str(now), "quote")  # to a root that is not Intel's
        expect(DENIED, "measurement", *root, *collateral, "-p", "policy", "quote")
        expect(EXPIRED, "not at this time", *root, *collateral, "-t", str(now + 100 * 86400), "quote")


main(*sys.argv[1:])
