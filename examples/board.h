// What a board must do for client.c: on an ESP32 these are calls of its I2S driver.
#include <stdint.h>

// Wait for `count` samples of the microphone, 16 kHz.
void board_record(int16_t *samples, int count);

// Hand samples to the loudspeaker, 24 kHz; they come a quarter of a second early.
void board_play(const int16_t *samples, int count);

// A message of the server, as JSON: what was heard, what is answered, who speaks.
void board_show(const char *message);
