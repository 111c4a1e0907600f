#!/usr/bin/env python3
"""Writes lib/text/stop_words.c: the lists of stop words that have a name.

    make_stop_words.py NLTK_FILE          write it
    make_stop_words.py NLTK_FILE --check  exit 1 when it would change

"english" comes from the installed scikit-learn (ENGLISH_STOP_WORDS; the file was written with 1.2.1), "nltk" from NLTK_FILE,
NLTK's English list of 2021, a word a line. Neither list may change: saved models name them.
"""
import pathlib
import sys

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

TARGET = pathlib.Path(__file__).parents[2] / "lib" / "text" / "stop_words.c"

HEAD = """/* The lists of stop words that have a name, in byte order. Written by tests/golden/make_stop_words.py. */
#include <string.h>

#include "textml/tokenizer.h"

/* clang-format off */
#define W(word) {(word), sizeof(word) - 1}
"""

TAIL = """#undef W
/* clang-format on */

const tml_str *tml_stop_words(const char *name, size_t *n)
{
    if (strcmp(name, "english") == 0) {
        *n = sizeof english / sizeof english[0];
        return english;
    }
    if (strcmp(name, "nltk") == 0) {
        *n = sizeof nltk / sizeof nltk[0];
        return nltk;
    }
    return NULL;
}
"""


def table(name, comment, words):
    lines = [""]
    for word in sorted(words):
        entry = f'W("{word}"),'
        if len(lines[-1]) + len(entry) > 94:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + entry
    body = "".join(f"    {line}\n" for line in lines)
    return f"\n/* {comment} */\nstatic const tml_str {name}[] = {{\n{body}}};\n"


def main():
    nltk = pathlib.Path(sys.argv[1]).read_text().split()
    assert len(ENGLISH_STOP_WORDS) == 318 and len(nltk) == 179 and len(set(nltk)) == 179
    text = (
        HEAD
        + table("english", "scikit-learn's ENGLISH_STOP_WORDS: 318 words.", ENGLISH_STOP_WORDS)
        + table("nltk", "NLTK's English list of 2021: 179 words.", nltk)
        + TAIL
    )
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text() == text else 1)
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
