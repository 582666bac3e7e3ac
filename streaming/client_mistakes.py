"""What clients do wrong without knowing: audio that is not what they say it is.

Such audio breaks no rule of the wire, and nobody understands a word of it. What can be
told from the bytes and from when they come is told to the client, once.
"""

import struct

from streaming.messages import RATES

__all__ = ["AudioCheck", "MessageBudget"]

WINDOW_S = 2.0
"""Audio is weighed over so much time, twice."""

LARGEST_GAP_S = 0.5
"""A pause of the sender: what came before says nothing about its rate."""

AGREEMENT = 0.03
"""Two windows, and a rate that microphones have, agree within this part."""

TOLERATED = 0.1
"""Clocks differ, and networks bunch: so far from the rate nobody is blamed."""

MICROPHONES = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
"""Hertz, that microphones deliver."""

MAGIC = {
    b"OggS": "Ogg",
    b"\x1aE\xdf\xa3": "WebM",
    b"fLaC": "FLAC",
    b"ID3": "MP3",
}
"""How files of compressed audio begin."""


class AudioCheck:
    """Watches the audio of one session; a warning is given at most once of each kind."""

    def __init__(self) -> None:
        self._rate = 0
        self._begun: float | None = None
        self._last = 0.0
        self._bytes = 0
        self._measured: float | None = None
        self._is_first = True
        self._rate_is_fine = False

    def look(self, data: bytes, *, rate: int, now: float) -> str | None:
        """The next audio from the client.

        Args:
            data: as it came, of any length.
            rate: Hertz, that the session is set to.
            now: seconds of a monotonic clock.

        Returns:
            What is wrong and what to do, for people; None if nothing is, or it was
            said before.
        """
        if self._is_first and data:
            self._is_first = False
            complaint = _container(data, rate)
            if complaint is not None:
                return complaint
        if self._rate_is_fine:
            return None
        return self._weigh(len(data), rate, now)

    def _weigh(self, count: int, rate: int, now: float) -> str | None:
        paused = now - self._last > LARGEST_GAP_S
        self._last = now
        if self._begun is None or paused or rate != self._rate:
            self._begin(rate, now)
            self._measured = None
            return None
        self._bytes += count
        elapsed = now - self._begun
        if elapsed < WINDOW_S:
            return None
        before, self._measured = self._measured, self._bytes / 2 / elapsed
        self._begin(rate, now)
        if abs(self._measured / rate - 1) < TOLERATED:
            before = self._measured
        if before is None or not _agree(before, self._measured):
            return None
        # It will not change any more, and the hot path is hot.
        self._rate_is_fine = True
        return _mismatch(self._measured, rate)

    def _begin(self, rate: int, now: float) -> None:
        self._rate, self._begun, self._bytes = rate, now, 0


def _agree(one: float, other: float) -> bool:
    return abs(one / other - 1) < AGREEMENT if other else False


def _mismatch(measured: float, rate: int) -> str | None:
    if abs(measured / rate - 1) < TOLERATED:
        return None
    likely = next((known for known in MICROPHONES if _agree(measured, known)), None)
    if likely is None:
        return None
    fix = (
        f'send {{"type": "session.update", "input_rate": {likely}}}'
        if likely in RATES
        else f"resample it to one of {', '.join(map(str, RATES))}"
    )
    return (
        f"about {likely} samples arrive in a second, but input_rate is {rate}: speech"
        f" sounds {likely / rate:.2g} times as fast as it was; if the microphone is at"
        f" {likely} Hz, {fix}"
    )


def _container(data: bytes, rate: int) -> str | None:
    """What is wrong if the stream begins like a file; None if it does not."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return (
            f"the audio begins with the header of a WAV file{_format(data, rate)};"
            + (
                " send what follows the header, as bare PCM: mono, 16 bit, little endian"
            )
        )
    for magic, name in MAGIC.items():
        if data.startswith(magic):
            return (
                f"the audio begins like a file in {name}, which is compressed and cannot"
                " be understood; send bare PCM: mono, 16 bit, little endian"
            )
    return None


def _format(data: bytes, rate: int) -> str:
    """What a WAV header says that the session does not expect."""
    at = data.find(b"fmt ", 12)
    if at < 0 or len(data) < at + 24:
        return ""
    _, channels, hertz, _, _, bits = struct.unpack_from("<HHIIHH", data, at + 8)
    wrong = [
        text
        for text, is_wrong in (
            (f"{channels} channels instead of 1", channels != 1),
            (f"{bits} bits instead of 16", bits != 16),
            (f"{hertz} Hz while input_rate is {rate}", hertz != rate),
        )
        if is_wrong
    ]
    return f", which says {' and '.join(wrong)}" if wrong else ""


class MessageBudget:
    """How many messages a client may send: so many a second, and a burst of them.

    Args:
        per_second: in the long run.
        burst: at once.
    """

    def __init__(self, *, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = float(burst)
        self._last: float | None = None

    def spend(self, now: float) -> bool:
        """Take one message from the budget; False if there is none left.

        Args:
            now: seconds of a monotonic clock.
        """
        elapsed = 0.0 if self._last is None else now - self._last
        self._last = now
        self._left = min(self._burst, self._left + elapsed * self._per_second)
        if self._left < 1:
            return False
        self._left -= 1
        return True
