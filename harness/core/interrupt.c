#include "core/interrupt.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t requested, typed; /* typed: Ctrl-C once already */

/* A second Ctrl-C means it: the process ends as it would without us. */
static void on_signal(int signal_number) {
    if (signal_number == SIGINT && typed) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
    typed = typed || signal_number == SIGINT;
    requested = 1;
}

void interrupt_catch(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
    signal(SIGXFSZ, SIG_IGN);
}

bool interrupt_requested(void) {
    return requested != 0;
}
