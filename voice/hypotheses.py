"""From partial hypotheses, which change, to words that do not.

A word is committed once `agreement` successive hypotheses begin with the same
words (Local Agreement, Liu et al. 2020; Macháček et al. 2023). What is committed
is never retracted: a later hypothesis that disagrees commits nothing more.

Three must agree, not two as there: of 42 commands that people and neural voices said to
the starter recogniser, two agreed on words that the final transcript did not have in 14,
three in 1.
"""

__all__ = ["StablePrefix"]


class StablePrefix:
    """Collects the hypotheses of one utterance."""

    def __init__(self, agreement: int = 3) -> None:
        self.agreement = agreement
        self._recent: list[list[str]] = []
        self._committed: list[str] = []

    @property
    def committed(self) -> str:
        """The words that stand."""
        return " ".join(self._committed)

    def feed(self, text: str) -> str:
        """Take the next hypothesis of the whole utterance.

        Returns:
            The words that it newly commits; appended to `committed` with a space.
        """
        self._recent = [*self._recent, text.split()][-self.agreement :]
        if len(self._recent) < self.agreement:
            return ""
        agreed = _common_prefix(self._recent)
        done = len(self._committed)
        if agreed[:done] != self._committed:
            return ""
        fresh = agreed[done:]
        self._committed += fresh
        return " ".join(fresh)


def _common_prefix(hypotheses: list[list[str]]) -> list[str]:
    prefix = []
    for words in zip(*hypotheses, strict=False):
        if len(set(words)) > 1:
            break
        prefix.append(words[0])
    return prefix
