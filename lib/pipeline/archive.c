/* Class folders in tar archives: which members are texts, and of which class. */
#include "pipeline/archive.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/source.h"
#include "base/status.h"
#include "pipeline/folders.h"

enum {
    PARTS_MAX = 3
};

/* A member's name, cut at its slashes; empty parts and "." do not count. */
typedef struct parts {
    tml_str items[PARTS_MAX];
    size_t n; /* of all, also of those beyond PARTS_MAX */
    bool climbs;
    bool is_dropping;
} parts;

void tmli_archive_init(tmli_archive *archive, tmli_window *window, size_t limit_bytes)
{
    *archive = (tmli_archive){.limit_bytes = limit_bytes};
    tmli_tar_init(&archive->tar, window->source, limit_bytes);
    const size_t limit = archive->tar.window.limit_bytes;
    archive->tar.window = *window;
    archive->tar.window.limit_bytes = limit;
    *window = (tmli_window){0};
}

void tmli_archive_deinit(tmli_archive *archive)
{
    tmli_tar_deinit(&archive->tar);
    tmli_buf_deinit(&archive->wrapper);
    tmli_buf_deinit(&archive->first_name);
    tmli_buf_deinit(&archive->unpacked);
}

static const char *source_name(const tmli_archive *archive)
{
    return tmli_source_name(archive->tar.window.source);
}

static parts cut_name(const char *name)
{
    parts out = {.climbs = name[0] == '/'};
    for (const char *at = name; *at != '\0';) {
        const size_t n = strcspn(at, "/");
        const tml_str part = {at, n};
        at += n + (at[n] == '/' ? 1 : 0);
        if (n == 0 || tmli_str_eq_text(part, ".")) {
            continue;
        }
        out.climbs = out.climbs || tmli_str_eq_text(part, "..");
        out.is_dropping = out.is_dropping || tmli_is_dropping(part);
        if (out.n < PARTS_MAX) {
            out.items[out.n] = part;
        }
        out.n++;
    }
    return out;
}

static tml_status fail_member(const tmli_archive *archive, const char *name, const char *what,
                              tml_error *err)
{
    return tmli_fail(err, TML_EFORMAT, "%s: %s: %s", source_name(archive), name, what);
}

/* The first file says how deep all of them lie, and in which folder. */
static tml_status take_shape(tmli_archive *archive, const char *name, const parts *p,
                             tml_error *err)
{
    if (p->n < 2 || p->n > PARTS_MAX) {
        return fail_member(archive, name,
                           p->n < 2
                               ? "in no class folder: expected <class>/<file>: put it into "
                                 "the folder of its class, or leave it out; a table is not read "
                                 "from an archive: unpack it"
                               : "too deep: expected <class>/<file>, or one folder more, "
                                 "<folder>/<class>/<file>",
                           err);
    }
    if (archive->n_parts == 0) {
        archive->n_parts = p->n;
        tmli_buf_append_text(&archive->first_name, name);
        if (p->n == PARTS_MAX) {
            tmli_buf_append_str(&archive->wrapper, p->items[0]);
        }
        if (tmli_buf_cstr(&archive->first_name) == NULL || archive->wrapper.failed) {
            return tmli_fail_memory(err, name);
        }
    }
    const bool is_elsewhere =
        p->n == PARTS_MAX && !tmli_str_eq(p->items[0], tmli_buf_str(&archive->wrapper));
    if (p->n != archive->n_parts || is_elsewhere) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s: %s: lies elsewhere than %s, the first file: expected all of them as "
                         "<class>/<file>, or in one folder more, the same for all",
                         source_name(archive), name, archive->first_name.data);
    }
    return TML_OK;
}

/* Whether the member is a text; members that may not be there at all are refused. */
static tml_status check_member(tmli_archive *archive, const tmli_tar_member *member, const parts *p,
                               bool *is_text, tml_error *err)
{
    *is_text = false;
    if (p->climbs) {
        return fail_member(archive, member->name,
                           "a path that climbs out of the archive (absolute, or with ..), which "
                           "is refused",
                           err);
    }
    if (p->is_dropping) {
        return TML_OK;
    }
    switch (member->kind) {
    case TMLI_TAR_DIRECTORY: return TML_OK;
    case TMLI_TAR_FILE: *is_text = true; return take_shape(archive, member->name, p, err);
    case TMLI_TAR_LINK:
        return fail_member(archive, member->name,
                           "a link, which is not followed: pack the file itself (tar "
                           "--dereference --hard-dereference)",
                           err);
    case TMLI_TAR_OTHER: break;
    }
    return fail_member(archive, member->name, "neither a file nor a folder, which is refused", err);
}

static tml_status read_text(tmli_archive *archive, const char *name, tml_str *out, tml_error *err)
{
    tml_str bytes;
    char place[TML_ERROR_TEXT_BYTES / 2];
    const tml_status status = tmli_tar_bytes(&archive->tar, &bytes, err);
    if (status != TML_OK) {
        return status;
    }
    (void)snprintf(place, sizeof place, "%s: %s", source_name(archive), name);
    return tmli_gunzip(place, bytes, archive->limit_bytes, &archive->unpacked, out, err);
}

tml_status tmli_archive_next(tmli_archive *archive, tmli_archive_file *out, bool *has,
                             tml_error *err)
{
    for (;;) {
        tmli_tar_member member;
        bool is_text;
        tml_status status = tmli_tar_next(&archive->tar, &member, has, err);
        if (status == TML_OK && !*has && archive->n_parts == 0) {
            return tmli_fail(err, TML_EFORMAT,
                             "%s: an archive without class folders: expected files "
                             "<class>/<file> in it, found none",
                             source_name(archive));
        }
        if (status != TML_OK || !*has) {
            return status;
        }
        const parts p = cut_name(member.name);
        status = check_member(archive, &member, &p, &is_text, err);
        if (status == TML_OK && is_text) {
            status = read_text(archive, member.name, &out->bytes, err);
        }
        if (status != TML_OK) {
            return status;
        }
        if (is_text) {
            out->name = member.name;
            out->label = p.items[archive->n_parts - 2];
            return TML_OK;
        }
    }
}
