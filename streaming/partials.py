"""Words of an utterance while it is still being spoken, once they are certain."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from streaming.transcription import Transcriber
from voice.audio import Pcm
from voice.errors import StageError
from voice.events import Millis
from voice.hypotheses import StablePrefix

__all__ = ["INTERVAL", "Partials"]

INTERVAL = Millis(400)
"""Audio between two partial transcripts, at least; more if they take long."""


class Partials:
    """The partial transcripts of one session.

    One at a time is asked for, with the lowest priority: under load they are shed,
    and the next one, or the final one, will do.

    Args:
        transcriber: of the session.
        spawn: starts a task that the session owns.
        now: audio received so far.
        heard: takes words that will not change any more, to be appended.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        *,
        spawn: Callable[[Coroutine[None, None, None]], "asyncio.Task[None]"],
        now: Callable[[], Millis],
        heard: Callable[[str], None],
    ) -> None:
        self._transcriber = transcriber
        self._spawn = spawn
        self._now = now
        self._heard = heard
        self._task: asyncio.Task[None] | None = None
        self._prefix = StablePrefix()
        self._onset = self._due = Millis(0)

    @property
    def committed(self) -> str:
        """All words of this utterance that are certain."""
        return self._prefix.committed

    def begin(self, onset: Millis) -> None:
        """Another utterance began."""
        self.cancel()
        self._prefix = StablePrefix()
        self._onset = onset
        self._due = Millis(onset + INTERVAL)

    def consider(self, clip: Callable[[], Pcm], languages: Sequence[str]) -> None:
        """Transcribe what there is so far, if it is time to.

        Args:
            clip: the utterance up to now; only called if it is needed.
            languages: BCP 47 tags that it may be in.
        """
        busy = self._task is not None and not self._task.done()
        if busy or self._now() < self._due:
            return
        self._task = self._spawn(self._transcribe(clip(), languages, self._prefix))

    def cancel(self) -> None:
        """The utterance is over, or pauses: the whole of it is transcribed."""
        if self._task is not None:
            self._task.cancel()

    async def _transcribe(
        self, clip: Pcm, languages: Sequence[str], prefix: StablePrefix
    ) -> None:
        begun = self._clock()
        try:
            text = await self._transcriber.transcribe_partially(
                clip, languages, speech=Millis(self._now() - self._onset)
            )
        except StageError:
            return
        took = Millis(round((self._clock() - begun) * 1000))
        self._due = Millis(self._now() + max(INTERVAL, 2 * took))
        if words := prefix.feed(text):
            self._heard(words)

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()
