#include "sagemaker/channels.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"

enum {
    NAME_BYTES_MAX = 64
};

/* Channels that SDKs add for their own purposes. */
static const char *const foreign_channels[] = {"code", "sm_drivers"};

/* Types whose rows this version reads. The format itself is sniffed; the type says whether a label stands first. */
static const char *const readable_types[] = {
    "text/csv",
    "text/tab-separated-values",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/jsonl",
    "text/plain",
    "application/octet-stream",
};

static void free_channel(sm_channel *channel)
{
    tmli_free(channel->name);
    tmli_free(channel->path);
    tmli_free(channel->content_type);
    tmli_paths_deinit(&channel->files);
    *channel = (sm_channel){0};
}

void sm_channels_deinit(sm_channels *channels)
{
    for (size_t i = 0; i < channels->n; i++) {
        free_channel(&channels->items[i]);
    }
    channels->n = 0;
}

static bool is_foreign(tml_str name)
{
    for (size_t i = 0; i < sizeof(foreign_channels) / sizeof(foreign_channels[0]); i++) {
        if (tmli_str_eq_text(name, foreign_channels[i])) {
            return true;
        }
    }
    return false;
}

/* type/subtype without parameters. */
static tml_str bare_type(tml_str type)
{
    const char *semicolon = type.len > 0 ? memchr(type.data, ';', type.len) : NULL;
    if (semicolon != NULL) {
        type.len = (size_t)(semicolon - type.data);
    }
    return tmli_str_trim(type);
}

static bool is_readable(tml_str type)
{
    for (size_t i = 0; i < sizeof(readable_types) / sizeof(readable_types[0]); i++) {
        if (tmli_str_eq_nocase(bare_type(type), tmli_str(readable_types[i]))) {
            return true;
        }
    }
    return false;
}

bool sm_is_csv_type(const char *content_type)
{
    return content_type != NULL &&
           tmli_str_eq_nocase(bare_type(tmli_str(content_type)), TML_STR("text/csv"));
}

/* Files that hold rows, or archives of texts, by their names; the others may be texts themselves. */
static bool is_data_file(const char *path)
{
    static const char *const endings[] = {".csv",  ".tsv", ".jsonl", ".ndjson",
                                          ".json", ".tar", ".tgz",   ".parquet"};
    tml_str name = tmli_str(tmli_path_name(path));
    if (tmli_str_starts(name, "part-")) { /* what Spark and Hadoop write */
        return true;
    }
    if (name.len > 3 &&
        tmli_str_eq_nocase((tml_str){name.data + name.len - 3, 3}, TML_STR(".gz"))) {
        name.len -= 3;
    }
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        const tml_str end = tmli_str(endings[i]);
        if (name.len > end.len &&
            tmli_str_eq_nocase((tml_str){name.data + name.len - end.len, end.len}, end)) {
            return true;
        }
    }
    return false;
}

/* Bytes of the path of the folder that a file lies in. */
static size_t folder_bytes(const char *path)
{
    return (size_t)(tmli_path_name(path) - path);
}

/* Class folders: no file below has the name of a data file, and files lie in two folders below the channel's at least. A
 * single folder is a nested prefix whose files have lost their endings. Whatever else is wrong with class folders is for
 * their reader to say. */
static bool are_class_folders(const char *dir, const tmli_paths *files)
{
    const size_t top_bytes = strlen(dir) + (tmli_str_ends(tmli_str(dir), "/") ? 0 : 1);
    const char *first = NULL; /* file in a folder below dir */
    bool are_two = false;
    for (size_t i = 0; i < files->n; i++) {
        const char *path = files->items[i];
        const size_t n = folder_bytes(path);
        if (is_data_file(path)) {
            return false;
        }
        if (n > top_bytes && first == NULL) {
            first = path;
        }
        are_two = are_two ||
                  (n > top_bytes && (n != folder_bytes(first) || strncmp(path, first, n) != 0));
    }
    return are_two;
}

/* The files of a directory, or the directory itself when it holds class folders. */
static tml_status list_dir(sm_channel *channel, tml_error *err)
{
    const tml_status status = tmli_list_files(channel->path, &channel->files, err);
    if (status != TML_OK || strcmp(channel->name, "vectors") == 0 ||
        !are_class_folders(channel->path, &channel->files)) {
        return status;
    }
    tmli_paths_deinit(&channel->files);
    return tmli_paths_add(&channel->files, channel->path, err);
}

static sm_channel *slot_for(sm_channels *channels, tml_str name)
{
    for (size_t i = 0; i < channels->n; i++) {
        if (tmli_str_eq_text(name, channels->items[i].name)) {
            free_channel(&channels->items[i]);
            return &channels->items[i];
        }
    }
    return channels->n < SM_CHANNELS_MAX ? &channels->items[channels->n++] : NULL;
}

/* Takes path. content_type.data may be NULL. A channel without files stays in the list: whoever needs it says so. */
static tml_status add(sm_channels *channels, tml_str name, char *path, tml_str content_type,
                      tml_error *err)
{
    sm_channel *slot = slot_for(channels, name);
    if (slot == NULL || path == NULL) {
        tmli_free(path);
        return slot == NULL ? tmli_fail(err, TML_EINVAL, "more than %d channels", SM_CHANNELS_MAX)
                            : tmli_fail_memory(err, "channels");
    }
    slot->path = path;
    slot->name = tmli_str_copy(name);
    if (content_type.data != NULL) {
        slot->content_type = tmli_str_copy(content_type);
    }
    if (slot->name == NULL || (content_type.data != NULL && slot->content_type == NULL)) {
        return tmli_fail_memory(err, "channels");
    }
    if (tmli_is_dir(path)) {
        return list_dir(slot, err);
    }
    return tmli_file_exists(path) ? tmli_paths_add(&slot->files, path, err) : TML_OK;
}

/* SageMaker's rule for names. "." and ".." would leave the data directory. */
static bool is_channel_name(tml_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.data[i];
        const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_') {
            return false;
        }
    }
    return name.len >= 1 && name.len <= NAME_BYTES_MAX && !tmli_str_eq_text(name, ".") &&
           !tmli_str_eq_text(name, "..");
}

static tml_status add_configured(sm_channels *channels, const tmli_value *item,
                                 const char *data_dir, tml_error *err)
{
    char name[NAME_BYTES_MAX + 1];
    const tmli_value *mode = tmli_value_get(item, "TrainingInputMode");
    const tmli_value *type = tmli_value_get(item, "ContentType");
    tml_str content_type = {0};
    if (!is_channel_name(item->key)) {
        return tmli_fail(err, TML_EINVAL,
                         "inputdataconfig.json: \"%.*s\" is no channel name: 1 to 64 of letters, "
                         "digits, '.', '-' and '_'",
                         TMLI_SHOWN(item->key));
    }
    memcpy(name, item->key.data, item->key.len);
    name[item->key.len] = '\0';
    if (mode != NULL && mode->kind == TMLI_STRING &&
        tmli_str_eq_nocase(mode->text, TML_STR("Pipe"))) {
        return tmli_fail(err, TML_EINVAL,
                         "channel %s: TrainingInputMode Pipe is not read by this version: use File "
                         "or FastFile",
                         name);
    }
    if (type != NULL && type->kind == TMLI_STRING) {
        content_type = type->text;
        if (!is_readable(content_type)) {
            return tmli_fail(err, TML_EINVAL,
                             "channel %s: content type \"%.*s\" is not one of text/csv, "
                             "text/tab-separated-values, application/jsonlines",
                             name, TMLI_SHOWN(content_type));
        }
    }
    return add(channels, item->key, tmli_path_join(data_dir, name), content_type, err);
}

static int compare_channels(const void *left, const void *right)
{
    return strcmp(((const sm_channel *)left)->name, ((const sm_channel *)right)->name);
}

/* The directories of data_dir by name, for local runs without a configuration. */
static tml_status add_directories(sm_channels *channels, const char *data_dir, tml_error *err)
{
    tml_status status = TML_OK;
    DIR *dir = opendir(data_dir);
    if (dir == NULL) {
        return errno == ENOENT ? TML_OK
                               : tmli_fail(err, TML_EIO, "%s: %s", data_dir, strerror(errno));
    }
    const struct dirent *entry = NULL;
    while (status == TML_OK && (entry = readdir(dir)) != NULL) {
        const tml_str name = tmli_str(entry->d_name);
        if (name.data[0] == '.' || is_foreign(name)) {
            continue;
        }
        char *path = tmli_path_join(data_dir, entry->d_name);
        if (path != NULL && !tmli_is_dir(path)) {
            tmli_free(path); /* manifests and pipes stand beside the channels */
            continue;
        }
        status = add(channels, name, path, (tml_str){NULL, 0}, err);
    }
    (void)closedir(dir);
    if (status == TML_OK) {
        qsort(channels->items, channels->n, sizeof(channels->items[0]), compare_channels);
    }
    return status;
}

tml_status sm_channels_from_config(sm_channels *channels, const tmli_value *config,
                                   const char *data_dir, tml_error *err)
{
    for (const tmli_value *item = config->first; item != NULL; item = item->next) {
        if (is_foreign(item->key)) {
            continue;
        }
        const tml_status status = add_configured(channels, item, data_dir, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return config->first == NULL ? add_directories(channels, data_dir, err) : TML_OK;
}

tml_status sm_channels_add_argument(sm_channels *channels, const char *argument, tml_error *err)
{
    const char *equals = strchr(argument, '=');
    if (equals == NULL || equals == argument || equals[1] == '\0') {
        return tmli_fail(err, TML_EINVAL, "--channel %s: expected NAME=PATH", argument);
    }
    const tml_str name = {argument, (size_t)(equals - argument)};
    if (!tmli_file_exists(equals + 1)) {
        return tmli_fail(err, TML_EIO, "--channel %s: no such file or directory", argument);
    }
    return add(channels, name, tmli_str_copy(tmli_str(equals + 1)), (tml_str){NULL, 0}, err);
}

const sm_channel *sm_channels_find(const sm_channels *channels, const char *a, const char *b)
{
    const sm_channel *second = NULL;
    for (size_t i = 0; i < channels->n; i++) {
        if (strcmp(channels->items[i].name, a) == 0) {
            return &channels->items[i];
        }
        if (b != NULL && strcmp(channels->items[i].name, b) == 0) {
            second = &channels->items[i];
        }
    }
    return second;
}

/* The name without ".gz". */
static tml_str stem(const char *path)
{
    tml_str name = tmli_str(tmli_path_name(path));
    if (tmli_str_ends(name, ".gz")) {
        name.len -= 3;
    }
    return name;
}

bool sm_is_vectors_file(const char *path, const char *source)
{
    return source != NULL && tmli_str_eq(stem(path), stem(source));
}

static const char *find_named(const sm_channel *channel, const char *source)
{
    for (size_t i = 0; i < channel->files.n; i++) {
        if (sm_is_vectors_file(channel->files.items[i], source)) {
            return channel->files.items[i];
        }
    }
    return NULL;
}

tml_status sm_channels_vectors(const sm_channels *channels, const char *source, const char **out,
                               tml_error *err)
{
    tmli_buf names = {0};
    const sm_channel *own = sm_channels_find(channels, "vectors", NULL);
    *out = own != NULL ? find_named(own, source) : NULL;
    if (*out == NULL && own != NULL && own->files.n == 1) {
        *out = own->files.items[0];
    }
    for (size_t i = 0; *out == NULL && i < channels->n; i++) {
        *out = find_named(&channels->items[i], source);
        tmli_buf_printf(&names, "%s%s", i == 0 ? "" : ", ", channels->items[i].name);
    }
    if (*out == NULL && tmli_is_file(source)) {
        *out = source;
    }
    tml_status status = TML_OK;
    if (*out == NULL) {
        const char *list = tmli_buf_cstr(&names);
        status = tmli_fail(err, TML_EINVAL,
                           "word vectors: no file \"%s\" (or with .gz) in the channels %s: put it "
                           "into a channel \"vectors\", name another file with vectors=FILE, or "
                           "learn the vectors from the data with vectors=none and trainable=true",
                           source, list != NULL && *list != '\0' ? list : "(none)");
    }
    tmli_buf_deinit(&names);
    return status;
}
