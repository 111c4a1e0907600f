#!/usr/bin/env python3
"""Writes tests/golden/bag: what scikit-learn's vectorizers make of documents in many scripts.

    make_bag.py          write the cases
    make_bag.py --check  exit 1 when a file would change

Written with Python 3.11.2, scikit-learn 1.2.1, NumPy 1.24.2 and SciPy 1.10.1 (Debian bookworm's python3-sklearn). A case
is a directory of three files.

input: the documents as lists of tokens, from scikit-learn's own preprocessor and tokenizer: "N" tokens, then each as
"LENGTH BYTES". For char the one token is the text with its white space squeezed, for char_wb each word with a blank on
both sides.
options: the vectorizer's. training: a digit for each document, 1 where the vectorizer was fitted on it.
want: "vocabulary N", the terms as above; "idf N", the numbers; "rows N", and for each document the number of its stored
elements, then "COLUMN VALUE" each. Numbers have 17 significant digits.
"""
import numpy
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer

from suite import write_or_check

DOCUMENTS = [
    "The cat sat on the mat, and the other cat sat on the other mat.",
    "A dog and a cat: the dog chased the cat; the cat chased nobody.",
    "the the the the the mat",
    "Stock prices fell 2.5% on Monday -- prices fell, prices rose, and on Tuesday prices fell again",
    "",
    "   \t \n  \u00a0\u3000 ",
    "x",
    "Les élèves ont été à l'école; les ÉLÈVES ont mangé, à l’été.",
    "Große Straße, große Häuser: die Straße der Häuser ist groß",
    "Президент России заявил, что президент России заявил и не заявил",
    "Ο Οδυσσέας έφτασε στην Ιθάκη και η Ιθάκη χάρηκε",
    "ראש הממשלה אמר היום: ראש העיר אמר לא",
    "قال الرئيس اليوم إن الرئيس قال نعم، كِتَابٌ",
    "प्रधानमंत्री ने कहा कि प्रधानमंत्री ने कहा",
    "中国经济增长，中国经济放缓。经济增长",
    "東京で会議を開く 東京で カーニバル カーニバル も",
    "삼성전자 영업이익 삼성전자 전년比 영업이익",
    "นายกรัฐมนตรี กล่าว นายกรัฐมนตรี พร้อม",
    "Երևանում սկսվեց մեծ փառատոնը Երևանում",
    "თბილისი დედაქალაქი თბილისი ქალაქი",
    "I ❤️ NY 😀😀 👍🏽 👨‍👩‍👧 🇩🇪 ok 😀 ok",
    "e\u0301te\u0301 o\u0323\u0302x o\u0302\u0323x q\u0307\u0323 ete été e\u0301te\u0301",
    "cat",
    "mat mat mat dog dog internationalization internationalization's internationally\tunder_score a1b2",
    "İSTANBUL'DA IŞIK Iğdır İzmir ve İzmir",
    "new york new york new jersey york new the new york",
    "\u0930\U0001d518\U00010414 \U00010414\U00010414 \uffee\uff9e\U00020bb7野家 \U00020bb7",
]
N = len(DOCUMENTS)
SOME = "".join("0" if i % 4 == 3 else "1" for i in range(N))

# name: options, with scikit-learn's names; norm None is written "none"; a str for a share.
CASES = {
    "defaults": {},
    "counts": dict(use_idf=False, norm=None),
    "binary": dict(binary=True),
    "binary_counts": dict(binary=True, use_idf=False, norm=None),
    "sublinear": dict(sublinear_tf=True),
    "sublinear_counts": dict(sublinear_tf=True, use_idf=False, norm=None),
    "not_smooth": dict(smooth_idf=False),
    "not_smooth_sublinear_l1": dict(smooth_idf=False, sublinear_tf=True, norm="l1"),
    "l1": dict(norm="l1"),
    "l1_tf": dict(norm="l1", use_idf=False),
    "l2_tf": dict(use_idf=False),
    "no_norm": dict(norm=None),
    "min_df_2": dict(min_df=2),
    "min_df_3_sublinear": dict(min_df=3, sublinear_tf=True),
    "min_df_share": dict(min_df=0.07),
    "min_df_share_exact": dict(min_df=1 / N * 3),
    "max_df_2": dict(max_df=2),
    "max_df_1": dict(max_df=1),
    "max_df_share": dict(max_df=0.1),
    "min_max_df": dict(min_df=2, max_df=4),
    "min_share_max_count": dict(min_df=0.05, max_df=5),
    "max_features": dict(max_features=12),
    "max_features_binary": dict(max_features=9, binary=True),
    "max_features_more_than_terms": dict(max_features=100000),
    "max_features_min_df": dict(max_features=10, min_df=2, norm="l1"),
    "words_1_2": dict(ngram_range=(1, 2)),
    "words_2_2": dict(ngram_range=(2, 2), use_idf=False, norm=None),
    "words_1_3_min_df": dict(ngram_range=(1, 3), min_df=2),
    "words_2_4_binary": dict(ngram_range=(2, 4), binary=True),
    "words_3_3": dict(ngram_range=(3, 3), sublinear_tf=True),
    "words_1_2_max_features": dict(ngram_range=(1, 2), max_features=15),
    "words_some": dict(training=SOME),
    "words_1_2_some": dict(training=SOME, ngram_range=(1, 2), min_df=2, sublinear_tf=True),
    "char_1_1": dict(analyzer="char"),
    "char_1_5": dict(analyzer="char", ngram_range=(1, 5), max_features=900),
    "char_1_5_min_df": dict(analyzer="char", ngram_range=(1, 5), min_df=2),
    "char_2_3_some": dict(analyzer="char", ngram_range=(2, 3), training=SOME, min_df=2),
    "char_3_3_counts": dict(analyzer="char", ngram_range=(3, 3), use_idf=False, norm=None),
    "char_7_9": dict(analyzer="char", ngram_range=(7, 9), use_idf=False, norm=None, max_features=200),
    "char_wb_1_1": dict(analyzer="char_wb", sublinear_tf=True),
    "char_wb_1_5": dict(analyzer="char_wb", ngram_range=(1, 5), min_df=2),
    "char_wb_2_5": dict(analyzer="char_wb", ngram_range=(2, 5), norm="l1", min_df=2, smooth_idf=False),
    "char_wb_2_5_counts": dict(analyzer="char_wb", ngram_range=(2, 5), use_idf=False, norm=None),
    "char_wb_6_9": dict(analyzer="char_wb", ngram_range=(6, 9), use_idf=False, norm=None),
    "char_wb_3_4_some": dict(analyzer="char_wb", ngram_range=(3, 4), training=SOME, min_df=2, binary=True),
    "hashing": dict(n_features=2**20, use_idf=False),
    "hashing_few": dict(n_features=16, use_idf=False, norm=None),
    "hashing_few_unsigned": dict(n_features=16, use_idf=False, norm="l1", alternate_sign=False),
    "hashing_few_binary": dict(n_features=7, use_idf=False, binary=True),
    "hashing_one": dict(n_features=1, use_idf=False),
    "hashing_tfidf": dict(n_features=64, alternate_sign=False, sublinear_tf=True),
    "hashing_tfidf_signed_some": dict(n_features=50, training=SOME),
    "hashing_words_1_3": dict(n_features=1000, ngram_range=(1, 3), use_idf=False),
    "hashing_char_wb_2_5": dict(n_features=2**31 - 1, analyzer="char_wb", ngram_range=(2, 5), use_idf=False),
    "hashing_char_1_3": dict(n_features=300, analyzer="char", ngram_range=(1, 3), use_idf=False, norm="l1"),
}
DEFAULTS = dict(
    analyzer="word", ngram_range=(1, 1), min_df=1, max_df=1.0, max_features=None, binary=False, use_idf=True,
    smooth_idf=True, sublinear_tf=False, norm="l2", n_features=0, alternate_sign=True, training="1" * N,
)


def tokens_of(analyzer, document):
    vectorizer = CountVectorizer(analyzer=analyzer)
    text = vectorizer.build_preprocessor()(document)
    if analyzer == "word":
        return vectorizer.build_tokenizer()(text)
    text = vectorizer._white_spaces.sub(" ", text)
    if analyzer == "char":
        return [text] if text else []
    return [" " + word + " " for word in text.split()]


def fit(o, train, documents):
    shape = dict(analyzer=o["analyzer"], ngram_range=o["ngram_range"], binary=o["binary"])
    terms = []
    if o["n_features"]:
        vectorizer = HashingVectorizer(n_features=o["n_features"], alternate_sign=o["alternate_sign"], norm=None, **shape)
    else:
        vectorizer = CountVectorizer(min_df=o["min_df"], max_df=o["max_df"], max_features=o["max_features"], **shape)
        vectorizer.fit(train)
        terms = [str(term) for term in vectorizer.get_feature_names_out()]
        assert terms == sorted(terms)
    tfidf = TfidfTransformer(norm=o["norm"], use_idf=o["use_idf"], smooth_idf=o["smooth_idf"], sublinear_tf=o["sublinear_tf"])
    tfidf.fit(vectorizer.transform(train))
    rows = tfidf.transform(vectorizer.transform(documents))
    rows.sort_indices()
    idf = tfidf.idf_ if o["use_idf"] else []
    return terms, idf, rows


def choose_limit(o, train):
    """The nearest number of features, not above the one asked for, at which no two terms tie."""
    counts = CountVectorizer(**{k: o[k] for k in ("analyzer", "ngram_range", "binary", "min_df", "max_df")})
    totals = numpy.sort(numpy.asarray(counts.fit_transform(train).sum(axis=0)).ravel())[::-1]
    limit = o["max_features"]
    while limit < len(totals) and totals[limit - 1] == totals[limit]:
        limit -= 1
        assert limit > 0
    return limit


def strings(items):
    out = f"{len(items)}\n".encode()
    for item in items:
        out += f"{len(item.encode())} ".encode() + item.encode() + b"\n"
    return out


def number(x):
    return f"{x:.17g}"


def files_of_case(options):
    o = {**DEFAULTS, **options}
    train = [document for document, digit in zip(DOCUMENTS, o["training"]) if digit == "1"]
    if o["max_features"]:
        o["max_features"] = choose_limit(o, train)
    terms, idf, rows = fit(o, train, DOCUMENTS)
    want = b"vocabulary " + strings(terms)
    want += f"idf {len(idf)}\n".encode() + "".join(number(x) + "\n" for x in idf).encode()
    want += f"rows {rows.shape[0]}\n".encode()
    for row in rows:
        want += f"{row.nnz}".encode()
        want += "".join(f" {c} {number(v)}" for c, v in zip(row.indices, row.data)).encode() + b"\n"
    written = dict(o)
    written["n_min"], written["n_max"] = written.pop("ngram_range")
    written["min_is_share"] = isinstance(o["min_df"], float)
    written["max_is_share"] = isinstance(o["max_df"], float)
    for key in ("min_df", "max_df"):
        written[key] = number(o[key])
    lines = (f"{k}={str(int(v) if isinstance(v, bool) else v or 0 if k != 'norm' else v or 'none')}" for k, v in written.items())
    documents = b"".join(strings(tokens_of(o["analyzer"], document)) for document in DOCUMENTS)
    return {"input": documents, "options": ("\n".join(lines) + "\n").encode(), "want": want}


def main():
    files = {f"{name}/{kind}": data for name, o in CASES.items() for kind, data in files_of_case(o).items()}
    write_or_check("bag", files)


if __name__ == "__main__":
    main()
