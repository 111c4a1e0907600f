#!/usr/bin/env python3
"""Writes tests/golden/tokenizer_sklearn: what scikit-learn's analyzers make of texts in many scripts.

    make_tokenizer_sklearn.py          write the cases
    make_tokenizer_sklearn.py --check  exit 1 when a file would change

A case is a set of options, and its input all documents, each ended by a line "%%". Nothing here knows textml: word tokens are
CountVectorizer(...).build_analyzer()'s. For char and char_wb, whose analyzers give n-grams, the text that these are cut from
is restated and then checked: the analyzer's 1-grams are its characters.
"""
import itertools
import unicodedata

from sklearn.feature_extraction.text import CountVectorizer

from suite import write_or_check

DOCUMENTS = [
    "The quick brown fox's 2 jumps over the lazy dog; it was not a fox_trot, _x_ __init__ I am",
    "L’été à la plage : « Où est-il ? » — Cœur, NAÏVETÉ, aujourd'hui, ŒUVRE",
    "Große STRAẞE: „Fußgänger“ ÄRGERN sich über Maßnahmen – 20 % mehr!",
    "İSTANBUL'DA IŞIK: Iğdır, İzmir ve ığ; DİYARBAKIR İİ",
    "Việt Nam: TIẾNG VIỆT, Đà Nẵng; Łódź ŻÓŁW Ɓala Ɗan",
    "Президент РОССИИ заявил: «переговоры» — Ёлка, п’ять Й й",
    "Ο ΟΔΥΣΣΕΥΣ ΕΦΤΑΣΕ. ΣΑΣ! ΣΙΓΑ-ΣΙΓΑ ΟΔΟΣ: ΆΣ' Σ ΑΣ́ ΑΣ́Α ΑΣ.Α ᾼ ΐ",
    "أعلنت الحكومة، اليوم، عن خطة جديدة؛ هل تنجح؟ كِتَابٌ ١٢٣ ﷺ",
    "ראש הממשלה אמר: \"נצא לדרך\" — צה\"ל, בְּרֵאשִׁית",
    "प्रधानमंत्री ने कहा, “हम तैयार हैं।” क़िला ज़रा १२",
    "ঢাকায় আজ বৃষ্টি হবে। ১২ জন আহত",
    "சென்னை: மழை, 5 பேர் — கௌரவம்",
    "นายกรัฐมนตรีกล่าวว่า \"พร้อม\" ๑๒๓ น้ำ",
    "中国经济增长6.5%，专家说：“前景良好”。《人民日报》2014年 字",
    "東京で「第２回」サミット開催へ、カーニバルも。ｶﾞｷﾞ か\u3099 々〇ヶ 𠮷野家",
    "삼성전자, 1분기 영업이익 ‘사상 최대’…전년比 30%↑ 각\u11a8",
    "ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ: თბილისი ԵՐԵՎԱՆ և ՎԵՐՋ ᏣᎳᎩ ꭰꮒ ሰላም፡ለዓለም።",
    "བོད་ཡིག་ནི། ༡༢ ភ្នំពេញ៖ ១២៣ မြန်မာ ၁၂ ᠮᠣᠩᠭᠣᠯ",
    "𐐔𐐯𐑅𐐨𐑉𐐯𐐻 𐐁 𐐁x 𝐇𝐞𝐥𝐥𝐨 𝟘𝟙 𝒳",
    "I ❤️ NY 😀😀 👍🏽 👨‍👩‍👧 🇩🇪 #1️⃣ 1️⃣2️⃣ :-) ok😀ok",
    "e\u0301te\u0301 o\u0323\u0302 o\u0302\u0323 \u0301x q\u0307\u0323 l\u0301'a A\u030aB c\u0327\u0301d",
    "ﬁne ﬃ Ⅷ ① ½ x² ℋ ㎏ ｆｕｌｌ ℡ Å Ω K ǆ ŉ ǅungla ªº ￼ ﬓ",
    "zero\u200bwidth\ufeffbom soft\u00adhyphen join\u2060er a\u200db ab\u200dcd",
    "a\u00a0b\u2003c\u3000d\u1680e\u2028f\u0085g\x1ch\x1fi\rj\vk\fl\tm\nn\u200bo \u00a0 \u2009,\u2009p",
    "line one\r\nline two\r\n\r\n  line\tfour\r\n",
    "nul a\0b ab\0cd \0 \0\0 end",
    "real \ufffd replacement\ufffdcharacter ab\ufffd",
    "1,234.56 3G 4x4 1st ²³ Ⅳ ④ १२३ ٣٤ 𝟘 $5m £3.2bn 50%",
    "",
    " ",
    " \t \n\r \u00a0\u3000 ",
    "\n",
    "x",
    "é",
    "?!... -- , . ; ' ’ ''",
    "Text that is long enough to cross the blocks of sixty-four bytes, été compris, again and again: " * 3,
    b"caf\xe9 \x80 na\xefve \xff\xfe end \xe2\x82 \xf0\x9f\x98 a\xc3",
    b"\xed\xa0\x80 \xed\xbf\xbf \xf4\x90\x80\x80 \xf5 xy \xc0\xaf \xe0\x80\xaf",
]

LIST = ["the", "fox", "été", "ete", "οδος", "россии", "中国经济增长6", "13", "i̇zmir", "izmir", "THE", "La", "la", "a"]
STOP_WORDS = {"none": None, "english": "english", "list": LIST}
SEPARATOR = b"\n%%\n"


def escape(token):
    names = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r", 0x5C: "\\\\"}
    return "".join(
        names.get(byte, chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in token.encode("utf-8")
    )


def tokens_of(kind, document, options):
    analyzer = CountVectorizer(analyzer=kind, decode_error="replace", **options)
    analyze = analyzer.build_analyzer()
    if kind == "word":
        return analyze(document)
    text = analyzer._white_spaces.sub(" ", analyzer.build_preprocessor()(analyzer.decode(document)))
    if kind == "char":
        tokens = [text] if text else []
    else:
        tokens = [f" {word} " for word in text.split()]
    assert analyze(document) == list("".join(tokens)), document
    return tokens


def files_of_cases():
    raw = [d if isinstance(d, bytes) else d.encode() for d in DOCUMENTS]
    for data in raw:
        assert SEPARATOR[:-1] not in data
        for c in data.decode(errors="replace"):  # utf8proc may know characters that Python does not
            assert unicodedata.category(c) != "Cn", f"U+{ord(c):04X} is not in Unicode {unicodedata.unidata_version}"
    files = {}
    for kind, lower, accents, stops in itertools.product(
        ("word", "char", "char_wb"), (True, False), (None, "ascii", "unicode"), STOP_WORDS
    ):
        if kind != "word" and stops != "none":
            continue
        steps = (["lower"] if lower else []) + ([f"strip_accents_{accents}"] if accents else [])
        options = {"lowercase": lower, "strip_accents": accents}
        if kind == "word":
            options["stop_words"] = STOP_WORDS[stops]
        name = "-".join([kind, "lower" if lower else "cased", accents or "accents", stops])
        want = "".join(
            "".join(escape(token) + "\n" for token in tokens_of(kind, data, options)) + "%%\n" for data in raw
        )
        words = {"none": "", "english": "english", "list": " ".join(LIST)}[stops]
        files[f"{name}/input"] = b"".join(data + SEPARATOR for data in raw)
        files[f"{name}/options"] = f"kind={kind}\nsteps={' '.join(steps)}\nstop_words={words}\n".encode()
        files[f"{name}/want"] = want.encode()
    return files


def main():
    files = files_of_cases()
    write_or_check("tokenizer_sklearn", files)


if __name__ == "__main__":
    main()
