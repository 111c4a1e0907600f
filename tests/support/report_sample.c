/* The numbers are drawn; the words are what such classes are about. */
#include "support/report_sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum {
    N_TELLING = 8,
    MAX_CLASSES = 75,
    N_BINS = 30
};

typedef struct topic {
    const char *label;
    const char *words[N_TELLING];
} topic;

static const topic newsgroups[] = {
    {"alt.atheism", {"atheism", "islam", "keith", "atheists", "livesey", "god", "moral", "jaeger"}},
    {"comp.graphics",
     {"graphics", "image", "polygon", "tiff", "animation", "jpeg", "siggraph", "pov"}},
    {"comp.os.ms-windows.misc",
     {"windows", "cica", "drivers", "win", "ini", "dos", "fonts", "workgroups"}},
    {"comp.sys.ibm.pc.hardware",
     {"scsi", "ide", "gateway", "controller", "bios", "motherboard", "vlb", "isa"}},
    {"comp.sys.mac.hardware",
     {"mac", "apple", "centris", "quadra", "powerbook", "lc", "duo", "nubus"}},
    {"comp.windows.x",
     {"motif", "widget", "xterm", "server", "xlib", "lcs", "sunos", "openwindows"}},
    {"misc.forsale",
     {"sale", "shipping", "offer", "asking", "obo", "sell", "condition", "forsale"}},
    {"rec.autos", {"car", "cars", "ford", "toyota", "dealer", "engine", "mustang", "callison"}},
    {"rec.motorcycles", {"bike", "dod", "motorcycle", "riding", "bmw", "helmet", "ride", "harley"}},
    {"rec.sport.baseball",
     {"baseball", "phillies", "cubs", "pitching", "braves", "alomar", "hitter", "yankees"}},
    {"rec.sport.hockey",
     {"hockey", "nhl", "playoffs", "leafs", "detroit", "goalie", "bruins", "penguins"}},
    {"sci.crypt", {"encryption", "clipper", "key", "nsa", "crypto", "escrow", "chip", "pgp"}},
    {"sci.electronics",
     {"circuit", "voltage", "amp", "electronics", "copy", "radar", "outlets", "resistor"}},
    {"sci.med", {"doctor", "disease", "msg", "medical", "patients", "pitt", "geb", "candida"}},
    {"sci.space", {"space", "orbit", "nasa", "moon", "shuttle", "launch", "lunar", "spacecraft"}},
    {"soc.religion.christian",
     {"church", "christ", "athos", "rutgers", "sin", "christians", "clh", "scripture"}},
    {"talk.politics.guns",
     {"gun", "guns", "firearms", "batf", "weapons", "waco", "handgun", "nra"}},
    {"talk.politics.mideast",
     {"israel", "armenian", "turkish", "israeli", "jews", "arab", "serdar", "argic"}},
    {"talk.politics.misc",
     {"clinton", "cramer", "optilink", "kaldis", "tax", "drugs", "president", "gay"}},
    {"talk.religion.misc",
     {"sandvik", "koresh", "brian", "morality", "objective", "mormon", "biblical", "weiss"}},
};
static const topic news[] = {
    {"business", {"profit", "shares", "market", "fed", "stocks", "deal", "oil", "growth"}},
    {"entertainment",
     {"kardashian", "movie", "album", "season", "star", "trailer", "film", "beyonce"}},
    {"health and medicine",
     {"ebola", "cancer", "virus", "study", "patients", "fda", "mers", "drug"}},
    {"science and technology",
     {"google", "apple", "nasa", "iphone", "samsung", "mars", "app", "galaxy"}},
};
static const topic reviews[] = {
    {"negative", {"worst", "waste", "awful", "boring", "poorly", "dull", "terrible", "unfunny"}},
    {"positive",
     {"excellent", "superb", "wonderful", "perfect", "touching", "gem", "loved", "rare"}},
};
/* Markup, both quotes, ends of every container, control characters, bytes that are no UTF-8, reordering, length. */
/* NOLINTBEGIN(misc-misleading-bidirectional): such texts are the point. */
static const topic hostile[] = {
    {"<script>alert(1)</script>",
     {"</style><script>alert(2)</script>", "a&b", "c<d", "e>f", "'g'", "\"h\"", "i", "j"}},
    {"\" onmouseover=\"alert(3)",
     {"' onload='alert(4)", "]]>", "<!--", "-->", "</svg>", "</title>", "k", "l"}},
    {"]]></title></svg><img src=x onerror=alert(5)>",
     {"&lt;b&gt;", "&#60;", "\\", "`", "${x}", "{{y}}", "m", "n"}},
    {"\xE2\x80\xAEright to left override",
     {"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D", "\xD8\xB3\xD9\x84\xD8\xA7\xD9\x85", "\xE2\x81\xA6open",
      "o", "p", "q", "r", "s"}},
    {"\xFF\xFE\x80 ill-formed \xC3",
     {"\xF0\x9F\x98\x80", "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", "t\x01\x02", "u\nv",
      "\xED\xA0\x80", "w", "x", "y"}},
    {"a label that is much longer than any picture has room for, and then goes on, with "
     "\xE6\xBC\xA2\xE5\xAD\x97 and an end",
     {"averyveryveryverylongtermwithoutanyblankinitthatneverends", "z", "aa", "bb", "cc", "dd",
      "ee", "ff"}},
    {"javascript:alert(6)//%00%n%s_without_any_blank_where_a_line_could_end",
     {"url(http://example.invalid/x)", "@import", "expression(1)", "gg", "hh", "ii", "jj", "kk"}},
};
/* NOLINTEND(misc-misleading-bidirectional) */

const char *report_sample_name(report_sample_kind kind)
{
    static const char *const names[N_SAMPLES] = {"newsgroups", "news", "reviews",
                                                 "</title><script>alert(0)</script>", "many"};
    return kind < N_SAMPLES ? names[kind] : "";
}

static void *keep(report_sample *sample, size_t n, size_t size)
{
    void *const block = calloc(n, size);
    if (block == NULL || sample->n_owned == sizeof sample->owned / sizeof sample->owned[0]) {
        abort();
    }
    sample->owned[sample->n_owned++] = block;
    return block;
}

static double normal(tmli_rng *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        sum += (double)tmli_rng_uniform(rng);
    }
    return sum;
}

static const topic *topics_of(report_sample_kind kind, size_t *n)
{
    switch (kind) {
    case SAMPLE_NEWSGROUPS:
    case SAMPLE_MANY:
        *n = kind == SAMPLE_MANY ? MAX_CLASSES : sizeof newsgroups / sizeof newsgroups[0];
        return newsgroups;
    case SAMPLE_NEWS: *n = sizeof news / sizeof news[0]; return news;
    case SAMPLE_BINARY: *n = sizeof reviews / sizeof reviews[0]; return reviews;
    case SAMPLE_HOSTILE:
    case N_SAMPLES: break;
    }
    *n = sizeof hostile / sizeof hostile[0];
    return hostile;
}

static const topic *topic_at(report_sample_kind kind, size_t c)
{
    size_t n = 0;
    const topic *const topics = topics_of(kind, &n);
    return &topics[kind == SAMPLE_MANY ? c % 20 : c];
}

/* Labels with one beginning ("comp.") are often taken for each other. */
static double likeness(const char *a, const char *b)
{
    return strncmp(a, b, 4) == 0 ? 1.7 : 0;
}

static void add_evaluation(report_sample *sample, report_sample_kind kind, size_t n, tmli_rng *rng)
{
    const size_t k = sample->input.n_labels;
    uint32_t *const truth = keep(sample, n, sizeof *truth);
    double *const p = keep(sample, n * k, sizeof *p);
    tml_str *const texts = keep(sample, n, sizeof *texts);
    enum {
        TEXT_BYTES = 420
    };
    char *const bytes = keep(sample, n, TEXT_BYTES);
    for (size_t i = 0; i < n; i++) {
        truth[i] = tmli_rng_below(rng, (uint32_t)k);
        const topic *const t = topic_at(kind, truth[i]);
        double sum = 0;
        for (size_t c = 0; c < k; c++) {
            const double lift = c == truth[i]
                                    ? (kind == SAMPLE_NEWSGROUPS || kind == SAMPLE_MANY ? 5.6 : 3) -
                                          1.4 * (double)(c % 5) / 4
                                    : likeness(t->label, topic_at(kind, c)->label);
            const double e = exp(1.5 * (1.2 * normal(rng) + lift));
            p[i * k + c] = e;
            sum += e;
        }
        for (size_t c = 0; c < k; c++) {
            p[i * k + c] /= sum;
        }
        char *const text = bytes + i * TEXT_BYTES;
        size_t len = 0;
        for (size_t w = 0; w < 40; w++) {
            static const char *const between[] = {"the", "of",  "and", "a",
                                                  "in",  "was", "for", "with"};
            const char *const word = tmli_rng_below(rng, 2) == 0
                                         ? t->words[tmli_rng_below(rng, N_TELLING)]
                                         : between[tmli_rng_below(rng, 8)];
            const size_t word_len = strlen(word);
            if (len + word_len + 1 < TEXT_BYTES) {
                memcpy(text + len, word, word_len);
                len += word_len;
                text[len++] = ' ';
            }
        }
        texts[i] = (tml_str){text, len};
    }
    sample->input.evaluation = (tml_report_evaluation){"test", n, truth, p, texts};
}

static void add_parts(report_sample *sample, size_t n_parts, tmli_rng *rng)
{
    static const char *const names[] = {"training", "test", "validation"};
    const size_t k = sample->input.n_labels;
    tml_report_part *const parts = keep(sample, n_parts, sizeof *parts);
    uint64_t *const rows = keep(sample, n_parts * k, sizeof *rows);
    for (size_t p = 0; p < n_parts; p++) {
        parts[p] = (tml_report_part){names[p], 0, rows + p * k};
        for (size_t c = 0; c < k; c++) {
            rows[p * k + c] = (p == 0 ? 470 : 150) + tmli_rng_below(rng, p == 0 ? 131 : 60);
            parts[p].n_rows += rows[p * k + c];
        }
    }
    sample->input.parts = parts;
    sample->input.n_parts = n_parts;
}

static void add_terms(report_sample *sample, report_sample_kind kind, tmli_rng *rng)
{
    const size_t k = sample->input.n_labels;
    tml_report_term *const telling = keep(sample, k * N_TELLING, sizeof *telling);
    for (size_t c = 0; c < k; c++) {
        double weight = 6.5 + normal(rng) / 2;
        for (size_t w = 0; w < N_TELLING; w++) {
            const char *const word = topic_at(kind, c)->words[w];
            telling[c * N_TELLING + w] = (tml_report_term){{word, strlen(word)}, weight};
            weight -= 0.7 * (double)tmli_rng_uniform(rng) + 0.05;
        }
    }
    sample->input.telling = telling;
    sample->input.n_telling = N_TELLING;
    /* The cloud takes the same words; the frequent terms are the first of them, with counts. */
    const size_t n = k * N_TELLING < 160 ? k * N_TELLING : 160;
    tml_report_term *const cloud = keep(sample, 160 + 20, sizeof *cloud);
    for (size_t i = 0; i < n; i++) {
        const size_t c = i % (n / N_TELLING);
        cloud[i] = telling[c * N_TELLING + i / (n / N_TELLING)];
        cloud[i].weight = 900 / (double)(i + 4) + 20 * (double)tmli_rng_uniform(rng);
    }
    for (size_t i = 0; i < 20 && i < n; i++) {
        cloud[160 + i] = (tml_report_term){cloud[i].text, floor(15000 / (double)(i + 1) + 17)};
    }
    sample->input.cloud = cloud;
    sample->input.n_cloud = n;
    sample->input.frequent = cloud + 160;
    sample->input.n_frequent = n < 20 ? n : 20;
}

static void add_epochs(report_sample *sample, size_t n, tmli_rng *rng)
{
    tml_epoch *const epochs = keep(sample, n, sizeof *epochs);
    for (size_t i = 0; i < n; i++) {
        const double t = (double)i;
        epochs[i] = (tml_epoch){
            .epoch = i + 1,
            .train_loss = 0.14 + 1.1 * exp(-t / 5) + 0.006 * normal(rng),
            .train_accuracy = 0.952 - 0.42 * exp(-t / 4.5),
            .validation_loss = 0.245 + 0.95 * exp(-t / 4) + 0.0035 * t + 0.008 * normal(rng),
            .validation_accuracy = 0.914 - 0.36 * exp(-t / 3.8) + 0.002 * normal(rng),
        };
    }
    sample->input.epochs = epochs;
    sample->input.n_epochs = n;
}

void report_sample_init(report_sample *sample, report_sample_kind kind)
{
    static const size_t n_rows[N_SAMPLES] = {3766, 2400, 700, 160, 1500};
    static const size_t n_epochs[N_SAMPLES] = {0, 30, 1, 3, 0};
    static const size_t n_parts[N_SAMPLES] = {2, 3, 2, 3, 1};
    *sample = (report_sample){0};
    tmli_rng rng = tmli_rng_at(20, TMLI_RNG_SHUFFLE, (uint32_t)kind, 0);
    tml_report_input *const in = &sample->input;
    (void)topics_of(kind, &in->n_labels);
    in->title = report_sample_name(kind);
    tml_str *const labels = keep(sample, MAX_CLASSES, sizeof *labels);
    for (size_t c = 0; c < in->n_labels; c++) {
        const char *const label = topic_at(kind, c)->label;
        labels[c] = (tml_str){label, strlen(label)};
    }
    in->labels = labels;
    uint64_t *const lengths = keep(sample, N_BINS, sizeof *lengths);
    for (size_t i = 0; i < N_BINS; i++) {
        lengths[i] = (uint64_t)(1900 * exp(-pow(log((double)i + 0.7) - 1.4, 2) / 0.9)) +
                     (i == N_BINS - 1 ? 480 : 0);
    }
    in->length_counts = lengths;
    in->n_length_bins = N_BINS;
    in->length_bin_width = kind == SAMPLE_NEWSGROUPS ? 20 : 1;
    in->vocabulary = 85964;
    in->terms_seen = 101631;
    add_evaluation(sample, kind, n_rows[kind], &rng);
    add_parts(sample, n_parts[kind], &rng);
    add_terms(sample, kind, &rng);
    if (n_epochs[kind] > 0) {
        add_epochs(sample, n_epochs[kind], &rng);
    }
}

void report_sample_deinit(report_sample *sample)
{
    for (size_t i = 0; i < sample->n_owned; i++) {
        free(sample->owned[i]);
    }
    *sample = (report_sample){0};
}
