#!/usr/bin/env python3
"""Writes lib/text/unicode_table.c from libutf8proc (2.8, Unicode 15.0): what is asked for every character of a text.

    make_unicode_table.py          write it
    make_unicode_table.py --check  exit 1 when it would change
"""
import ctypes
import pathlib
import sys

TARGET = pathlib.Path(__file__).parents[2] / "lib" / "text" / "unicode_table.c"
LETTERS_AND_DIGITS = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No"}
SPECIAL = {0x130, 0x3A3}  # lower case that is two characters, or goes by context

HEAD = """/* Tables of what is asked for every character. Written by tests/golden/make_unicode_table.py from utf8proc's
 * data; test_unicode compares them with Python's answers. */
#include "text/unicode.h"

/* clang-format off */
"""


def table(head, numbers, form, per_line):
    cells = [form.format(n) for n in numbers]
    lines = [" ".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
    return f"{head} = {{\n" + "".join(f"    {line}\n" for line in lines) + "};\n"


def main():
    lib = ctypes.CDLL("libutf8proc.so.2")
    lib.utf8proc_category_string.restype = ctypes.c_char_p

    def is_word(code):
        return code == 0x5F or lib.utf8proc_category_string(code).decode() in LETTERS_AND_DIGITS

    def lower(code):
        to = lib.utf8proc_tolower(code)
        return to if code not in SPECIAL and 0x80 <= to < 0x800 else 0

    words = [sum(is_word(first + bit) << bit for bit in range(64)) for first in range(0, 0x10000, 64)]
    text = (
        HEAD
        + table("const uint64_t tmli_word_bits[0x10000 / 64]", words, "0x{:x},", 6)
        + "\n"
        + table("const uint16_t tmli_lower_two[0x800 - 0x80]", [lower(c) for c in range(0x80, 0x800)], "0x{:x},", 16)
        + "/* clang-format on */\n"
    )
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text() == text else 1)
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
