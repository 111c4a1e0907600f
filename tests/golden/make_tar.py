#!/usr/bin/env python3
"""Writes the archives of tests/golden/tar, and `want` of each with Python's own tarfile module.

    python3 tests/golden/make_tar.py        (made with Python 3.11.2; the result is the same bytes each time)

A case is a directory with `input`, `options` (limit: of a member, bytes) and `want` or `error`. A line of `want` is a
member: kind (file, folder, link, other), bytes of data, name, data. Sentences in `error` are ours and stand below."""

import io
import pathlib
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent / "tar"
NAMED = {9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}
END = bytes(1024)


def escape(data: bytes) -> str:
    return "".join(NAMED.get(b) or (chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02x}") for b in data)


def member(name, data=b"", kind=tarfile.REGTYPE, form=tarfile.USTAR_FORMAT, **more) -> bytes:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = len(data)
    for key, value in more.items():
        setattr(info, key, value)
    fill = -len(data) % 512
    return info.tobuf(form, "latin-1", "strict") + data + bytes(fill)


def summed(header: bytearray, signed=False) -> bytes:
    header[148:156] = b" " * 8
    total = sum(b - 256 if signed and b > 127 else b for b in header)
    header[148:156] = b"%06o\0 " % total
    return bytes(header)


def patched(block: bytes, at: int, what: bytes, signed=False) -> bytes:
    header = bytearray(block[:512])
    header[at : at + len(what)] = what
    return summed(header, signed) + block[512:]


def pax(records: bytes, kind=b"x") -> bytes:
    return member("pax", records, kind)


def record(text: bytes) -> bytes:
    n = len(text) + 3
    while len(b"%d %s\n" % (n, text)) != n:
        n = len(b"%d %s\n" % (n, text))
    return b"%d %s\n" % (n, text)


LONG = "folder/" + "a" * 90 + "/" + "b" * 60
ONE = member("a/1", b"one")
TWO = member("b/2", b"two" * 200)

GOOD = {
    "ustar": ONE + TWO + END,
    "empty_member": member("a/empty") + ONE + END,
    "whole_blocks": member("a/512", b"x" * 512) + member("a/1024", b"y" * 1024) + END,
    "folders": member("a", kind=tarfile.DIRTYPE) + ONE + END,
    "prefix": member(LONG, b"text") + END,
    "gnu": member("a/1", b"one", form=tarfile.GNU_FORMAT) + END,
    "gnu_long_name": member(LONG * 4, b"text", form=tarfile.GNU_FORMAT) + ONE + END,
    "gnu_long_link": member("l", kind=tarfile.SYMTYPE, linkname=LONG * 3, form=tarfile.GNU_FORMAT) + ONE + END,
    "pax_path": member("straße/日本語", b"text", form=tarfile.PAX_FORMAT) + ONE + END,
    "pax_size": pax(record(b"size=5")) + patched(member("a/1", b"12345"), 124, b"00000000000\0") + ONE + END,
    "pax_other_keys": pax(record(b"mtime=1.5") + record(b"comment=a=b\nc")) + ONE + END,
    "pax_global": pax(record(b"comment=0123abcd"), b"g") + ONE + TWO + END,
    "base_256": patched(member("a/1", b"12345"), 124, b"\x80" + bytes(10) + b"\x05") + END,
    "blank_size": patched(member("a/1", b"12345"), 124, b"         5 \0") + END,
    "v7": patched(patched(ONE, 257, bytes(8)), 156, b"\0") + patched(member("c/"), 156, b"\0") + END,
    "signed_sum": patched(member("a/\xe9\xff", b"text"), 0, b"a/\xe9\xff", signed=True) + END,
    "contiguous": patched(ONE, 156, b"7") + END,
    "label": member("tape", kind=b"V") + ONE + END,
    "others": member("dev", kind=tarfile.CHRTYPE) + member("pipe", kind=tarfile.FIFOTYPE)
    + member("hard", kind=tarfile.LNKTYPE, linkname="a/1") + ONE + END,
    "climbs": member("../../etc/x", b"x") + member("/etc/x", b"x") + END,
    "nothing": END,
    "one_empty_block": ONE + bytes(512),
    "filled_tape": ONE + bytes(10240),
    "any_bytes": member("a/x", bytes(range(256))) + END,
}

HEADER_CUT = "the archive is cut short (two empty blocks close an archive)"
BAD = {
    "empty": (b"", "at the start: less than a header: cut short, or no tar archive"),
    "no_archive": (b"id,text\n" * 100, "at the start: the header's checksum is wrong: damaged, or no tar archive"),
    "checksum": (ONE + TWO[:9] + b"X" + TWO[10:] + END, "behind a/1: the next header's checksum is wrong: the archive is damaged"),
    "cut_header": (ONE + TWO[:300], "behind a/1: " + HEADER_CUT),
    "cut_member": (ONE + TWO[:600], "b/2: cut short: the archive ends 512 bytes before the member does"),
    "cut_fill": (ONE[:-1], "behind a/1: the archive is cut short"),
    "no_end": (ONE, "behind a/1: " + HEADER_CUT),
    "behind_end": (ONE + END + TWO + END, "more bytes behind the archive's end (was another archive appended?)"),
    "behind_one_block": (ONE + bytes(512) + TWO + END, "more bytes behind the archive's end (was another archive appended?)"),
    "sparse": (member("a/1", b"one", b"S") + END, "a/1: a sparse member, which is not read (pack it without --sparse)"),
    "pax_sparse": (pax(record(b"GNU.sparse.major=1")) + ONE + END,
                   "at the start: a sparse member, which is not read (pack it without --sparse)"),
    "size": (ONE + patched(TWO, 124, b"12x") + END, "behind a/1: a header whose size is no number: the archive is damaged"),
    "size_negative": (patched(ONE, 124, b"\xff" * 12) + END,
                      "at the start: a header whose size is no number: the archive is damaged"),
    "size_huge": (patched(ONE, 124, b"\x80\0\0\0\x7f" + b"\xff" * 7) + END,
                  "a/1: 9223372036854775807 bytes, the limit of a text is 4096"),
    "pax_damaged": (pax(b"99 path=x\n") + ONE + END, "at the start: an extended header is damaged"),
    "pax_no_equals": (pax(b"9 path x\n") + ONE + END, "at the start: an extended header is damaged"),
    "pax_nul": (pax(record(b"path=a\0b")) + ONE + END, "at the start: an extended header gives an empty name or a NUL"),
    "pax_size": (pax(record(b"size=-1")) + ONE + END, "at the start: an extended header gives a size that is no number"),
    "pax_global_path": (pax(record(b"path=x"), b"g") + ONE + END,
                        "at the start: one header gives a path or size to all members"),
    "pax_alone": (ONE + pax(record(b"path=x")) + END, "behind a/1: an extended header without its member"),
    "pax_long": (patched(pax(b""), 124, b"00010000000\0") + END,
                 "a name or extended header of 2097152 bytes, the limit is 1048576"),
    "no_name": (member("", b"x") + END, "a member without a name"),
    "over_limit": (member("a/long", bytes(5000)) + END, "a/long: 5000 bytes, the limit of a text is 4096"),
}


def kind_of(info) -> str:
    return ("file" if info.isreg() else "folder" if info.isdir()
            else "link" if info.issym() or info.islnk() else "other")


def want_of(data: bytes) -> str:
    out = ""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:", encoding="utf-8") as archive:
        for info in archive:
            if info.type == b"V":
                continue
            name = info.name + ("/" if info.isdir() else "")  # which tarfile takes away
            text = archive.extractfile(info).read() if info.isreg() else b""
            out += f"{kind_of(info)}\t{len(text)}\t{escape(name.encode('utf-8', 'surrogateescape'))}\t{escape(text)}\n"
    return out


def put(name: str, data: bytes, result: str, text: str):
    case = ROOT / name
    case.mkdir(parents=True, exist_ok=True)
    (case / "input").write_bytes(data)
    (case / "options").write_text("limit=4096\n")
    (case / result).write_text(text)


for case_name, archive_bytes in GOOD.items():
    put(case_name, archive_bytes, "want", want_of(archive_bytes))
for case_name, (archive_bytes, sentence) in BAD.items():
    put("error_" + case_name, archive_bytes, "error", f"t.tar: {sentence}\n")
