// Talk to Parley from a small device: the microphone goes out, the answer comes in.
// Plain sockets, which ESP-IDF has too (lwIP); board.h is what else a board must do.
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "board.h"

enum { FRAME = 320, LARGEST = 16384, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };
static int wire;

static void exactly(uint8_t *data, size_t size) {
    for (ssize_t got; size; data += got, size -= got)
        if ((got = recv(wire, data, size, 0)) <= 0) exit(1);
}

static void send_frame(int opcode, const void *payload, size_t size) {
    // Clients must mask; the mask of zeros leaves the payload as it is.
    uint8_t frame[8 + 2 * FRAME] = {0x80 | opcode, 0x80 | (size < 126 ? size : 126)};
    size_t head = size < 126 ? 6 : 8;
    if (head == 8) { frame[2] = size >> 8; frame[3] = size & 255; }
    if (size > 2 * FRAME) exit(1);
    memcpy(frame + head, payload, size);
    if (send(wire, frame, head + size, 0) != (ssize_t)(head + size)) exit(1);
}

static void take_frame(void) {
    static uint8_t data[LARGEST + 1], head[4];
    exactly(head, 2);
    size_t size = head[1];
    if (size == 126) { exactly(head + 2, 2); size = head[2] << 8 | head[3]; }
    if (head[1] == 127 || size > LARGEST) exit(1);
    exactly(data, size);
    data[size] = 0;
    switch (head[0] & 15) {
        case TEXT: board_show((char *)data); break;
        case BINARY: board_play((int16_t *)data, size / 2); break;
        case PING: send_frame(PONG, data, size); break;
        case CLOSE: exit(0);
    }
}

int main(int count, char **words) {  // HOST PORT [KEY]
    struct addrinfo *found, wanted = {.ai_socktype = SOCK_STREAM};
    if (count < 3 || getaddrinfo(words[1], words[2], &wanted, &found)) return 1;
    if (connect(wire = socket(found->ai_family, SOCK_STREAM, 0), found->ai_addr, found->ai_addrlen)) return 1;
    dprintf(wire, "GET /v1/stream HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: cGFybGV5LXBhcmxleS0xIQ==\r\n\r\n", words[1], count > 3 ? words[3] : "");
    char answer[1024] = "";
    for (int n = 0; n < 1000 && !strstr(answer, "\r\n\r\n"); n++) exactly((uint8_t *)answer + n, 1);
    if (!strstr(answer, " 101 ")) return fputs(answer, stderr), 1;
    for (int16_t sound[FRAME];;) {
        board_record(sound, FRAME);
        send_frame(BINARY, sound, sizeof sound);
        for (char first; recv(wire, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1;) take_frame();
    }
}
