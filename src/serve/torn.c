#define _DEFAULT_SOURCE /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): MAP_ANONYMOUS */
#include "serve/torn.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What this thread reads. The signal comes on the thread that has caused it. */
static _Thread_local serve_torn *thread_torn;

/* Zeros in place of the page that is gone. */
static bool put_zeros(void *at)
{
    const size_t n_page = (size_t)sysconf(_SC_PAGESIZE);
    char *page = (char *)at - (uintptr_t)at % n_page;
    return mmap(page, n_page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
           MAP_FAILED;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    static const char words[] =
        "serve: error: a file that is in use was cut short (SIGBUS); put files in place by "
        "renaming\n";
    (void)context;
    const int saved = errno;
    unsigned whole = 0;
    if (thread_torn != NULL && info->si_code == BUS_ADRERR) {
        /* First: from the next line on others read zeros without a signal. */
        (void)atomic_compare_exchange_strong(&thread_torn->state, &whole, 1);
        if (put_zeros(info->si_addr)) {
            errno = saved;
            return;
        }
    }
    (void)!write(STDERR_FILENO, words, sizeof(words) - 1);
    (void)signal(number, SIG_DFL); /* the same page is read again, and that ends the process */
    errno = saved;
}

void serve_torn_catch(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    (void)sigaction(SIGBUS, &action, NULL);
}

void serve_torn_enter(serve_torn *torn)
{
    thread_torn = torn;
    atomic_signal_fence(memory_order_seq_cst);
}

bool serve_torn_is(const serve_torn *torn)
{
    return atomic_load_explicit(&torn->state, memory_order_acquire) != 0;
}

bool serve_torn_is_first(serve_torn *torn)
{
    unsigned torn_untold = 1;
    return atomic_compare_exchange_strong(&torn->state, &torn_untold, 2);
}
