#!/usr/bin/env python3
"""Writes the hand-made seeds of tests/fuzz/corpus: one directory a target, one file an input, named for what it is.

Files named found_* are not made here: they are inputs that once broke a property, kept as they were.
Run it again after a change; the result is the same bytes each time."""
import gzip
import json
import os
import struct
import zlib

from make_corpus_routes import routes

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def put(target, name, data):
    directory = os.path.join(HERE, target)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)


def utf8():
    put("utf8", "ascii", "Fed raises rates, markets shrug\n")
    put("utf8", "languages", "naïve Straße İstanbul ΣΊΣΥΦΟΣ 日本語 한국어 हिन्दी עברית 👩‍👩‍👧 e\u0301")
    put("utf8", "edges", "\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff")
    put("utf8", "overlong", b"\xc0\x80 \xc1\xbf \xe0\x80\x80 \xe0\x9f\xbf \xf0\x80\x80\x80 \xf0\x8f\xbf\xbf")
    put("utf8", "surrogates", b"\xed\xa0\x80\xed\xbf\xbf \xed\xa0\x80")
    put("utf8", "beyond", b"\xf4\x90\x80\x80 \xf5\x80\x80\x80 \xf8\x88\x80\x80\x80 \xfe \xff")
    put("utf8", "cut", b"a\xc3 b\xe2\x82 c\xf0\x9f\x98 d\xe2")
    put("utf8", "continuations", b"\x80\xbf\x80\xbf" * 20)
    put("utf8", "maximal_subparts", b"\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64")
    put("utf8", "long_ascii_then_fault", b"x" * 100 + b"\xff" + b"y" * 100)
    put("utf8", "latin1", "Müller & Söhne".encode("latin-1"))
    put("utf8", "marks", b"\xef\xbb\xbftext\xef\xbf\xbd")


def tokenizer():
    texts = {
        "headline": "Fed's Yellen: \"rates to rise\" -- markets (mostly) shrug!",
        "languages": "L’ÉTÉ don't ΣΊΣΥΦΟΣ İSTANBUL Straße 日本語テキスト ｶﾞｷﾞ 12½ x₂ a_b",
        "blanks": "\t a\u00a0b\u2003c\u200bd\r\n\x0b\x0c\x1c e \u3000",
        "marks": "e\u0301 a\u0308\u0323 \u0301x नि क्षि",
        "nfkc": "ﬁ ﷺ Ⅷ ㎏ ① ｈａｌｆ",
        "broken": b"caf\xe9 \xff\xfe \xed\xa0\x80 ok",
        "punctuation": "!!!...???---'''\"\"\"  a.b.c  ''x'' 'y'",
        "squeeze": "a . b , c ;; d\n.\n.e  .  f",
    }
    for number, (name, text) in enumerate(texts.items()):
        data = text if isinstance(text, bytes) else text.encode()
        for kind in range(6):
            put("tokenizer", f"{name}_{kind}", bytes([kind]) + data)
        # two of the fourteen steps, then four; behind them list of stop words and stemmer
        put("tokenizer", f"{name}_two_steps", bytes([number % 6 + 6 * 2, number % 14, (number + 7) % 14, number % 4]) + data)
        put("tokenizer", f"{name}_four_steps", bytes([number % 6 + 6 * 4, 3, 4, 1, 5, 2]) + data)
    message = b"From: a\nSubject: b\n\n <p class=x>It's <> the <b>TEXT</b>\n\n caf\xc3\xa9 and more \xe2\x80\x94 < end "
    for kind in range(6):
        # drop_lines, drop_empty_lines, strip, strip_html, letters_only, drop_stop_words
        put("tokenizer", f"message_{kind}", bytes([kind + 6 * 6, 10 + 14, 11, 9, 8, 12, 13, kind % 4]) + message)
        put("tokenizer", f"accents_{kind}", bytes([kind + 6 * 2, 6 + kind % 2, 13, 0]) + "Å ﷺ 각 e\u0301 𝒳 q\u0307\u0323 the".encode())
    put("tokenizer", "unassigned_ideographs", b"\x02" + "a\U0003df7d\U0002fffdb \U0003fffd".encode())
    put("tokenizer", "long_word", b"\x02" + b"ab" * 700)
    put("tokenizer", "long_stem", b"\x09\x00\x02" + b"ing" * 85 + b" " + b"ing" * 86)
    put("tokenizer", "edges_word", b"\x03" + ("a" * 62 + "漢字" + "b" * 57 + "𐐔 é " + "c" * 55 + "é ").encode())
    put("tokenizer", "only_blanks", b"\x00" + b" " * 70)
    put("tokenizer", "block_edges", b"\x00" + b"a" * 15 + b" " + b"b" * 31 + b" " + b"c" * 63 + b" " + b"d" * 64)


def csv():
    files = {
        "plain": "TITLE,CATEGORY\nOne headline,b\nAnother,t\n",
        "quoted": '"a ""quoted"" word","b,c"\r\n"two\nlines",x\r\n',
        "no_end": "a,b\nc,d",
        "returns": "a,b\rc,d\r\ne,f\n\n\r\r\ng,h",
        "empty_fields": ",,\n,\n\"\",\"\"\n",
        "lone_empty_quoted": '""\n\n""\n',
        "mark": "\ufeffa,b\n\ufeffc,d\n",
        "double_mark": "\ufeff\ufeffa\n",
        "quote_later": 'a"b,c""d\n',
        "open_quote": 'a,b\n"never closed,\nand on',
        "behind_quote": '"a"b,c\n',
        "nul": b"a\0b,c\n\0\n",
        "tabs": "a\tb\t\tc\nd\t\"e\n",
        "semicolons": "a;b;\"c;d\"\n",
        "blanks": 'a b  "c d"\n',
        "long": "x" * 300 + "," + "y" * 300 + "\n" + '"' + "z\n" * 100 + '"\n',
        "only_ends": "\n\r\n\r\r\n\n",
        "only_separators": ",,,,\n,,,,",
        "broken_utf8": b"caf\xe9,b\n\xff\xfe,c\n",
    }
    for number, (name, text) in enumerate(files.items()):
        data = text if isinstance(text, bytes) else text.encode()
        separator = {"tabs": 1, "semicolons": 2, "blanks": 3}.get(name, 0)
        put("csv", f"{name}_rfc4180", bytes([separator, 7 + 5 * number]) + data)
        put("csv", f"{name}_none", bytes([separator + 4, 1 + number]) + data)


def reader():
    def case(name, fmt, quoting, columns, text):
        data = text if isinstance(text, bytes) else text.encode()
        put("reader", name, bytes([fmt + 4 * quoting, columns]) + data)

    auto, with_csv, tsv, jsonl = range(4)
    no_label, weight, label_first, latin1 = 8, 16, 32, 64
    case("csv_header", auto, 0, 0, "id,Text,LABEL\n1,One headline,b\n2,\"Another, quoted\",t\n")
    case("csv_no_header", with_csv, 0, 4, "1,One headline,b,2\n2,Another,t,0.5\n")
    case("csv_weights", with_csv, 0, weight, "text,label,weight\na,b,1\nc,d,1e-3\ne,f,-1\n")
    case("csv_bad_weight", with_csv, 0, weight, "text,label,weight\na,b,heavy\n")
    case("csv_label_first", with_csv, 1, label_first, "b,One headline\nt,\"Another\"\n")
    case("csv_ragged", with_csv, 0, 0, "text,label\na,b\nc\n")
    case("csv_empty_label", with_csv, 0, 0, "text,label\na,  \n")
    case("csv_wrong_column", with_csv, 0, 0, "txt,labels\na,b\n")
    case("tsv_literal_quotes", tsv, 2, 4, "1\t\"Quoted\" title\tb\t1\n2\t5\" disk\tt\t1\n")
    case("tsv_quoted", tsv, 1, 3, "1\t\"a\tb\"\tx\n")
    case("jsonl", auto, 0, 0, '{"text":"a","label":"b"}\n\n{"label":1,"text":"\\u00e9"}\n{"text":"","label":true}\n')
    case("jsonl_weights", jsonl, 0, weight, '{"text":"a","label":"b","weight":0.5}\n{"text":"a","label":"b","weight":"2"}\n')
    case("jsonl_no_label", jsonl, 0, no_label, '{"text":"a"}\n{"text":"b","more":[1,{"x":null}]}\n')
    case("jsonl_wrong_kind", jsonl, 0, 0, '{"text":["a"],"label":"b"}\n')
    case("jsonl_missing", jsonl, 0, 0, '{"text":"a"}\n')
    case("jsonl_bad", jsonl, 0, 0, '{"text":"a","label":"b"}\n{"text":"a"\n')
    case("jsonl_not_object", jsonl, 0, 0, '[1]\n')
    case("jsonl_surrogate", jsonl, 0, 0, '{"text":"\\ud83d\\ude00 \\ud83d","label":"x"}\n')
    case("broken_utf8", with_csv, 0, 0, b"text,label\ncaf\xe9 \xff,b\xe9\n")
    case("latin1", with_csv, 0, latin1, b"text,label\ncaf\xe9 \xff,b\xe9\n")
    case("latin1_jsonl", jsonl, 0, latin1, b'{"text":"\xe9\\u00e9","label":"\xff"}\n')
    case("pandas_index", auto, 0, 0, ",text,label\n0,a,b\n1,c,d\n")
    case("gzip", auto, 0, 0, gzip.compress(b"text,label\na,b\nc,d\n", mtime=0))
    case("mark", auto, 0, 0, "\ufefftext,label\na,b\n")
    case("empty", auto, 0, 0, "")
    case("blank_lines", auto, 0, 0, "\n\r\n\n")
    case("header_only", auto, 0, 0, "text,label\n")


def json_target():
    deep = "[" * 199 + "]" * 199
    texts = {
        "request": '{"input": "Fed raises rates"}',
        "instances": '{"instances":[{"text":"a"},"b"],"k":2,"probabilities":true}',
        "all_kinds": ' [null,true,false,0,-0,1.5e-3,"",{},[],{"a":{"b":[1]}}]\r\n\t',
        "numbers": "[0,-0.0,1e308,1E-320,5e-324,0.1,123456789012345678,1e5,1e+5,9007199254740993]",
        "blocks": '{"a key of seventeen": "fifteen bytes..", "caf\u00e9 \u20ac \U0001f600": ["sixteen bytes...", "\\u0069nput \\n"]}',
        "escapes": '["\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\ud83d\\ude00"]',
        "lone_surrogates": '["\\ud83d","\\ude00","\\ud83dx"]',
        "controls": json.dumps(["".join(map(chr, range(1, 32))) + "\x7f"]),
        "nul": '["\\u0000"]',
        "raw_nul": b'["a\0b"]',
        "control": b'["a\x01b"]',
        "leading_zero": "[01]",
        "bare_point": "[1.]",
        "plus": "[+1]",
        "too_large": "[1e999]",
        "long_number": "[" + "1" * 70 + "]",
        "names": "[NaN,Infinity]",
        "comma": "[1,]",
        "colon": '{"a" 1}',
        "two_values": "1 2",
        "twin_keys": '{"a":1,"a":2,"":3}',
        "cut": '{"a":[1,"b',
        "deep": deep,
        "too_deep": "[" * 250 + "]" * 250,
        "mark": "\ufeff{}",
        "broken_utf8": b'{"caf\xe9":"\xff\xed\xa0\x80"}',
        "single_quotes": "{'a':1}",
        "comment": "/* no */ 1",
        "form_feed": "\f1",
        "empty": "",
    }
    for name, text in texts.items():
        put("json", name, text)
        put("json_pull", name, text)


def yaml_texts():
    return {
        "news": "name: news\ndata:\n  format: tsv\n  quote: none\n  header: [id, title]\n  text: title\n  label: category\n"
                "  labels: {b: Business, t: Science & Technology}\n  split: {validation: 0.2, seed: 99}\n"
                "text:\n  normalize: [lower, squeeze_punctuation]\n  tokenizer: keras\nfeatures:\n"
                "  - {type: sequence, max_words: 10000, length: 100, embedding: {source: glove.txt, dims: 100, trainable: false}}\n"
                "model: {type: feed_forward, hidden: [32, 32], activation: relu}\n"
                "train: {epochs: 2, batch_size: 32, optimizer: rmsprop, learning_rate: 0.001, seed: 1}\n"
                "serve:\n  request: {json: input}\n  response: {json: result}\n",
        "unknown_key": "train: {epoch: 2}\n",
        "wrong_kind": "train: {epochs: [2]}\n",
        "out_of_range": "train: {epochs: 0}\nmodel: {dropout: 2}\n",
        "word": "train: {epochs: ten}\n",
        "class_weights": "model: {class_weight: {b: 2, t: 0.5}}\n",
        "balanced": "model: {class_weight: balanced}\n",
        "two_blocks": "features:\n  - {length: 10}\n  - {length: 20}\n",
        "anchor": "a: &x 1\nb: *x\n",
        "tag": "a: !!str 1\n",
        "bomb": "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
        "twins": "a: 1\na: 2\n",
        "two_documents": "---\na: 1\n---\nb: 2\n",
        "complex_key": "? [a, b]\n: 1\n",
        "scalars": "[~, null, true, False, 0x1f, 0o17, 1e3, .5, -.inf, .nan, +1, 1_000, 'quoted', \"es\\ncaped\\x41\\u00e9\"]\n",
        "blocks": "a: |\n  literal\n  text\nb: >-\n  folded\n  text\nc: |+\n\n",
        "nul": 'a: "\\0"\n',
        "tabs": "a:\n\tb: 1\n",
        "deep": "[" * 63 + "]" * 63,
        "too_deep": "[" * 100 + "]" * 100,
        "open_flow": "a: [1, {b: 2\n",
        "comment": "# nothing but this\n",
        "empty": "",
        "languages": "clé: naïve\n日本: \"\\U0001F600\"\n",
        "broken_utf8": b"a: caf\xe9\n",
        "utf16": "a: 1\n".encode("utf-16"),
        "list_at_top": "- a\n- b\n",
        "scalar_at_top": "just text\n",
        "indentation": "a:\n    b: 1\n  c: 2\n",
    }


def yaml():
    for name, text in yaml_texts().items():
        put("yaml", name, text)


def recipe():
    for name, text in yaml_texts().items():
        put("recipe", name, text)
    news = yaml_texts()["news"]
    overrides = {
        "plain": [("epochs", "5"), ("train.learning_rate", "1e-3"), ("hidden", "64,32")],
        "quoted": [("epochs", '"5"'), ("hidden", "[8, 8]"), ("text", '"title"')],
        "bad": [("epochs", "ten"), ("epochs", "-1"), ("epoch", "5"), ("", ""), ("hidden", "[1,"), ("dropout", "nan")],
        "paths": [("features.0.length", "10"), ("features.1.length", "10"), ("features.*.length", "3"), ("train", "{}")],
        "nulls": [("epochs", "null"), ("vectors", "None"), ("learning_rate", "")],
        "maps": [("model.class_weight", '{"b": 2}'), ("data.labels", '{"b": "B", "t": "T"}'), ("data.labels", "x")],
        "bytes": [(b"\xff\xfe", b"\xff"), ("data.text", b"caf\xe9"), ("name", b"\xed\xa0\x80")],
    }
    for name, pairs in overrides.items():
        parts = [news.encode()]
        for pair in pairs:
            parts += [part if isinstance(part, bytes) else part.encode() for part in pair]
        put("recipe", f"set_{name}", b"\0".join(parts))


def vectors():
    def case(name, dims, text):
        put("vectors", name, bytes([dims]) + (text if isinstance(text, bytes) else text.encode()))

    glove = "the 0.1 -0.25 3\na 1e-3 2.5E+1 -0\né 0.12345678 -1.00000001 9.5\n"
    case("glove", 3, glove)
    case("glove_any", 0, glove)
    case("word2vec", 0, "2 3\nthe 1 2 3 \na 4 5 6 \n")
    case("header_disagrees", 2, "2 3\nthe 1 2 3\na 4 5 6\n")
    case("promise_broken", 0, "9 2\nthe 1 2\n")
    case("dims_wrong_later", 0, "the 1 2 3\na 4 5\n")
    case("not_a_number", 0, "the 1 x 3\n")
    case("not_finite", 0, "the 1 inf 3\na nan 1 2\n")
    case("too_large", 0, "the 1 1e39 3\n")
    case("two_blanks", 0, "the  1 2\n")
    case("no_word", 0, " 1 2\n")
    case("blank_at_end", 0, "the 1 2 \r\na 3 4\r\n")
    case("word_with_blanks", 2, ". . . 1 2\nat name@domain.com 3 4\n")
    case("twins", 1, "the 1\nthe 2\na 3\n")
    case("one_dimension", 1, "1 2\n3 4\n")
    case("tabs", 0, "the\t1\t2\n")
    case("no_end", 0, "the 1 2\na 3 4")
    case("long_numbers", 0, "the 0.1234567890123456789 12345678901234567890.5 1e-45\n")
    case("empty", 0, "")
    case("only_ends", 0, "\n\n\r\n")
    case("broken_utf8", 0, b"caf\xe9 1 2\n\xff\xfe 3 4\n")
    case("nul", 0, b"a\0b 1 2\n")
    case("gzip", 3, gzip.compress(glove.encode(), mtime=0))
    case("gzip_cut", 3, gzip.compress(glove.encode(), mtime=0)[:-12])
    case("only_a_word", 0, "the\n")
    case("huge_header", 0, "18446744073709551615 4294967296\nthe 1\n")


def safetensors_file(header, data, pad=True):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    if pad:
        text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def safetensors():
    good = {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
            "b": {"dtype": "U8", "shape": [5], "data_offsets": [24, 29]}}
    data = bytes(range(29))
    put("safetensors", "good", safetensors_file(good, data))
    put("safetensors", "metadata", safetensors_file({"__metadata__": {"by": "textml"}, **good}, data))
    put("safetensors", "empty", b"")
    put("safetensors", "short", b"\x10\0\0\0")
    put("safetensors", "huge_header", struct.pack("<Q", 2**63) + b"{}")
    put("safetensors", "cut_header", safetensors_file(good, data)[:40])
    put("safetensors", "cut_data", safetensors_file(good, data[:-1]))
    put("safetensors", "more_data", safetensors_file(good, data + b"x"))
    put("safetensors", "unpadded", safetensors_file(good, data, pad=False))
    put("safetensors", "no_tensors", safetensors_file({}, b""))
    put("safetensors", "not_json", safetensors_file(b"{nope}  ", b""))
    put("safetensors", "list", safetensors_file(b"[1,2,3] ", b""))

    def one(**changes):
        tensor = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
        tensor.update(changes)
        return safetensors_file({"t": {key: value for key, value in tensor.items() if value is not None}}, data[:24])

    put("safetensors", "overflowing_shape", one(shape=[2**32, 2**32]))
    put("safetensors", "wrapping_shape", one(shape=[2**53, 2**53]))
    put("safetensors", "negative_shape", one(shape=[-2, -3]))
    put("safetensors", "fraction_shape", one(shape=[2.5, 2.4]))
    put("safetensors", "three_dimensions", one(shape=[1, 2, 3]))
    put("safetensors", "no_dimensions", one(shape=[]))
    put("safetensors", "zero_rows", safetensors_file({"t": {"dtype": "F32", "shape": [0, 3], "data_offsets": [0, 0]}}, b""))
    put("safetensors", "backward_offsets", one(data_offsets=[24, 0]))
    put("safetensors", "offsets_beyond", one(data_offsets=[8, 32]))
    put("safetensors", "offsets_text", one(data_offsets="0-24"))
    put("safetensors", "unknown_type", one(dtype="BF16"))
    put("safetensors", "no_type", one(dtype=None))
    put("safetensors", "no_shape", one(shape=None))
    put("safetensors", "overlap", safetensors_file(
        {"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
         "b": {"dtype": "U8", "shape": [4], "data_offsets": [2, 6]}}, data[:6]))
    put("safetensors", "gap", safetensors_file(
        {"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
         "b": {"dtype": "U8", "shape": [4], "data_offsets": [6, 10]}}, data[:10]))
    put("safetensors", "crooked", safetensors_file(
        {"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
         "b": {"dtype": "F32", "shape": [1], "data_offsets": [1, 5]}}, data[:5]))
    put("safetensors", "long_name", safetensors_file(
        {"n" * 60: {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}, b"x"))
    put("safetensors", "empty_name", safetensors_file(
        {"": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}, b"x"))
    put("safetensors", "twins", safetensors_file(
        b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}  ',
        b"xy", pad=False))


def artifact():
    good = {"format": 1, "textml": "0.1.0",
            "recipe": {"name": "news", "train": {"epochs": 2}, "features": [{"length": 10, "embedding": {"dims": 4}}]},
            "labels": ["Business", "Entertainment"],
            "tensors": {"file": "model.safetensors", "bytes": 1234, "hash": "xxh64:0123456789abcdef"},
            "training": {"rows_train": 800, "train_loss": 0.5, "validation_loss": None,
                         "data_fingerprint": "xxh64:fedcba9876543210"}}

    def case(name, **changes):
        put("artifact", name, json.dumps({**good, **changes}, indent=1, ensure_ascii=False) + "\n")

    case("good")
    case("newer", format=2)
    case("format_text", format="1")
    case("format_zero", format=0)
    case("no_recipe", recipe=None)
    case("unknown_key", recipe={"trains": 1})
    case("one_label", labels=["b"])
    case("label_kinds", labels=["b", 1])
    case("twin_labels", labels=["b", "b"])
    case("labels_languages", labels=["Santé", "科学", ""])
    case("negative_bytes", tensors={"bytes": -1, "hash": "xxh64:0123456789abcdef"})
    case("fraction_bytes", tensors={"bytes": 1.5, "hash": "xxh64:0123456789abcdef"})
    case("short_hash", tensors={"bytes": 1, "hash": "xxh64:0"})
    case("no_tensors", tensors=None)
    case("training_kinds", training={"rows_train": "many", "epochs_run": -1, "train_loss": "x"})
    case("training_list", training=[1])
    put("artifact", "empty", "")
    put("artifact", "list", "[]")
    put("artifact", "only_a_check", ',\n  "check": "xxh64:0000000000000000"\n}\n')
    put("artifact", "cut", json.dumps(good)[:100])


def number():
    texts = """0 -0 +0 1 -1 00 007 .5 5. . - + e e5 1e 1e+ 1e- 1e5 1E5 1e+5 1e-5 5.0 5e0 50e-1 1..2 1e5.5 --1 +-1 1,5 0x1p3
    inf nan Infinity 1e308 1.7976931348623157e308 1.7976931348623159e308 2e308 -2e308 1e309 5e-324 2e-324 3e-324 1e-400
    2.2250738585072011e-308 2.2250738585072014e-308 9007199254740993 9007199254740992.5 9223372036854775807
    9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551616 0.1 0.30000000000000004
    123456789012345678901234567890 0.000000000000000000000000000001 1e22 1e23 8.5e22 3.4028235e38 3.4028236e38 1e39
    1.4e-45 7e-46 1e27 1e28 9999999999999999999e27 true FALSE yes No on OFF 1e99999999999999999999 0e999999999
    0.12345678 -1.00000001 9.99999999 1.5_ 1_000 0b1 ５""".split()
    for place, text in enumerate(texts):
        put("number", f"{place:02}", text)
    put("number", "blank_before", " 1")
    put("number", "blank_behind", "1 ")
    put("number", "nul_behind", b"1\0")
    # Half way between two doubles, and a digit far behind that decides.
    put("number", "tie_to_even_up", "9007199254740995")
    put("number", "tie_to_even_down", "9007199254740993")
    put("number", "tie", "9007199254740993" + "." + "0" * 800)
    put("number", "tie_broken_late", "9007199254740993" + "." + "0" * 800 + "1")
    put("number", "many_digits", "1" * 1000)
    put("number", "many_zeros", "0" * 1000 + "1")
    put("number", "small_by_digits", "0." + "0" * 400 + "1e390")
    for name, value in {"min": 5e-324, "subnormal": 2.2250738585072009e-308, "max": 1.7976931348623157e308,
                        "third": 1 / 3, "exact": 2.0**60, "tiny": 1e-5, "plain_limit": 1e17}.items():
        put("number", f"double_{name}", struct.pack("<d", value))
    for name, value in {"min": 1e-45, "max": 3.4028234663852886e38, "third": 1 / 3, "tenth": 0.1}.items():
        put("number", f"float_{name}", struct.pack("<f", value))


def source():
    def case(name, step, data):
        put("source", name, bytes([step]) + data)

    text = b"first line\nsecond line\r\n\nlast without end"
    packed = gzip.compress(text, mtime=0)
    case("plain", 0, text)
    case("gzip", 0, packed)
    case("gzip_by_sevens", 6, packed)
    case("two_members", 1, packed + gzip.compress(b"more\n", mtime=0))
    case("empty_member", 2, gzip.compress(b"", mtime=0) + packed)
    case("zeros_behind", 0, packed + b"\0" * 40)
    case("bytes_behind", 0, packed + b"not gzip")
    case("zeros_then_bytes", 0, packed + b"\0\0\0x")
    case("cut", 0, packed[:-5])
    case("cut_header", 0, packed[:7])
    case("two_bytes", 0, b"\x1f\x8b")
    case("one_byte", 0, b"\x1f")
    case("bad_check", 0, packed[:-8] + b"\0\0\0\0" + packed[-4:])
    case("bad_block", 0, packed[:10] + b"\x07" + packed[11:])
    case("bomb", 15, gzip.compress(b"a" * 100000, mtime=0))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(text) + deflate.flush()
    tail = struct.pack("<II", zlib.crc32(text), len(text))
    case("name_and_comment", 0, b"\x1f\x8b\x08\x18" + b"\0" * 6 + b"name.csv\0comment\0" + body + tail)
    case("extra_field", 0, b"\x1f\x8b\x08\x04" + b"\0" * 6 + struct.pack("<H", 300) + b"x" * 300 + body + tail)
    case("only_ends", 3, b"\n\n\r\n\r\r\n")
    case("nul", 0, b"a\0b\n\0")


def content():
    def case(name, choice, content_type, accept, body):
        body = body if isinstance(body, bytes) else body.encode()
        put("content", name, bytes([choice]) + f"{content_type}\n{accept}\n".encode() + body)

    as_json = "application/json"
    case("own", 0, as_json, "", '{"input": "Fed raises rates"}')
    case("own_list", 2, as_json, as_json, '{"input": ["a", "b", ""]}')
    case("own_without_dialect", 1, as_json, "", '{"input": "a"}')
    case("instances", 0, as_json + "; charset=utf-8", "*/*",
         '{"instances": ["a", {"text": "b"}, {"source": "c"}, ["d"], {"features": ["e"]}, {"data": "f"},'
         ' {"data": {"features": {"values": [1, "g"]}}}], "probabilities": true}')
    case("bare_string", 3, "", "text/csv", '"a"')
    case("bare_list", 5, "", "application/jsonlines", '["a", "b"]')
    case("wrong_kind", 0, as_json, "", '{"input": 5}')
    case("wrong_item", 0, as_json, "", '{"instances": ["a", 5]}')
    case("wrong_switch", 0, as_json, "", '{"input": "a", "probabilities": "yes"}')
    case("missing", 0, as_json, "", '{"inputs_": "a"}')
    case("null_text", 1, as_json, "", '{"instances": [{"text": null}, {}]}')
    case("malformed", 0, as_json, "", '{"input": "a"')
    case("empty_json", 0, as_json, "", " \n")
    case("number", 0, as_json, "", "5")
    case("lines", 2, "text/plain", "text/plain", "one\r\ntwo\n\nfour")
    case("lines_mark", 4, "text/plain;charset=\"UTF-8\"", "text/csv", "\ufeffone\ntwo\n")
    case("csv_two_marks", 0, "text/csv", "", "\ufeff\ufeffone\n")
    case("lines_bytes", 0, "text/plain", as_json, b"caf\xe9\n\xff\0\n")
    case("csv", 2, "text/csv", "text/csv", 'one\n"two, quoted"\n"thr""ee\nlines"\n')
    case("csv_comma_label", 0, "text/plain", "text/csv", "one\\n\\n")
    case("csv_commas", 0, "text/csv", "", "one, with, commas\n\"a\",b\n")
    case("csv_open", 0, "text/csv", "", '"never closed\n')
    case("csv_gzip", 0, "text/csv", "", gzip.compress(b"a\n", mtime=0))
    case("csv_header", 0, "text/csv; header=present", "", '"the\n""text"""\na\n"b"\n')
    case("csv_utf16", 0, "text/csv", "", "a\nb\n".encode("utf-16"))
    case("sniffed", 0, "application/octet-stream", "application/*;q=0.5, text/csv;q=0.9", ' {"input":"a"}')
    case("form", 0, "application/x-www-form-urlencoded", "text/*;q=0, */*;q=0.1", "input=a")
    case("unread_type", 0, "image/png", "", "x")
    case("unread_charset", 0, "text/plain; charset=utf-16", "", "x")
    case("latin1_lines", 0, "text/plain; charset=latin-1", "", b"caf\xe9\n\x80\n")
    case("latin1_csv", 0, "text/csv; charset=iso-8859-1", "", b'"caf\xe9"\n\xff\n')
    case("latin1_json", 0, as_json + "; charset=iso-8859-1", "", '{"input": "a"}')
    case("document", 6, "text/csv", "", 'From: a\nSubject: "b", c\n\n"d\n')
    case("document_plain", 9, "text/plain", as_json, "From: a\r\n\r\nb")
    case("document_label", 8, "text/plain", "text/csv", "a\nb")
    case("document_lines", 10, "", "application/jsonlines", "\ufeffa\n")
    case("document_latin1", 7, "text/csv; charset=iso-8859-1", "text/plain", b"caf\xe9\n\xff")
    case("document_gzip", 6, "text/plain", "", gzip.compress(b"a\n", mtime=0))
    case("document_empty", 6, "text/plain", "text/csv", "")
    case("document_json", 6, as_json, "text/plain", '{"input": ["a", "b"]}')
    case("unwritten", 0, "text/plain", "image/png", "x")
    case("bad_q", 0, "text/plain", "text/csv;q=9;q=-1;q=x, application/json;q=0.000", "x")
    case("odd_header", 0, 'text/plain; a="b\\";c"; ; =; charset', '"*/*", ;,, text/csv;q="0.5"', "x")
    case("deep", 0, as_json, "", '{"instances": ' + "[" * 150 + "]" * 150 + "}")
    case("not_utf8", 0, as_json, "", b'{"input": "caf\xe9"}')
    case("asks", 1, as_json, "", '{"configuration": {"k": 2, "explain": 5}, "parameters": {"top_k": null}, "k": 1e300,'
         ' "instances": [{"text": "a", "k": 3}, {"name": "b", "probabilities": true}]}')
    case("wrong_ask", 1, as_json, "", '{"instances": [{"text": "a", "k": 0}]}')
    case("one_row", 1, as_json, "", '{"data": {"features": {"values": ["a"]}}, "id": 7}')
    json_lines = '{"source": "a", "k": 2}\n"b"\r\n["c"]\n{"text": "d\\n"}\n\n'
    case("json_lines", 1, "application/jsonlines;data=text", "", json_lines)
    case("json_lines_sniffed", 1, "", "", json_lines)
    case("json_lines_batch", 13, "application/x-ndjson", "text/csv", '"a"\n{"source"\n\n5\n"e"')
    case("json_lines_damaged", 1, "application/jsonl", "", '"a"\n{"source"\n')
    case("csv_blank", 1, "text/csv", "", "\na\n\r\n\"\"\n\n\n")
    case("csv_doubled", 1, "text/csv", "", '"say ""a"""\n""""\nx"y",z\n')
    case("csv_batch", 13, "text/csv", "text/csv", 'a\n"b"x\n"c",d\n"",b",,"\n"",b",,"\n"e\nf\n')
    case("libsvm", 1, "text/libsvm", "", "1 0:1 3:2.5\n0 1:1 # note\n")
    case("recordio_sniffed", 1, "", "", b"\x0a\x23\xd7\xce\x04\0\0\0abcd")


def explain():
    texts = {
        "words": "The good, the BAD and the very good night",
        "languages": "\u0130 caf\u00e9 cafe\u0301 \ufb01n \ufdfa \u65e5\u672c \u212aelvin \u00bd good",
        "html": "<p class='good'>bad</p> <> < good &amp; <b>day</b>night",
        "broken": b"good\xff bad\xc3 \xe2\x82 d\xf0\x9f\x98\x80ay",
        "blanks": " \t\n\u00a0 ",
        "long": "bad good " * 60,
    }
    for name, text in texts.items():
        data = text if isinstance(text, bytes) else text.encode()
        for model in range(7):
            put("explain", f"{name}_{model}", bytes([model, 3]) + data)


def tar():
    golden = os.path.join(HERE, "..", "..", "golden", "tar")
    for number, case in enumerate(sorted(os.listdir(golden))):
        with open(os.path.join(golden, case, "input"), "rb") as file:
            data = file.read()
        if len(data) <= 4096:
            put("tar", case, bytes([number % 4]) + data)


def golden_bodies(target, suite, choices):
    """The inputs of a golden suite behind one byte each of choices."""
    golden = os.path.join(HERE, "..", "..", "golden", suite)
    for case in sorted(os.listdir(golden)):
        with open(os.path.join(golden, case, "input"), "rb") as file:
            data = file.read()
        for choice in choices if len(data) <= 4096 else ():
            put(target, f"{case}_{choice}", bytes([choice]) + data)


def libsvm():
    golden_bodies("libsvm", "libsvm", [2])
    lines = "1 3:1 2:2\r\n\n# c\n0:1 # c\n-1 qid:1 7:1e-5\n"
    damaged = "1 9:1\n1 1:1 1:2\n1 1\n1 1 2\n1 x:1\n1 2:\n1 2:nan\n1 99999999999999999999:1\n"
    for choice in range(5):
        put("libsvm", f"lines_{choice}", bytes([choice]) + (lines + damaged + lines).encode())


def recordio():
    golden_bodies("recordio", "records", [0, 16, 17])
    frame = struct.pack("<II", 0xCED7230A, 3)
    put("recordio", "no_record", b"\x11" + frame + b"abc\0" + frame + b"abc\0")
    put("recordio", "cut", b"\x11" + frame + b"ab")
    put("recordio", "bad_order", b"\x11" + struct.pack("<II", 0xCED7230A, 3 << 29))
    put("recordio", "not_framed", b"\x10\x0a\x06\x0a\x04text")
    put("recordio", "empty", b"\x11")
    put("recordio", "aligned_magic", b"\x11" + struct.pack("<III", 0xCED7230A, 0xCED7230A, 0xCED7230A))
    put("recordio", "many_entries", b"\x11" + b"\x0a\0" * 500)


def answers():
    labels = 'World\nScience & Technology\na,"b"|c\ncaf\u00e9 \'it\\\'\n__label__x'.encode() + b"\xff\x01"
    for kind in range(15):  # type and style
        for number, (k, rest) in enumerate([(0, 0), (2, 1), (9, 2), (0, 4), (3, 131)]):
            put("answers", f"{kind}_{number}", bytes([kind, 3 + 4 * number, k, rest, 0x5A]) + labels)


def gzip_target():
    packed = gzip.compress(b"market bank\nvirus doctor\n" * 20, mtime=0)
    put("gzip", "empty", b"")
    put("gzip", "text", b"\x10market bank profit market bank profit\n")
    put("gzip", "packed", b"\x07" + packed)
    put("gzip", "cut", b"\x07" + packed[:-9])
    put("gzip", "damaged", b"\x01" + packed[:20] + b"\xff" + packed[21:])
    put("gzip", "sum", b"\x3f" + packed[:-6] + b"\0\0" + packed[-4:])
    put("gzip", "two", b"\x20" + packed + packed)
    put("gzip", "zeros", b"\x3f" + gzip.compress(bytes(100000), mtime=0))
    put("gzip", "header", b"\x03\x1f\x8b\x08\x1f\0\0\0\0\0\x03")


def query():
    put("query", "empty", b"")
    put("query", "usual", b"gzip, deflate;q=0.5\ngzip\n3\nk=3&explain=5&probabilities=true")
    put("query", "coded", b"*;q=0,gzip;q=1\nx-gzip\n\n%6b=%33&expl%61in=%35&x=+")
    put("query", "bad_percent", b"identity\nbr\n7\nk=%zz&%=1&k=1%")
    put("query", "hostile", b";;,=;q==\n\xff\n\x00\n\x00=\xff&&&===&k%00=1")
    put("query", "long", b"\n\n\n" + b"k" * 100 + b"=" + b"9" * 100 + b"&k=" + b"9" * 40)
    put("query", "header", b"\n\n-5\n")


for make in (libsvm, recordio, answers, utf8, tokenizer, csv, reader, json_target, yaml, recipe, vectors, safetensors, artifact, number, source, content, explain, tar,
             gzip_target, query):
    make()
routes(put)
