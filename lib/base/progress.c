#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "base/program.h"

double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool on_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}

void progress_begin(struct progress *p, const struct call *c, const char *what, double total)
{
    double now = clock_seconds();
    *p = (struct progress){.call = c, .what = what, .total = total, .shown = now, .started = now};
}

static void print_left(double seconds)
{
    long s = lrint(seconds);
    if (s >= 3600)
        fprintf(stderr, ", %ld:%02ld:%02ld left", s / 3600, s / 60 % 60, s % 60);
    else
        fprintf(stderr, ", %ld:%02ld left", s / 60, s % 60);
}

void progress_at(struct progress *p, double done, const char *note)
{
    enum { BAR = 24 };
    bool terminal = on_terminal();
    double now = clock_seconds(), pause = terminal ? 0.2 : 10;
    if (p->call->verbosity < 0 || (!terminal && p->call->verbosity < 1) || now < p->shown + pause)
        return;
    double seconds = now - p->started, rate = seconds > 0 ? done / seconds : 0;
    fprintf(stderr, "%s%s: ", terminal ? "\r\033[K" : "", p->call->program->name);
    if (p->total > 0 && terminal) {
        int filled = (int)(BAR * fmin(1, done / p->total));
        fprintf(stderr, "[%.*s%*s] ", filled, "########################", BAR - filled, "");
    }
    fprintf(stderr, "%s %.0f", p->what, done);
    if (p->total > 0)
        fprintf(stderr, "/%.0f", p->total);
    fprintf(stderr, ", %.3g/s", rate);
    if (p->total > done && rate > 0)
        print_left((p->total - done) / rate);
    if (note)
        fprintf(stderr, ", %s", note);
    fputs(terminal ? "" : "\n", stderr);
    fflush(stderr);
    p->shown = now;
    p->drawn = terminal;
}

void progress_end(struct progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}
