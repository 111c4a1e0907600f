/* A strict reader of the report's HTML. It allows less than a browser: what it does not know is an intruder. */
#include "support/page.h"

#include <stdio.h>
#include <string.h>

#include "text/utf8.h"

enum {
    MAX_DEPTH = 64,
    MAX_NAME = 24
};

static const char *const known_tags[] = {
    "a",    "b",     "bdi",        "body",   "circle", "dd",   "defs",    "div",
    "dl",   "dt",    "figcaption", "figure", "footer", "g",    "h1",      "h2",
    "h3",   "head",  "header",     "html",   "li",     "line", "link",    "main",
    "meta", "nav",   "ol",         "p",      "path",   "rect", "section", "small",
    "span", "style", "svg",        "table",  "tbody",  "td",   "text",    "tfoot",
    "th",   "thead", "title",      "tr",     "tspan",  "use",
};
static const char *const known_attributes[] = {
    "aria-hidden",
    "aria-label",
    "charset",
    "class",
    "content",
    "cx",
    "cy",
    "d",
    "dir",
    "dy",
    "fill-opacity",
    "font-size",
    "height",
    "href",
    "http-equiv",
    "id",
    "lang",
    "lengthAdjust",
    "name",
    "r",
    "rel",
    "role",
    "rx",
    "scope",
    "style",
    "text-anchor",
    "textLength",
    "title",
    "transform",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
};
static const char *const known_entities[] = {"amp", "lt", "gt", "quot", "#39", "#160", "#8201"};

typedef struct reader {
    const char *at, *end;
    char open[MAX_DEPTH][MAX_NAME];
    size_t depth;
} reader;

#define N_OF(list) (sizeof(list) / sizeof((list)[0]))

static bool is_known(const char *const *list, size_t n, tml_str name)
{
    for (size_t i = 0; i < n; i++) {
        if (strlen(list[i]) == name.len && memcmp(list[i], name.data, name.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool complain(const reader *r, const char *what)
{
    const size_t left = (size_t)(r->end - r->at);
    (void)fprintf(stderr, "page: %s at \"%.*s\"\n", what, left > 80 ? 80 : (int)left, r->at);
    return false;
}

static tml_str take_until(reader *r, const char *stops)
{
    const char *const from = r->at;
    while (r->at < r->end && strchr(stops, *r->at) == NULL) {
        r->at++;
    }
    return (tml_str){from, (size_t)(r->at - from)};
}

/* Text or an attribute's value, up to `stop`: every & begins an entity that we write. */
static bool read_text(reader *r, const char *stop)
{
    while (r->at < r->end && strchr(stop, *r->at) == NULL) {
        if (*r->at == '>') {
            return complain(r, "a bare >");
        }
        if (*r->at++ == '&') {
            const tml_str name = take_until(r, "; <");
            if (!is_known(known_entities, N_OF(known_entities), name) || r->at == r->end ||
                *r->at != ';') {
                return complain(r, "an entity that is not ours, before");
            }
        }
    }
    return true;
}

static bool read_attributes(reader *r, bool *is_closed)
{
    *is_closed = false;
    while (r->at < r->end) {
        while (r->at < r->end && (*r->at == ' ' || *r->at == '\n')) {
            r->at++;
        }
        if (r->at < r->end && *r->at == '/') {
            *is_closed = true;
            r->at++;
        }
        if (r->at < r->end && *r->at == '>') {
            r->at++;
            return true;
        }
        const tml_str name = take_until(r, "= >");
        if (!is_known(known_attributes, N_OF(known_attributes), name) || r->end - r->at < 3 ||
            *r->at != '=' || (r->at[1] != '\'' && r->at[1] != '"')) {
            return complain(r, "an attribute that is not ours, before");
        }
        const char quote[2] = {r->at[1], '\0'};
        r->at += 2;
        if (!read_text(r, quote) || r->at == r->end) {
            return complain(r, "an attribute without end");
        }
        r->at++;
        if (r->at < r->end && strchr(" />\n", *r->at) == NULL) {
            return complain(r, "an attribute that goes on after its quote");
        }
    }
    return complain(r, "a tag without end");
}

static bool read_close(reader *r)
{
    r->at += 2;
    const tml_str name = take_until(r, ">");
    if (r->depth == 0 || strlen(r->open[r->depth - 1]) != name.len ||
        memcmp(r->open[r->depth - 1], name.data, name.len) != 0 || r->at == r->end) {
        return complain(r, "a tag that closes another one");
    }
    r->depth--;
    r->at++;
    return true;
}

static bool read_tag(reader *r)
{
    if (r->end - r->at > 1 && r->at[1] == '/') {
        return read_close(r);
    }
    r->at++;
    const tml_str name = take_until(r, " >/");
    if (!is_known(known_tags, N_OF(known_tags), name)) {
        return complain(r, "a tag that is not ours, before");
    }
    bool is_closed = false;
    if (!read_attributes(r, &is_closed)) {
        return false;
    }
    if (is_closed || is_known((const char *const[]){"meta", "link"}, 2, name)) {
        return true;
    }
    if (r->depth == MAX_DEPTH) {
        return complain(r, "tags nested too deep");
    }
    memcpy(r->open[r->depth], name.data, name.len);
    r->open[r->depth++][name.len] = '\0';
    if (is_known((const char *const[]){"style"}, 1, name)) {
        (void)take_until(r, "<"); /* our own CSS has none */
    }
    return true;
}

bool page_is_sound(tml_str page)
{
    static const char doctype[] = "<!DOCTYPE html>\n";
    reader r = {.at = page.data, .end = page.data + page.len};
    if (tmli_utf8_faults(page) != 0) {
        return complain(&r, "ill-formed UTF-8");
    }
    for (size_t i = 0; i < page.len; i++) {
        if ((unsigned char)page.data[i] < 0x20 && page.data[i] != '\n') {
            return complain(&r, "a control character");
        }
    }
    if (page.len < sizeof doctype || memcmp(page.data, doctype, sizeof doctype - 1) != 0) {
        return complain(&r, "no doctype");
    }
    r.at += sizeof doctype - 1;
    while (r.at < r.end) {
        if (*r.at == '<' ? !read_tag(&r) : !read_text(&r, "<")) {
            return false;
        }
    }
    return r.depth == 0 || complain(&r, "tags left open");
}
