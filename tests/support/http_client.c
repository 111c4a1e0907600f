/* libcurl behind three verbs. Requests that run together share one thread (curl's multi interface). */
#include "support/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    TIMEOUT_MS = 60000,
    CONNECT_TIMEOUT_MS = 10000,
    URL_BYTES = 512
};

struct http_client {
    CURL *curl;
    unsigned port;
    const char *authority;
};

static void append(char **text, size_t *n, const char *bytes, size_t more)
{
    char *const grown = realloc(*text, *n + more + 1);
    if (grown == NULL) {
        fail_msg("no memory for an answer");
        return;
    }
    memcpy(grown + *n, bytes, more);
    *n += more;
    grown[*n] = '\0';
    *text = grown;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    http_answer *const answer = ctx;
    append(&answer->body, &answer->n_body, bytes, size * n);
    return size * n;
}

/* Of the last answer alone: a "100 Continue" comes before it. */
static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
    http_answer *const answer = ctx;
    if (size * n >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        answer->n_headers = 0;
    }
    append(&answer->headers, &answer->n_headers, bytes, size * n);
    return size * n;
}

http_client *http_client_create(unsigned port)
{
    http_client *const client = calloc(1, sizeof *client);
    if (client == NULL) {
        fail_msg("no memory for a client");
        return NULL;
    }
    client->port = port;
    client->curl = curl_easy_init();
    if (client->curl == NULL) {
        free(client);
        fail_msg("curl does not start");
        return NULL;
    }
    return client;
}

void http_client_trust(http_client *client, const char *authority)
{
    client->authority = authority;
}

void http_client_free(http_client *client)
{
    if (client != NULL) {
        curl_easy_cleanup(client->curl);
        free(client);
    }
}

void http_answer_free(http_answer *answer)
{
    free(answer->headers);
    free(answer->body);
    *answer = (http_answer){0};
}

/* Fills the handle; the list of headers is the caller's to free once the exchange is over. */
static struct curl_slist *prepare(CURL *curl, unsigned port, const char *authority,
                                  const http_request *request, http_answer *answer)
{
    char url[URL_BYTES];
    struct curl_slist *headers = NULL;
    for (const char *const *h = request->headers; h != NULL && *h != NULL; h++) {
        headers = curl_slist_append(headers, *h);
    }
    (void)snprintf(url, sizeof url, "%s://127.0.0.1:%u%s", authority != NULL ? "https" : "http",
                   port, request->path);
    curl_easy_reset(curl);
    if (authority != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, authority);
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (request->body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->n_body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    }
    if (request->method != NULL && strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (request->method != NULL) {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    return headers;
}

static void finish(CURL *curl, http_answer *answer)
{
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &answer->n_connects);
    curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME, &answer->seconds);
    if (answer->body == NULL) {
        append(&answer->body, &answer->n_body, "", 0);
    }
    if (answer->headers == NULL) {
        append(&answer->headers, &answer->n_headers, "", 0);
    }
}

void http_send(http_client *client, const http_request *request, http_answer *answer)
{
    http_answer_free(answer);
    struct curl_slist *const headers =
        prepare(client->curl, client->port, client->authority, request, answer);
    const CURLcode code = curl_easy_perform(client->curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
        fail_msg("%s %s: %s", request->method != NULL ? request->method : "?", request->path,
                 curl_easy_strerror(code));
    }
    finish(client->curl, answer);
}

void http_invoke(http_client *client, const char *type, const char *accept, const char *body,
                 http_answer *answer)
{
    char type_line[256];
    char accept_line[256];
    (void)snprintf(type_line, sizeof type_line, "Content-Type:%s%s", type != NULL ? " " : "",
                   type != NULL ? type : "");
    (void)snprintf(accept_line, sizeof accept_line, "Accept:%s%s", accept != NULL ? " " : "",
                   accept != NULL ? accept : "");
    const char *const headers[] = {type_line, accept_line, NULL};
    const http_request request = {
        .path = "/invocations", .headers = headers, .body = body, .n_body = strlen(body)};
    http_send(client, &request, answer);
}

char *http_header(const http_answer *answer, const char *name)
{
    const size_t n_name = strlen(name);
    for (const char *line = answer->headers; line != NULL && *line != '\0';) {
        const char *end = strstr(line, "\r\n");
        end = end != NULL ? end : line + strlen(line);
        if ((size_t)(end - line) > n_name && line[n_name] == ':' &&
            strncasecmp(line, name, n_name) == 0) {
            const char *value = line + n_name + 1;
            value += strspn(value, " \t");
            char *const copy = calloc(1, (size_t)(end - value) + 1);
            if (copy != NULL) {
                memcpy(copy, value, (size_t)(end - value));
            }
            return copy;
        }
        line = *end != '\0' ? end + 2 : end;
    }
    return NULL;
}

static void run_all(CURLM *multi)
{
    int running = 1;
    while (running > 0) {
        if (curl_multi_perform(multi, &running) != CURLM_OK ||
            (running > 0 && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)) {
            fail_msg("curl's multi interface failed");
        }
    }
}

/* The first code that is not OK, of all that ended. */
static CURLcode first_fault(CURLM *multi)
{
    CURLcode fault = CURLE_OK;
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(multi, &left); message != NULL;
         message = curl_multi_info_read(multi, &left)) {
        if (fault == CURLE_OK) {
            fault = message->data.result;
        }
    }
    return fault;
}

void http_send_all(unsigned port, const http_request *requests, size_t n, http_answer *answers)
{
    CURLM *const multi = curl_multi_init();
    CURL **const handles = calloc(n, sizeof *handles);
    struct curl_slist **const headers = calloc(n, sizeof(struct curl_slist *));
    if (multi == NULL || handles == NULL || headers == NULL) {
        free(headers);
        free(handles);
        fail_msg("no memory for %zu requests", n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        http_answer_free(&answers[i]);
        handles[i] = curl_easy_init();
        headers[i] = prepare(handles[i], port, NULL, &requests[i], &answers[i]);
        curl_easy_setopt(handles[i], CURLOPT_FRESH_CONNECT, 1L);
        (void)curl_multi_add_handle(multi, handles[i]);
    }
    run_all(multi);
    const CURLcode fault = first_fault(multi);
    for (size_t i = 0; i < n; i++) {
        finish(handles[i], &answers[i]);
        (void)curl_multi_remove_handle(multi, handles[i]);
        curl_easy_cleanup(handles[i]);
        curl_slist_free_all(headers[i]);
    }
    (void)curl_multi_cleanup(multi);
    free(headers);
    free(handles);
    if (fault != CURLE_OK) {
        fail_msg("%zu requests at once: %s", n, curl_easy_strerror(fault));
    }
}
