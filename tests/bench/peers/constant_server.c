/* The yardstick of our server's request rate: libmicrohttpd answering a constant JSON body.
 *
 * usage: constant_server PORT THREADS [CONNECTION_BYTES]
 *
 * Listens on 127.0.0.1 (port 0 takes a free one), prints the port when ready, and answers any
 * request with 200 and one shared body after reading and dropping what was sent. Connections are
 * kept alive. SIGTERM or SIGINT ends it. What a real server costs beyond this is its own work.
 *
 * CONNECTION_BYTES: memory that the library holds for each connection and clears behind each request; left out, what
 * the library takes by itself (32 KB). Less of it makes a faster yardstick. */
#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

enum {
    MAX_THREADS = 1024,
    MAX_CONNECTION_BYTES = 1 << 24
};

static char answer_body[] = "{\"result\": \"Entertainment\"}";

/* libmicrohttpd calls this once with the headers, once for each piece of the body, and once at its
 * end; only the last call may answer, or the connection closes. */
static enum MHD_Result handle(void *answer, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *piece,
                              size_t *piece_bytes, void **request)
{
    (void)url;
    (void)method;
    (void)version;
    (void)piece;
    if (*request == NULL) {
        *request = answer; /* any address marks that the headers were seen */
        return MHD_YES;
    }
    if (*piece_bytes > 0) {
        *piece_bytes = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, answer);
}

static struct MHD_Response *create_answer(void)
{
    struct MHD_Response *answer =
        MHD_create_response_from_buffer(strlen(answer_body), answer_body, MHD_RESPMEM_PERSISTENT);
    if (answer == NULL) {
        return NULL;
    }
    if (MHD_add_response_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json") !=
        MHD_YES) {
        MHD_destroy_response(answer);
        return NULL;
    }
    return answer;
}

static struct MHD_Daemon *start(uint16_t port, unsigned int n_threads, size_t connection_bytes,
                                struct MHD_Response *answer)
{
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* A pool of one is no pool; the library warns about it. */
    struct MHD_OptionItem options[3];
    size_t n = 0;
    if (n_threads > 1) {
        options[n++] =
            (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)n_threads, NULL};
    }
    if (connection_bytes > 0) {
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                               (intptr_t)connection_bytes, NULL};
    }
    options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_USE_ERROR_LOG, port,
                            NULL, NULL, handle, answer, MHD_OPTION_SOCK_ADDR, &address,
                            MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
    char *end = NULL;
    *out = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out <= max;
}

int main(int argc, char **argv)
{
    unsigned long port = 0;
    unsigned long n_threads = 0;
    unsigned long connection_bytes = 0;
    if (argc < 3 || argc > 4 || !parse_number(argv[1], UINT16_MAX, &port) ||
        !parse_number(argv[2], MAX_THREADS, &n_threads) || n_threads == 0 ||
        (argc == 4 && !parse_number(argv[3], MAX_CONNECTION_BYTES, &connection_bytes))) {
        fprintf(stderr, "usage: constant_server PORT THREADS (1..%d) [CONNECTION_BYTES]\n",
                MAX_THREADS);
        return 2;
    }

    /* Blocked before the threads start, so that they inherit it and only sigwait sees the signals.
     */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    int exit_code = 1;
    struct MHD_Daemon *daemon = NULL;
    struct MHD_Response *answer = create_answer();
    if (answer == NULL) {
        fprintf(stderr, "constant_server: no memory for the answer\n");
        goto cleanup;
    }
    daemon = start((uint16_t)port, (unsigned int)n_threads, connection_bytes, answer);
    if (daemon == NULL) {
        fprintf(stderr, "constant_server: cannot serve on 127.0.0.1:%lu\n", port);
        goto cleanup;
    }
    printf("%u\n", (unsigned int)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    int received = 0;
    sigwait(&signals, &received);
    exit_code = 0;
cleanup:
    if (daemon != NULL) {
        MHD_stop_daemon(daemon);
    }
    if (answer != NULL) {
        MHD_destroy_response(answer);
    }
    return exit_code;
}
