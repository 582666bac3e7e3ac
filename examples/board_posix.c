// The board of client.c on any POSIX machine: raw samples from standard input, then
// silence; the answer to standard output, messages to standard error.
//
//     cc -o client client.c board_posix.c && ./client 127.0.0.1 8765 <question.raw >answer.raw
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "board.h"

void board_record(int16_t *samples, int count) {
    size_t read = fread(samples, sizeof *samples, count, stdin);
    memset(samples + read, 0, (count - read) * sizeof *samples);
    usleep(count * 1000 / 16);
}

void board_play(const int16_t *samples, int count) {
    fwrite(samples, sizeof *samples, count, stdout);
    fflush(stdout);
}

void board_show(const char *message) { fprintf(stderr, "%s\n", message); }
