#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks a file of evidence with libadyton-attest, through ctypes. The class Verifier can be taken as it is.

verify.py [--library SO] [-c COLLATERAL]... [-r TRUST_ROOT]... [-p POLICY] [-d REPORT_DATA] [-t SECONDS] [-j] EVIDENCE
"""
import argparse
import ctypes
import json
import pathlib
import sys
import time
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_void_p

OK = 0
PLATFORM, HARDWARE_MODEL, MEASUREMENT, SIGNER, REPORT_DATA, HOST_DATA = range(1, 7)


class AdytonError(Exception):
    """A verifier could not be set up."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def load(path="libadyton-attest.so.0.1"):
    library = ctypes.CDLL(path)
    for name, result, *arguments in [
            ("attest_version", c_char_p),
            ("verifier_new", c_void_p),
            ("verifier_free", None, c_void_p),
            ("verifier_add_collateral", c_int, c_void_p, c_char_p, c_size_t, c_char_p, c_size_t),
            ("verifier_add_document", c_int, c_void_p, c_char_p, c_size_t, c_char_p, c_size_t),
            ("verifier_add_trust_root", c_int, c_void_p, c_char_p, c_char_p, c_size_t),
            ("verifier_trust_issuer", c_int, c_void_p, c_char_p),
            ("verifier_set_policy", c_int, c_void_p, c_char_p, c_size_t),
            ("verifier_message", c_char_p, c_void_p),
            ("verify", c_int, c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, c_int64, POINTER(c_void_p)),
            ("result_free", None, c_void_p),
            ("result_headline", c_char_p, c_void_p),
            ("result_json", c_void_p, c_void_p, POINTER(c_size_t)),
            ("result_text", c_void_p, c_void_p, POINTER(c_size_t)),
            ("result_claim", c_void_p, c_void_p, c_int, POINTER(c_size_t)),
    ]:
        function = getattr(library, "adyton_" + name)
        function.restype, function.argtypes = result, arguments
    return library


class Verifier:
    """What evidence is checked with. Set up by one thread, then used by any number: ctypes lets go of the GIL."""

    def __init__(self, library):
        self._library = library
        self._handle = library.adyton_verifier_new()
        if not self._handle:
            raise MemoryError

    def __del__(self):
        if getattr(self, "_handle", None):
            self._library.adyton_verifier_free(self._handle)

    def _expect(self, status):
        if status != OK:
            raise AdytonError(status, self._library.adyton_verifier_message(self._handle).decode(errors="replace"))

    def add_collateral(self, name, data):
        name = name.encode()
        self._expect(self._library.adyton_verifier_add_collateral(self._handle, name, len(name), data, len(data)))

    def add_document(self, name, data):
        name = name.encode()
        self._expect(self._library.adyton_verifier_add_document(self._handle, name, len(name), data, len(data)))

    def add_trust_root(self, kind, data):
        self._expect(self._library.adyton_verifier_add_trust_root(self._handle, kind.encode(), data, len(data)))

    def trust_issuer(self, url):
        self._expect(self._library.adyton_verifier_trust_issuer(self._handle, url.encode()))

    def set_policy(self, toml):
        toml = toml.encode()
        self._expect(self._library.adyton_verifier_set_policy(self._handle, toml, len(toml)))

    def verify(self, evidence, report_data, now=None):
        """A Result. `report_data`: what must be in the evidence; None only when replayed evidence does no harm."""
        handle = c_void_p()
        now = int(time.time()) if now is None else now
        status = self._library.adyton_verify(self._handle, evidence, len(evidence), report_data,
                                             len(report_data or b""), now, byref(handle))
        if not handle:
            raise MemoryError
        try:
            return Result(self._library, handle, status)
        finally:
            self._library.adyton_result_free(handle)


class Result:
    """What came out, copied."""

    def __init__(self, library, handle, status):
        def copied(function, *arguments):
            size = c_size_t()
            address = function(handle, *arguments, byref(size))
            return ctypes.string_at(address, size.value) if address else b""

        self.status = status
        self.headline = library.adyton_result_headline(handle).decode(errors="replace")
        self.report = json.loads(copied(library.adyton_result_json))
        self.text = copied(library.adyton_result_text).decode(errors="replace")
        self.measurement, self.signer, self.report_data = (
            copied(library.adyton_result_claim, claim) for claim in (MEASUREMENT, SIGNER, REPORT_DATA))

    def __bool__(self):
        return self.status == OK


def main():
    parser = argparse.ArgumentParser(description="Checks a file of evidence.")
    parser.add_argument("--library", default="libadyton-attest.so.0.1")
    parser.add_argument("-c", "--collateral", action="append", default=[], type=pathlib.Path)
    parser.add_argument("-r", "--trust-root", action="append", default=[], metavar="KIND=FILE")
    parser.add_argument("-p", "--policy", type=pathlib.Path)
    parser.add_argument("-d", "--report-data", type=pathlib.Path)
    parser.add_argument("-t", "--time", type=int)
    parser.add_argument("-j", "--json", action="store_true")
    parser.add_argument("evidence", type=pathlib.Path)
    options = parser.parse_args()

    verifier = Verifier(load(options.library))
    try:
        for path in options.collateral:
            verifier.add_collateral(path.name, path.read_bytes())
        for root in options.trust_root:
            kind, _, path = root.partition("=")
            verifier.add_trust_root(kind, pathlib.Path(path).read_bytes())
        if options.policy:
            verifier.set_policy(options.policy.read_text())
    except AdytonError as error:
        print(error, file=sys.stderr)
        return error.status
    report_data = options.report_data.read_bytes() if options.report_data else None
    result = verifier.verify(options.evidence.read_bytes(), report_data, options.time)
    print(json.dumps(result.report, indent=2) if options.json else result.text)
    print(result.headline, file=sys.stderr)
    return result.status


if __name__ == "__main__":
    sys.exit(main())
