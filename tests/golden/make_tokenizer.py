#!/usr/bin/env python3
"""Writes tests/golden/tokenizer: what Python says about texts that textml tokenizes.

    make_tokenizer.py          write the cases
    make_tokenizer.py --check  exit 1 when a file would change
    make_tokenizer.py --digests  print the table of tests/unit/test_unicode.c

A case is a directory of three files: input (bytes), options (kind and steps), want (a token a line, the line "--- text:",
and the normalized text as it is). Nothing here is derived from textml's sources: case, white space, \\w and normal forms are Python's own,
the Keras rule is restated from Keras 2.2.4, ideographs are told by their Unicode names.
"""
import pathlib
import re
import sys
import unicodedata

from suite import write_or_check

# ---- the independent implementation ----------------------------------------------------------------------------------


def strip_accents(text):
    kept = (c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", "".join(kept))


def strip_accents_unicode(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


STOP_WORDS = ["the", "a", "and", "été", "not"]  # of the cases with drop_stop_words


def squeeze_punctuation(text):
    text = re.sub(r"\s\W", " ", text)
    text = re.sub(r"\W\s", " ", text)
    return re.sub(r"\s+", " ", text)


STEPS = {
    "lower": str.lower,
    "squeeze_punctuation": squeeze_punctuation,
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfkc": lambda text: unicodedata.normalize("NFKC", text),
    "strip_accents": strip_accents,
    "collapse_spaces": lambda text: re.sub(r"\s+", " ", text).strip(" "),
    "strip_accents_unicode": strip_accents_unicode,
    "strip_accents_ascii": lambda text: unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode(),
    "strip_html": lambda text: re.sub(r"<([^>]+)>", " ", text),
    "strip": str.strip,
    "drop_empty_lines": lambda text: "\n".join(line for line in text.split("\n") if line),
    "letters_only": lambda text: re.sub("[^a-zA-Z]", " ", text),
    "drop_stop_words": lambda text: "".join(word + " " for word in text.split(" ") if word not in STOP_WORDS),
}


def normalize(steps, text):
    for step in steps:
        if step.startswith("drop_lines:"):
            lines = text.split("\n")
            count = int(step[len("drop_lines:") :])
            text = "\n".join(lines[count:]) if len(lines) > count else text
        else:
            text = STEPS[step](text)
    return text


def text_to_word_sequence(text, filters='!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', lower=True, split=" "):
    """Keras 2.2.4 (keras_preprocessing 1.0.5), the branch for Python 3."""
    if lower:
        text = text.lower()
    text = text.translate(str.maketrans({c: split for c in filters}))
    return [word for word in text.split(split) if word]


IDEOGRAPH_NAMES = re.compile(
    "(CJK (UNIFIED|COMPATIBILITY) IDEOGRAPH|HIRAGANA|KATAKANA|HALFWIDTH KATAKANA|HENTAIGANA|HANGZHOU NUMERAL|"
    "VERTICAL (KANA REPEAT|IDEOGRAPHIC ITERATION MARK)|IDEOGRAPHIC (ITERATION|CLOSING) MARK|"
    "IDEOGRAPHIC NUMBER ZERO|MASU MARK)"
)
HALFWIDTH_SOUND_MARKS = "\uff9e\uff9f"  # letters by category, marks by use


def kind_of(c):
    category = unicodedata.category(c)
    if category[0] == "M" or c in HALFWIDTH_SOUND_MARKS:
        return "m"
    if category[0] in "LN" and IDEOGRAPH_NAMES.match(unicodedata.name(c, "")):
        return "i"
    if category[0] == "L":
        return "l"
    if category[0] == "N" or c == "_":
        return "d"
    return "a" if c in "'\u2019" else " "


WORD = re.compile(r"im*|[lmd](?:[lmd]|(?<=l)a(?=l))*")


def unicode_words(text):
    """Rules 1 to 3 of lib/text/token_unicode.c as a pattern over the kinds of the characters."""
    kinds = "".join(map(kind_of, text))
    # A look-behind has a fixed width, so an apostrophe behind letter and marks is told beforehand.
    kinds = re.sub(r"(?<=l)(m+)a(?=l)", lambda m: m.group(1)[1:] + "ll", kinds)
    return [text[m.start() : m.end()] for m in WORD.finditer(kinds)]


SPLIT = {
    "keras": text_to_word_sequence,
    "whitespace": str.split,
    "unicode": unicode_words,
    "word": re.compile(r"(?u)\b\w\w+\b").findall,
}

# ---- the cases -------------------------------------------------------------------------------------------------------

NEWS = ["lower", "squeeze_punctuation"]
RECIPES = {  # short names of what is done with a text
    "news": ("keras", NEWS),
    "keras": ("keras", []),
    "words": ("unicode", ["lower"]),
    "raw": ("unicode", []),
    "split": ("whitespace", []),
    "squeezed": ("whitespace", ["squeeze_punctuation"]),
    "plain": ("unicode", ["nfkc", "lower", "strip_accents"]),
    "compat": ("whitespace", ["nfkc", "collapse_spaces"]),
    "composed": ("whitespace", ["nfc"]),
    "newsgroups": (
        "word",
        ["drop_lines:5", "drop_empty_lines", "strip", "lower", "letters_only", "drop_stop_words"],
    ),
    "body": ("whitespace", ["drop_lines:1", "strip_html", "drop_stop_words"]),
    "lines": ("whitespace", ["strip", "drop_empty_lines", "strip_html"]),
    "letters": ("word", ["letters_only", "strip", "drop_stop_words"]),
    "everything": ("unicode", ["collapse_spaces", "nfc", "nfkc", "lower", "strip_accents", "squeeze_punctuation"]),
}

TEXTS = {
    # name: (text or bytes, recipes)
    "arabic": ("أعلنت الحكومة، اليوم، عن خطة جديدة؛ هل تنجح؟ كِتَابٌ ١٢٣", "news words plain"),
    "armenian": ("Երևանում սկսվեց «մեծ» փառատոնը․ և ՎԵՐՋ։", "words news"),
    "bengali": ("ঢাকায় আজ বৃষ্টি হবে। ১২ জন আহত, বলেছে পুলিশ।", "words split"),
    "cherokee": ("ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ, ꭰꮒ", "words"),
    "chinese": ("中国经济增长6.5%，专家说：“前景良好”。《人民日报》2014年", "words news squeezed"),
    "cyrillic": ("Президент РОССИИ заявил: «переговоры» — это хорошо… Ёлка, п’ять Й", "news words plain"),
    "devanagari": ("प्रधानमंत्री ने कहा, “हम तैयार हैं।” क़िला ज़रा", "words news composed"),
    "ethiopic": ("ሰላም፡ለዓለም። ዛሬ፣ ነገ", "words"),
    "georgian": ("ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ: თბილისი — დედაქალაქი", "words news"),
    "greek": ("Ο ΟΔΥΣΣΕΥΣ ΕΦΤΑΣΕ. ΣΑΣ! ΣΙΓΑ-ΣΙΓΑ ΟΔΟΣ: ΆΣ' Σ ΑΣ́ ΑΣ́Α ΑΣ.Α", "news words raw plain"),
    "hebrew": ("ראש הממשלה אמר: \"נצא לדרך\" — צה\"ל, ג׳ירפה בְּרֵאשִׁית", "words news"),
    "japanese": ("東京で「第２回」サミット開催へ、カーニバルも。ｶﾞｷﾞ か\u3099 々〇ヶ 𠮷野家", "words compat everything"),
    "khmer": ("ភ្នំពេញ៖ រដ្ឋាភិបាល ១២៣", "words"),
    "korean": ("삼성전자, 1분기 영업이익 ‘사상 최대’…전년比 30%↑", "words news composed"),
    "latin-african": ("Ọjọ́ kìíní — Ɓala Ɗan Ƴar'adua ŊANDU", "words plain"),
    "latin-french": ("L’été à la plage : « Où est-il ? » — Cœur, NAÏVETÉ, aujourd'hui, c''est", "words news plain"),
    "latin-german": ("Große STRAẞE: „Fußgänger“ ÄRGERN sich über Maßnahmen – 20 % mehr!", "news words plain"),
    "latin-polish": ("Łódź: ŻÓŁW i źdźbło; świętość", "plain words"),
    "latin-turkish": ("İSTANBUL'DA IŞIK: Iğdır, İzmir ve ığ; DİYARBAKIR İİ", "news words keras"),
    "latin-vietnamese": ("Việt Nam: TIẾNG VIỆT, Đà Nẵng; người Việt", "plain words composed"),
    "mongolian": ("ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ", "words"),
    "persian-joiner": ("می\u200cخواهم کتاب\u200cها را، بخوانم", "words news"),
    "sinhala": ("ශ්‍රී ලංකාව: කොළඹ", "words"),
    "tamil": ("சென்னை: மழை, 5 பேர் — கௌரவம்", "words composed"),
    "telugu": ("హైదరాబాద్‌లో వర్షం", "words"),
    "thai": ("นายกรัฐมนตรีกล่าวว่า \"พร้อม\" ๑๒๓ น้ำ", "words compat"),
    "tibetan": ("བོད་ཡིག་ནི། ༡༢", "words"),
    "deseret": ("𐐔𐐯𐑅𐐨𐑉𐐯𐐻 𐐁", "words"),
    # ---- signs
    "emoji": ("I ❤️ NY 😀😀 👍🏽 👨‍👩‍👧 🇩🇪 #1️⃣ :-) ok", "words news split squeezed"),
    "marks": ("e\u0301te\u0301 o\u0323\u0302 o\u0302\u0323 \u0301x q\u0307\u0323 l\u0301'a a'\u0301b", "raw composed plain keras"),
    "curly-quotes": ("“Don’t” say ‘it’s’ — rock ’n’ roll’s o’’clock d'Artagnan's 'tis", "words news keras squeezed"),
    "zero-width": ("zero\u200bwidth\ufeffbom soft\u00adhyphen join\u2060er a\u200db", "words keras squeezed"),
    "spaces": ("a\u00a0b\u2003c\u3000d\u1680e\u2028f\u0085g\x1ch\x1fi\rj\vk\fl\tm\nn\u200bo \u00a0 \u2009,\u2009p", "split keras squeezed compat"),
    "compatibility": ("ﬁne ﬃ Ⅷ ① ½ x² ℋ ㎏ ｆｕｌｌ ﷺ ℡ Å Ω K ǆ ŉ", "plain compat composed words"),
    "titlecase": ("ǅungla ǈ ǋ Ǳ Ω K Å Ⓐ Ⅷ ª º", "words news"),
    "underscores": ("_private __init__ snake_case a_'b x_1 _'_ 1'2 a'1 1'a", "words keras squeezed"),
    "digits": ("1,234.56 3G 4x4 1st ²³ Ⅳ ④ ½ १२ 𝟘 $5m £3.2bn 50%", "words news"),
    "hyphens": ("a-b a - b a -b a- b a--b a -- b well‑known em—dash – en", "news squeezed words"),
    # ---- punctuation-heavy headlines
    "headline-1": ("UPDATE 1-Banks' \"stress\" tests: what's next? (Q&A) -- analysts", "news words squeezed"),
    "headline-2": ("  Stocks fall... again!  S&P 500 -1.2% ; oil @ $98.7/bbl , gold up  ", "news words squeezed"),
    "headline-3": ("[VIDEO] \"Who's there?!\" -- 'Nobody,' said the A.I. * #robots #2030", "news keras squeezed"),
    "headline-4": ("Re/code: C++, C# & .NET vs. node.js (v0.10) | rock'n'roll; AT&T's T-Mobile", "news words"),
    "headline-5": ("\tTabs\tand\nlines \r\n mixed ,\t. ; :\n", "news squeezed split words"),
    "headline-6": ("¡Última hora! ¿Quién ganó? — «El País»: 3–2, en el 90’", "news words plain"),
    "headline-long": ("The quick (brown) fox's \"jump\" - over, & under; the lazy dog! " * 6, "news words squeezed"),
    # ---- messages and pages
    "message": (
        "From: ann@example.org (Ann Writer)\nSubject: Re: The price of a modem\nOrganization: none\nLines: 9\n"
        "Reply-To: ann@example.org\nX-Extra: a sixth header\n\nBob writes:\n> not the modem AND not  a cable!\n \n"
        "\n\tIt's 2400 baud -- THE best.\n--\nAnn\n\n",
        "newsgroups body lines letters",
    ),
    "message-latin": (
        "From: x\nSubject: y\nA: 1\nB: 2\nC: 3\n\u00a0\x85\n L’ÉTÉ, the İ and Straße\u2003K\x1c\n\n\u3000",
        "newsgroups body lines letters",
    ),
    "message-short": ("one\ntwo\nthree\nfour\nfive", "newsgroups body lines"),
    "message-five": ("1\n2\n3\n4\n5\n", "newsgroups body lines"),
    "message-crlf": ("a: b\r\nc\r\nd\r\ne\r\nf\r\n\r\nthe body\r\n", "newsgroups lines"),
    "message-stops": ("\n" * 5 + " the  a and\nthe not", "newsgroups letters"),
    "page": (
        "<html><p class='x'>A <b>bold</b> é claim: 1 < 2 > 0</p><>empty</> <<nested>> <open\n<br\n/>end > < tail <!-- x > y -->",
        "body lines",
    ),
    "page-open": ("a <b <c <d é", "body lines"),
    # ---- nothing and next to nothing
    "empty": ("", "news words split newsgroups body lines letters"),
    "blanks": (" \t \n\r \u00a0\u3000 ", "news words split compat newsgroups body lines letters"),
    "one-blank": (" ", "squeezed news"),
    "only-punctuation": ("?!... -- , . ; ' ’ ''", "news words squeezed newsgroups body lines letters"),
    "one-letter": ("X", "news words"),
    "nul": ("a\0b \0 c", "words keras split"),
    # ---- bytes that are not UTF-8
    "invalid-lone": (b"caf\xe9 \x80 na\xefve \xff\xfe end", "words news split"),
    "invalid-cut": (b"ok \xe2\x82 \xf0\x9f\x98 \xc3", "words news squeezed"),
    "invalid-overlong": (b"\xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf a\xc1b", "split news"),
    "invalid-surrogates": (b"\xed\xa0\x80 \xed\xbf\xbf \xf4\x90\x80\x80 \xf5 x", "split words"),
    "real-replacement": ("a\ufffdb \ufffd", "words split keras"),
}


def files_of_cases():
    files = {}
    for name, (text, recipes) in TEXTS.items():
        data = text if isinstance(text, bytes) else text.encode()
        decoded = data.decode("utf-8", errors="replace")
        for c in decoded:  # utf8proc may know characters that Python does not
            assert unicodedata.category(c) != "Cn", f"{name}: U+{ord(c):04X} is not in Unicode {unicodedata.unidata_version}"
        for recipe in recipes.split():
            kind, steps = RECIPES[recipe]
            normalized = normalize(steps, decoded)
            tokens = SPLIT[kind](normalized)
            assert not any("\n" in token for token in tokens), name
            case = f"{name}.{recipe}"
            files[f"{case}/input"] = data
            options = f"kind={kind}\nsteps={' '.join(steps)}\n"
            if "drop_stop_words" in steps:
                options += f"stop_words={' '.join(STOP_WORDS)}\n"
                tokens = [token for token in tokens if token not in STOP_WORDS]
            files[f"{case}/options"] = options.encode()
            files[f"{case}/want"] = ("".join(token + "\n" for token in tokens) + "--- text:\n" + normalized).encode()
    return files


# ---- digests of properties and mappings of all characters --------------------------------------------------------------


def fnv1a(data):
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def print_digests():
    """Characters that have a property: their numbers, 4 bytes each, little-endian. Mappings: the characters that change,
    each followed by what it becomes, all in UTF-8."""
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    properties = {
        "space": str.isspace,
        "word": lambda c: re.match(r"\w", c),
        "letter": lambda c: unicodedata.category(c)[0] == "L",
        "mark": lambda c: unicodedata.category(c)[0] == "M",
        "digit": lambda c: unicodedata.category(c)[0] == "N",
    }
    for name, has in properties.items():
        found = [c for c in characters if has(c)]
        print(f"{name} {len(found)} 0x{fnv1a(b''.join(ord(c).to_bytes(4, 'little') for c in found)):08x}")
    # What stands around a capital sigma says whether it is final.
    sigma = lambda c: f"{c}Σ\nA{c}Σ\nAΣ{c}\nAΣ{c}A\n".lower()
    # Characters that utf8proc may know: none of what test_unicode.c leaves out may be assigned here.
    test = (pathlib.Path(__file__).parents[1] / "unit" / "test_unicode.c").read_text()
    for first, last in re.findall(r"\{(0x[0-9A-F]+), (0x[0-9A-F]+)\},", test.split("since_15[][2]")[1].split("};")[0]):
        codes = range(int(first, 16), int(last, 16) + 1)
        assert all(unicodedata.category(chr(c)) == "Cn" for c in codes), first
        characters = [c for c in characters if ord(c) not in codes]
    # Nor are the planes that it passes over for their emptiness.
    characters = [c for c in characters if ord(c) < 0x40000 or ord(c) >> 16 == 0xE]
    names = ("lower", "nfc", "nfkc", "strip_accents", "strip_accents_unicode", "strip_accents_ascii", "sigma")
    for name in names:
        step = STEPS.get(name, sigma)
        changed = [c + step(c) for c in characters if step(c) != c]
        print(f"{name} {len(changed)} 0x{fnv1a(''.join(changed).encode()):08x}")


def main():
    if "--digests" in sys.argv:
        print_digests()
        return
    files = files_of_cases()
    write_or_check("tokenizer", files)


if __name__ == "__main__":
    main()
