/* The least that answers a health check: listens on SAGEMAKER_BIND_TO_PORT and says 200 to whoever connects. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void leave(int number)
{
    (void)number;
    _exit(0);
}

int main(void)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const char *const port = getenv("SAGEMAKER_BIND_TO_PORT");
    struct sockaddr_in address = {.sin_family = AF_INET};
    const int on = 1;
    char request[4096];
    address.sin_port = htons((uint16_t)(port != NULL ? strtoul(port, NULL, 10) : 8080));
    (void)signal(SIGTERM, leave);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 16) != 0) {
        return 1;
    }
    for (;;) {
        const int connection = accept(listener, NULL, NULL);
        if (connection < 0) {
            continue;
        }
        if (read(connection, request, sizeof request) > 0) {
            (void)!write(connection, answer, strlen(answer));
        }
        (void)close(connection);
    }
}
