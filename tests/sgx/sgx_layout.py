# SPDX-License-Identifier: Apache-2.0
"""An SGX enclave's pages, MRENCLAVE and SIGSTRUCT out of an image file, written from docs/formats/sgx.md and Intel's
SDM alone: a second implementation, which shares nothing with the first. Which instructions are rewritten it does not
choose: it is told, checks that each is one that may be, and does it."""
import hashlib
import struct

PAGE = 4096
STACK_GUARD = 16 * PAGE
EXCEPTION_STACK_PAGES, KEEP_STACK_PAGES, SSA_FRAMES, SSA_FRAME_PAGES = 2, 6, 3, 4
R, W, X, TCS, REG = 1, 2, 4, 0x100, 0x200
R_ELF = 4


def up(value, to=PAGE):
    return (value + to - 1) // to * to


def segments_of(elf):
    """Entry, program header table and count, and the PT_LOADs as (flags, offset, address, file size, size, alignment)."""
    entry, table = struct.unpack_from("<QQ", elf, 24)
    count = struct.unpack_from("<H", elf, 56)[0]
    loads = []
    for i in range(count):
        kind, flags, offset, address, _, in_file, size, align = struct.unpack_from("<IIQQQQQQ", elf, table + 56 * i)
        if kind == 1:
            loads.append((flags, offset, address, in_file, size, align))
    return entry, table, count, loads


def notes_of(elf):
    """The content of each of Adyton's sections, by name."""
    table, = struct.unpack_from("<Q", elf, 40)
    count, names = struct.unpack_from("<HH", elf, 60)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + 64 * i) for i in range(count)]
    out = {}
    for name, _, _, _, offset, _ in headers:
        start = headers[names][4] + name
        text = elf[start:elf.index(b"\0", start)].decode()
        if text.startswith(".adyton."):
            out[text] = elf[offset + 20:offset + 20 + struct.unpack_from("<I", elf, offset + 4)[0]]
    return out


def cbor(data, at=0):
    """One item of the CBOR that manifests are made of, and where it ends."""
    major, size = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        return size == 21, at
    if size >= 24:
        width = 1 << (size - 24)
        size, at = int.from_bytes(data[at:at + width], "big"), at + width
    if major == 0:
        return size, at
    if major in (2, 3):
        return (data[at:at + size] if major == 2 else data[at:at + size].decode()), at + size
    items = []
    for _ in range(size * (2 if major == 5 else 1)):
        item, at = cbor(data, at)
        items.append(item)
    return (dict(zip(items[::2], items[1::2])) if major == 5 else items), at


def pages_of_segments(elf, loads, base):
    for flags, offset, address, in_file, size, _ in loads:
        start = address // PAGE * PAGE
        content = bytes(address - start) + elf[offset:offset + in_file]
        content = content.ljust(up(address + size) - start, b"\0")
        secinfo = REG | (R if flags & 6 else 0) | (W if flags & 2 else 0) | (X if flags & 1 else 0)
        for at in range(0, len(content), PAGE):
            yield base + start + at, secinfo, content[at:at + PAGE]


# What is rewritten: its bytes, and those of the `lea` that loads where it goes on.
CALLS = {"syscall": (b"\x0f\x05", b"\x48\x8d\x0d"), "cpuid": (b"\x0f\xa2", b"\x48\x8d\x15")}


def call_entries(keep, loads):
    """Where each of them leads: in the first segment that is only readable."""
    for flags, offset, _, in_file, _, _ in loads:
        if flags == R_ELF and in_file >= 24:
            magic, *entries = struct.unpack_from("<8sQQ", keep, offset)
            return dict(zip(CALLS, entries)) if magic == b"akcalls2" else {}
    return {}


def jump(opcode, width, address, target):
    """A direct jump at `address`, or whatever else ends in its distance."""
    return opcode + struct.pack("<b" if width == 1 else "<i", target - (address + len(opcode) + width))


def rewrite(image, loads, sites, base, entries):
    """The image with jumps instead of these instructions, and the trampolines, which begin at `base`; both from the load
    base, as are `entries`."""
    out, trampolines, last = bytearray(image), b"", 0
    code = [load for load in loads if load[0] & 1]

    def place(address, size):
        offset, start = next((load[1], load[2]) for load in code if load[2] <= address <= load[2] + load[3] - size)
        return offset + address - start

    def put(address, new):
        at = place(address, len(new))
        out[at:at + len(new)] = new

    for site in sites:
        kind, = CALLS.keys() & site.keys()
        call, begin, padding = site[kind], site["begin"], site.get("padding")
        first, second = place(begin, call + 2 - begin), place(call, 2)
        expected, load = CALLS[kind]
        assert image[second:second + 2] == expected and last <= begin <= call and call - begin <= 48, site
        moved = bytearray(image[first:second])
        here = base + len(trampolines)
        for at in site.get("distances", []):
            assert begin < at <= call - 4, site
            distance, = struct.unpack_from("<i", moved, at - begin)
            struct.pack_into("<i", moved, at - begin, distance + begin - here)
        trampoline = bytes(moved) + jump(load, 4, here + len(moved), call + 2)
        trampoline += jump(b"\xe9", 4, here + len(trampoline), entries[kind])
        trampolines += trampoline.ljust(up(len(trampoline), 16), b"\xcc")
        if padding is None:
            assert call + 2 - begin >= 5, site
            put(begin, jump(b"\xe9", 4, begin, here))
        else:
            assert begin == call, site
            put(call, jump(b"\xeb", 1, call, padding))
            put(padding, jump(b"\xe9", 4, padding, here))
        last = call + 2
    return bytes(out), trampolines


def image_digest(image, entry, loads, manifest):
    """The portable identity (docs/formats/image.md)."""
    digest = hashlib.sha384(struct.pack("<16sQQ", b"adyton image 1", entry, len(loads)))
    for flags, offset, address, in_file, size, _ in loads:
        digest.update(struct.pack("<4Q", address, size, flags, in_file) + image[offset:offset + in_file])
    return digest.update(struct.pack("<Q", len(manifest)) + manifest) or digest.digest()


def rewritten_sites(sgx):
    """All that are rewritten, by address, out of what `adyton inspect --json` says."""
    return sorted(sgx["syscalls"]["rewritten"] + sgx["cpuids"]["rewritten"], key=lambda site: site["begin"])


def layout(image, sites=()):
    """(size, pages) of the enclave; a page is (offset, SECINFO.FLAGS, content or None if it is not extended). `sites` as
    of rewritten_sites()."""
    notes = notes_of(image)
    keep, encoded = notes[".adyton.keep"], notes[".adyton.manifest"]
    manifest = cbor(encoded)[0]
    keep_entry, _, _, keep_loads = segments_of(keep)
    entry, table, count, loads = segments_of(image)
    # What speaks of sections is not measured.
    image = image[:40] + bytes(8) + image[48:58] + bytes(6) + image[64:]

    keep_bytes = up(keep_loads[-1][2] + keep_loads[-1][4])
    manifest_at = keep_bytes + PAGE
    app = up(up(manifest_at + len(encoded)) + PAGE, max(load[5] for load in loads))
    app_bytes = up(loads[-1][2] + loads[-1][4])
    entries = call_entries(keep, keep_loads)
    assert entries or not sites
    code, trampolines = rewrite(image, loads, sites, app_bytes, {kind: at - app for kind, at in entries.items()})
    threads = manifest.get("sgx", {}).get("threads", 0) or manifest["threads"] + 8
    stack = manifest["memory"]["stack"]
    heap, heap_bytes = app + app_bytes + up(len(trampolines)) + PAGE, manifest["memory"]["heap"]
    stacks, stack_stride = heap + heap_bytes, STACK_GUARD + stack
    first_thread = stacks + threads * stack_stride
    stride = (1 + EXCEPTION_STACK_PAGES + 1 + KEEP_STACK_PAGES + 1 + 1 + 1 + SSA_FRAMES * SSA_FRAME_PAGES + 1) * PAGE
    size = 1 << (first_thread + threads * stride - 1).bit_length()

    config = struct.pack("<19Q", 0x31707065656b6461, size, keep_bytes, app, app_bytes, entry, table, count, heap, heap_bytes,
                         first_thread, stride, threads, stack, stacks, stack_stride, manifest_at, len(encoded), manifest["debug"])
    features = manifest.get("sgx", {}).get("features", [])
    xfrm = 3 | sum(bits for name, bits in (("avx", 4), ("avx512", 0xe0), ("pkru", 0x200), ("amx", 0x60000)) if name in features)
    config += image_digest(image, entry, loads, encoded) + struct.pack("<Q", xfrm)
    pages = list(pages_of_segments(keep, keep_loads, 0))
    pages.append((keep_bytes, REG | R, config.ljust(PAGE, b"\0")))
    for at in range(0, len(encoded), PAGE):
        pages.append((manifest_at + at, REG | R, encoded[at:at + PAGE].ljust(PAGE, b"\0")))
    pages += pages_of_segments(code, loads, app)
    for at in range(0, len(trampolines), PAGE):
        pages.append((app + app_bytes + at, REG | R | X, trampolines[at:at + PAGE].ljust(PAGE, b"\0")))
    pages += [(heap + at, REG | R | W, None) for at in range(0, heap_bytes, PAGE)]
    for i in range(threads):
        stack_at = stacks + i * stack_stride + STACK_GUARD
        pages += [(stack_at + at, REG | R | W, None) for at in range(0, stack, PAGE)]
    for i in range(threads):
        exceptions = first_thread + i * stride + PAGE
        start = exceptions + (EXCEPTION_STACK_PAGES + 1) * PAGE
        self_at = start + (KEEP_STACK_PAGES + 1) * PAGE
        tcs, ssa = self_at + PAGE, self_at + 2 * PAGE
        thread = struct.pack("<6Q", keep_bytes, self_at, start + KEEP_STACK_PAGES * PAGE, tcs, ssa, i)
        control = struct.pack("<QQQIIQQQQII", 0, 0, ssa, 0, SSA_FRAMES, keep_entry, 0, self_at, self_at, 2**32 - 1, 2**32 - 1)
        pages += [(exceptions + n * PAGE, REG | R | W, bytes(PAGE)) for n in range(EXCEPTION_STACK_PAGES)]
        pages += [(start + n * PAGE, REG | R | W, bytes(PAGE)) for n in range(KEEP_STACK_PAGES)]
        pages.append((self_at, REG | R | W, thread.ljust(PAGE, b"\0")))
        pages.append((tcs, TCS, control.ljust(PAGE, b"\0")))
        pages += [(ssa + n * PAGE, REG | R | W, bytes(PAGE)) for n in range(SSA_FRAMES * SSA_FRAME_PAGES)]
    return size, pages


def mrenclave(size, pages):
    digest = hashlib.sha256(struct.pack("<8sIQ44x", b"ECREATE", SSA_FRAME_PAGES, size))
    for offset, secinfo, content in pages:
        digest.update(struct.pack("<8sQQ40x", b"EADD", offset, secinfo))
        for at in range(0, PAGE if content is not None else 0, 256):
            digest.update(struct.pack("<8sQ48x", b"EEXTEND", offset + at) + content[at:at + 256])
    return digest.hexdigest()


def check_sigstruct(data):
    """Fields of a SIGSTRUCT whose signature, Q1 and Q2 hold; an assertion fails if they do not."""
    assert len(data) == 1808
    assert data[0:16].hex() == "06000000e10000000000010000000000"
    assert data[24:40].hex() == "01010000600000006000000001000000"
    number = lambda at: int.from_bytes(data[at:at + 384], "little")
    modulus, signature = number(128), number(516)
    assert modulus.bit_length() == 3072 and signature < modulus and data[512:516] == b"\3\0\0\0"
    assert number(1040) == signature**2 // modulus
    assert number(1424) == (signature**3 - number(1040) * signature * modulus) // modulus
    # RFC 8017, 9.2: EMSA-PKCS1-v1_5 with SHA-256.
    digest_info = bytes.fromhex("3031300d060960864801650304020105000420")
    digest = hashlib.sha256(data[0:128] + data[900:1028]).digest()
    padded = b"\0\1" + b"\xff" * (384 - 3 - len(digest_info) - 32) + b"\0" + digest_info + digest
    assert pow(signature, 3, modulus) == int.from_bytes(padded, "big")
    flags, xfrm, flag_mask, xfrm_mask = struct.unpack_from("<4Q", data, 928)
    product, svn = struct.unpack_from("<HH", data, 1024)
    return {"date": struct.unpack_from("<I", data, 20)[0], "misc": struct.unpack_from("<II", data, 900), "flags": flags,
            "xfrm": xfrm, "flag_mask": flag_mask, "xfrm_mask": xfrm_mask, "family": data[912:928].hex(),
            "extended_product": data[1008:1024].hex(), "mrenclave": data[960:992].hex(), "product": product, "svn": svn,
            "mrsigner": hashlib.sha256(data[128:512]).hexdigest()}
