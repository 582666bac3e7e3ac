"""Silero VAD v6 on onnxruntime: the network that ships inside faster-whisper.

The network is a small LSTM. Fed with minutes of steady noise or music its state
drifts until speech is found hundreds of milliseconds late or not at all: after 40 s
of everyday noise it found a third of the frames that a fresh state finds. So while
nobody speaks the state is renewed every two seconds. A renewed state knows nothing,
and is jumpy for a few frames; it is therefore warmed up with the frames just heard.
"""

import importlib.util
from collections import deque
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import onnxruntime

from voice.audio import HEARING_RATE, Pcm
from voice.errors import ConfigError

__all__ = ["FRAME_SAMPLES", "SileroModel", "SileroVoiceActivity"]

FRAME_SAMPLES = 512
"""32 ms at 16 kHz; the network takes nothing else."""

CONTEXT_SAMPLES = 64
"""End of the frame before, which the network wants in front of each frame."""

STATE_SHAPE = (1, 1, 128)

RENEWAL_FRAMES = 2 * HEARING_RATE // FRAME_SAMPLES
"""Age from which the state may be renewed: two seconds."""

QUIET = 0.2
"""Probability below which a frame is certainly not speech."""

QUIET_FRAMES = 5
"""Quiet frames in a row before the state is renewed: 160 ms, no closure in a word."""

WARM_UP_FRAMES = 8
"""Newest frames that a renewed state hears again. On everyday noises it raises
fewer false alarms than a state of zeros, and finds speech as well."""

Floats: TypeAlias = npt.NDArray[np.float32]

State: TypeAlias = tuple[Floats, Floats]
"""Hidden and cell state of the LSTM, each of `STATE_SHAPE`."""


class SileroModel:
    """The weights, shared by all sessions of a process; safe to use from threads."""

    def __init__(self, network: onnxruntime.InferenceSession) -> None:
        self._network = network

    @classmethod
    def load(cls, path: Path | None = None) -> "SileroModel":
        """Load the network, by default the one inside faster-whisper.

        Raises:
            ConfigError: there is no such file, or it is another network.
        """
        path = path or _shipped_network()
        if not path.is_file():
            raise ConfigError(
                f"{path}: there is no such file; the voice activity model is part of"
                " the package faster-whisper >= 1.2.1: reinstall it"
            )
        options = onnxruntime.SessionOptions()
        # A frame takes about a tenth of a millisecond: threads would only cost.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            network = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has no base class for its errors
            raise ConfigError(f"{path}: not an ONNX network ({error})") from error
        names = {port.name for port in network.get_inputs()}
        if names != {"input", "h", "c"}:
            raise ConfigError(
                f"{path}: takes {sorted(names)}, not input, h and c: it is not the"
                " Silero v6 network that faster-whisper ships"
            )
        return cls(network)

    def open(self) -> "SileroVoiceActivity":
        """A detector for one stream."""
        return SileroVoiceActivity(self)

    def run(self, frames: Floats, state: State) -> tuple[float, State]:
        """Hear consecutive frames.

        Args:
            frames: shape [n, CONTEXT_SAMPLES + FRAME_SAMPLES], between -1 and 1.
            state: as the run before left it.

        Returns:
            The probability of the last frame, and the new state.
        """
        probabilities, hidden, cell = self._network.run(
            None, {"input": frames, "h": state[0], "c": state[1]}
        )
        return float(probabilities.ravel()[-1]), (hidden, cell)


class SileroVoiceActivity:
    """Implements `voice.stages.VoiceActivity` for one stream."""

    def __init__(self, model: SileroModel) -> None:
        self._model = model
        self._state = _fresh_state()
        self._context: Floats = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._recent: deque[Floats] = deque(maxlen=WARM_UP_FRAMES)
        self._age = 0
        """Frames since the state was fresh."""
        self._quiet = 0
        """Quiet frames in a row, up to now."""

    @property
    def frame_samples(self) -> int:
        """Samples of one frame at 16 kHz."""
        return FRAME_SAMPLES

    def probability(self, frame: Pcm) -> float:
        """How likely `frame` (exactly `frame_samples`, 16 kHz) holds speech, 0 to 1."""
        assert frame.rate == HEARING_RATE, frame.rate
        assert len(frame) == FRAME_SAMPLES, len(frame)
        samples = frame.to_floats()
        heard = np.concatenate([self._context, samples])[np.newaxis]
        self._context = samples[-CONTEXT_SAMPLES:]
        probability, self._state = self._model.run(heard, self._state)
        self._recent.append(heard)
        self._age += 1
        self._quiet = self._quiet + 1 if probability < QUIET else 0
        if self._age >= RENEWAL_FRAMES and self._quiet >= QUIET_FRAMES:
            self._renew()
        return probability

    def reset(self) -> None:
        """Forget the stream so far."""
        self._state = _fresh_state()
        self._context = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._recent.clear()
        self._age = 0
        self._quiet = 0

    def _renew(self) -> None:
        _, self._state = self._model.run(np.concatenate(self._recent), _fresh_state())
        self._age = 0


def _fresh_state() -> State:
    return np.zeros(STATE_SHAPE, np.float32), np.zeros(STATE_SHAPE, np.float32)


def _shipped_network() -> Path:
    """Where faster-whisper keeps it, found without the cost of importing it."""
    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "the voice activity model is part of the package faster-whisper, which is"
            " not installed: pip install faster-whisper"
        )
    folder = Path(spec.submodule_search_locations[0])
    return folder / "assets" / "silero_vad_v6.onnx"
