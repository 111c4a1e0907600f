#include "sagemaker/logging.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/number.h"

enum {
    PATIENCE_MS = 100
};

static void write_record(void *ctx, tml_log_level level, const char *message);

static const char *name_of(tml_log_level level)
{
    switch (level) {
    case TML_LOG_DEBUG: return "debug";
    case TML_LOG_INFO: return "info";
    case TML_LOG_WARN: return "warning";
    case TML_LOG_ERROR: return "error";
    }
    return "error";
}

static void put_fields(tmli_buf *line, const sm_field *fields, size_t n_fields)
{
    for (size_t i = 0; i < n_fields; i++) {
        tmli_buf_printf(line, " %s=", fields[i].name);
        if (fields[i].text != NULL) {
            tmli_buf_append_text(line, fields[i].text);
        } else {
            tmli_json_double(line, fields[i].number);
        }
    }
}

/* Whether a line can be written without waiting for the reader of a full pipe: at once, or the first time within a moment. A pipe
 * that takes anything takes a page, and records are shorter. */
static bool has_room(struct sm_stuck *stuck, FILE *out)
{
    struct pollfd wait = {.fd = fileno(out), .events = POLLOUT};
    const bool has = poll(&wait, 1, stuck->is_stuck ? 0 : PATIENCE_MS) != 0;
    stuck->is_stuck = !has;
    return has;
}

static void tell_left_out(const sm_logging *logging, struct sm_stuck *stuck, FILE *out)
{
    const size_t n = stuck->n_left_out;
    if (n == 0 || !has_room(stuck, out)) {
        return;
    }
    (void)fprintf(out,
                  logging->json ? "{\"program\":\"%s\",\"level\":\"warning\",\"message\":\"%zu "
                                  "records were left out: nobody read them\"}\n"
                                : "%s: warning: %zu records were left out: nobody read them\n",
                  logging->program, n);
    (void)fflush(out);
    stuck->n_left_out = 0;
}

/* One call, so that records do not mix. */
static void put_line(sm_logging *logging, FILE *out, const char *line, size_t n)
{
    struct sm_stuck *stuck = &logging->stuck[out == stderr ? 1 : 0];
    flockfile(out);
    if (!logging->is_patient && !has_room(stuck, out)) {
        stuck->n_left_out++;
    } else {
        (void)fwrite(line, 1, n, out);
        (void)fflush(out);
        tell_left_out(logging, stuck, out);
    }
    funlockfile(out);
}

void sm_log_line(const tml_log *log, const char *line)
{
    tmli_buf whole = {0};
    tmli_buf_printf(&whole, "%s\n", line);
    if (log != NULL && log->write == write_record && !whole.failed) {
        put_line(log->ctx, stdout, whole.data, whole.len);
    }
    tmli_buf_deinit(&whole);
}

static void write_fields(sm_logging *logging, tml_log_level level, const char *message,
                         const sm_field *fields, size_t n_fields)
{
    tmli_buf line = {0};
    if (logging->json) {
        tmli_json_writer w;
        tmli_json_begin(&w, &line, 0);
        tmli_json_object(&w, NULL);
        tmli_json_put_text(&w, "program", logging->program);
        tmli_json_put_text(&w, "level", name_of(level));
        tmli_json_put_text(&w, "message", message);
        for (size_t i = 0; i < n_fields; i++) {
            if (fields[i].text != NULL) {
                tmli_json_put_text(&w, fields[i].name, fields[i].text);
            } else {
                tmli_json_put_double(&w, fields[i].name, fields[i].number);
            }
        }
        tmli_json_close_object(&w);
    } else if (level >= TML_LOG_WARN) {
        tmli_buf_printf(&line, "%s: %s: %s", logging->program, name_of(level), message);
    } else {
        tmli_buf_append_text(&line, message);
    }
    if (!logging->json) {
        put_fields(&line, fields, n_fields);
    }
    tmli_buf_append_byte(&line, '\n');
    FILE *out = level >= TML_LOG_WARN ? stderr : stdout;
    if (line.failed) {
        put_line(logging, out, message, strlen(message)); /* without memory the bare text */
    } else {
        put_line(logging, out, line.data, line.len);
    }
    tmli_buf_deinit(&line);
}

static void write_record(void *ctx, tml_log_level level, const char *message)
{
    write_fields(ctx, level, message, NULL, 0);
}

void sm_log_fields(const tml_log *log, tml_log_level level, const char *message,
                   const sm_field *fields, size_t n_fields)
{
    if (log == NULL || log->write == NULL || level < log->least) {
        return;
    }
    if (log->write == write_record) {
        write_fields(log->ctx, level, message, fields, n_fields);
        return;
    }
    tmli_buf line = {0}; /* another's sink takes text */
    tmli_buf_append_text(&line, message);
    put_fields(&line, fields, n_fields);
    const char *text = tmli_buf_cstr(&line);
    log->write(log->ctx, level, text != NULL ? text : message);
    tmli_buf_deinit(&line);
}

/* SageMaker's numbers are those of Python's logging module, and so are the words. */
static bool number_of(const char *text, int64_t *out)
{
    static const struct {
        const char *word;
        int64_t number;
    } words[] = {{"debug", 10}, {"info", 20},  {"warning", 30},
                 {"warn", 30},  {"error", 40}, {"critical", 50}};
    const tml_str word = tmli_str_trim(tmli_str(text));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (tmli_str_eq_nocase(word, tmli_str(words[i].word))) {
            *out = words[i].number;
            return true;
        }
    }
    return tmli_parse_int64(word, out);
}

static bool level_of(const char *text, tml_log_level *out)
{
    int64_t number = 0;
    if (text == NULL || !number_of(text, &number)) {
        return false;
    }
    *out = number <= 10   ? TML_LOG_DEBUG
           : number <= 20 ? TML_LOG_INFO
           : number <= 30 ? TML_LOG_WARN
                          : TML_LOG_ERROR;
    return true;
}

void sm_logging_hold_numbers(void)
{
    int fd = 0;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        (void)close(fd);
    }
}

static const char *const level_names[] = {"SM_LOG_LEVEL", "SAGEMAKER_CONTAINER_LOG_LEVEL"};

tml_log sm_logging_sink(sm_logging *logging, bool quiet)
{
    tml_log log = {.write = write_record, .ctx = logging, .least = TML_LOG_INFO};
    if (quiet) {
        log.least = TML_LOG_WARN;
    } else if (!level_of(getenv(level_names[0]), &log.least)) {
        (void)level_of(getenv(level_names[1]), &log.least);
    }
    return log;
}

void sm_logging_check_level(const tml_log *log)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        const char *text = getenv(level_names[i]);
        tml_log_level level;
        if (text != NULL && *text != '\0' && !level_of(text, &level)) {
            tml_logf(log, TML_LOG_WARN,
                     "%s: \"%.64s\" is neither a number such as 20 nor one of debug, info, "
                     "warning, error, critical; it is left aside",
                     level_names[i], text);
        }
    }
}
