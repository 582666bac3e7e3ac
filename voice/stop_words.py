"""What people say to somebody who talks and is to stop, language by language.

A stop that is taken for less must be said again, to a voice that goes on; what is wrongly
taken for one costs a question asked again. So these words need not be as certain as
others to end a reply (`voice.substance`).

Only what is common and short, and sounds like no sign of listening; nothing that begins
with a word like "that", which noise is taken for.
"""

import re
from collections.abc import Mapping

__all__ = ["STOP_WORDS", "is_stop", "stops_in"]

_WORD = re.compile(r"[\w']+")

STOP_WORDS: Mapping[str, tuple[str, ...]] = {
    "bg": ("стоп", "спри", "стига", "достатъчно", "тихо", "чакай"),
    "ca": ("para", "prou", "calla", "atura't", "silenci", "espera"),
    "cs": ("stop", "dost", "stačí", "přestaň", "ticho", "počkej"),
    "da": ("stop", "hold op", "ti stille", "vent"),
    "de": ("stopp", "halt", "halt stopp", "hör auf", "genug", "warte"),
    "el": ("στοπ", "σταμάτα", "φτάνει", "αρκετά", "ησυχία", "περίμενε"),
    "en": ("stop", "stop it", "enough", "be quiet", "wait"),
    "es": ("para", "basta", "alto", "cállate", "silencio", "espera"),
    "et": ("stopp", "aitab", "lõpeta", "jäta", "ole vait", "oota"),
    "fi": ("seis", "stop", "lopeta", "riittää", "hiljaa", "odota"),
    "fr": ("arrête", "arrêtez", "stop", "tais-toi", "silence", "attends"),
    "ga": ("stop", "stad", "ciúnas", "fan"),
    "hr": ("stop", "stani", "prestani", "dosta", "tišina", "čekaj"),
    "hu": ("stop", "állj", "elég", "hagyd abba", "csend", "várj"),
    "it": ("stop", "basta", "fermati", "zitto", "silenzio", "aspetta"),
    "lt": ("stop", "gana", "užteks", "baik", "tyliai", "palauk"),
    "lv": ("stop", "pietiek", "beidz", "klusu", "pagaidi"),
    "mt": ("ieqaf", "biżżejjed", "iskot", "stenna"),
    "nb": ("stopp", "stans", "hold opp", "vær stille", "vent"),
    "nl": ("stop", "hou op", "genoeg", "wees stil", "wacht"),
    "pl": ("stop", "stój", "dość", "wystarczy", "przestań", "cicho", "czekaj"),
    "pt": ("para", "pare", "basta", "chega", "alto", "silêncio", "espera"),
    "ro": ("stop", "oprește-te", "destul", "ajunge", "taci", "liniște", "așteaptă"),
    "sk": ("stop", "stoj", "dosť", "stačí", "prestaň", "ticho", "počkaj"),
    "sl": ("stop", "nehaj", "dovolj", "dosti", "tiho", "počakaj"),
    "sv": ("stopp", "sluta", "tyst", "vänta"),
    "uk": ("стоп", "стій", "досить", "годі", "припини", "тихо", "зачекай"),
}
"""By canonical tag, every language that Parley knows; small letters, no punctuation."""


def is_stop(text: str, tag: str) -> bool:
    """Whether `text` is nothing but words to stop with ("stop", "halt, stopp").

    Marks, capitals and hyphens do not matter.
    """
    words = _WORD.findall(text.casefold().replace("’", "'"))
    stops = [" ".join(_WORD.findall(stop)) for stop in STOP_WORDS[tag]]
    if " ".join(words) in stops:
        return True
    return bool(words) and all(word in stops for word in words)


def stops_in(tag: str) -> tuple[str, ...]:
    """The words to stop with as they are said: single ones also twice ("para para")."""
    words = STOP_WORDS[tag]
    return (*words, *(f"{word} {word}" for word in words if " " not in word))
