"""What a 20 ms frame costs the gateway: resampling, voice activity, gate, turn machine.

    python -m benchmarks.frames [--minutes 0.5] [--json FILE]        (a minute)

Compares, in one run, the whole ear with the ear without its network, at each rate of
the wire, one frame after the other; and at 16 kHz as in life, with a rest after each
frame, in which a shared processor forgets what it had at hand. Prints microseconds of
CPU per frame: the mean of each second of audio, and of these p50, p95 and p99. To ask
for the time of the process is not free, which is why a frame is not timed by itself.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from streaming.benchmark import machine
from streaming.hearing import Hearing
from streaming.messages import RATES
from voice.assembly import load_voice_activity
from voice.audio import HEARING_RATE, Pcm
from voice.detection import SpeechGate
from voice.events import Millis
from voice.stages import VoiceActivity
from voice.timings import percentiles
from voice.turns import TurnMachine, TurnPolicy

FRAME = 20
"""Milliseconds."""

BLOCK = 50
"""Frames that are timed together: a second."""


@dataclass(frozen=True)
class Deaf:
    """Voice activity without a network: what is left is our own code."""

    frame_samples: int = 512

    def probability(self, _frame: Pcm) -> float:
        """Nobody speaks."""
        return 0.0

    def reset(self) -> None:
        """Nothing to forget."""


def costs(
    open_activity: Callable[[], VoiceActivity],
    rate: int,
    count: int,
    *,
    every_s: float = 0.0,
) -> list[float]:
    """Microseconds of CPU for a frame of noise, in each block of `BLOCK`.

    Args:
        open_activity: makes the detector.
        rate: Hertz.
        count: frames in all.
        every_s: seconds of rest before each frame.
    """
    hearing = Hearing(open_activity(), SpeechGate(), rate=rate, longest=Millis(28_000))
    machine_ = TurnMachine(TurnPolicy())
    noise = np.random.default_rng(0).normal(0, 300, FRAME * rate // 1000)
    data = Pcm(noise.astype(np.int16), rate).to_bytes()
    spent = []
    for _ in range(count // BLOCK):
        begun = time.process_time_ns()
        for _ in range(BLOCK):
            if every_s:
                time.sleep(every_s)
            for event in hearing.feed(Pcm.of_bytes(data, rate)):
                if event is not None:
                    machine_.handle(event, hearing.now)
                machine_.advance(hearing.now)
        spent.append((time.process_time_ns() - begun) / 1000 / BLOCK)
    return spent[len(spent) // 10 :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.5, help="of audio, each")
    parser.add_argument("--json", type=Path, help="write the rows there")
    arguments = parser.parse_args()
    count = round(arguments.minutes * 60_000 / FRAME)
    rows = []
    print(f"{'':<28}{'p50':>8}{'p95':>8}{'p99':>8}{'mean':>8}  µs of CPU per frame")
    for rate in RATES:
        ear = load_voice_activity()
        ways = [("whole ear", ear, 0.0), ("without the network", Deaf, 0.0)]
        if rate == HEARING_RATE:
            ways.append(("whole ear, rested", ear, FRAME / 1000))
        for name, open_activity, rest in ways:
            spent = costs(open_activity, rate, count, every_s=rest)
            spread = percentiles(spent)
            assert spread is not None
            mean = sum(spent) / len(spent)
            row = (spread.p50, spread.p95, spread.p99, mean)
            numbers = "".join(f"{number:8.0f}" for number in row)
            print(f"{rate:>6} Hz  {name:<19}{numbers}")
            rows.append({"rate": rate, "name": name, "mean": mean, **asdict(spread)})
    print(machine())
    if arguments.json:
        text = json.dumps({"machine": machine(), "rows": rows}, indent=1)
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
