import pytest

pytest.importorskip("unicode_rbnf")

from models.recipes.recognizer.text import number_words, spoken


@pytest.mark.parametrize(
    ("written", "language", "said"),
    [
        ("Set a timer for 1 minutes!", "en", "set a timer for one minute"),
        ("Brightness to 50%, please.", "en", "brightness to fifty percent please"),
        ("what's the TV's volume?", "en", "what's the tv's volume"),
        ("um 1 Stunden", "de", "um eine stunde"),
        ("auf 21°", "de", "auf einundzwanzig grad"),
        ("Combien de temps reste-t-il ?", "fr", "combien de temps reste-t-il"),
        ("minuteur 1 heure", "fr", "minuteur une heure"),
        ("5 hora y 1 minuto", "es", "cinco horas y un minuto"),
        ("HJ - Führern", "de", "hj führern"),
        ("L’été", "fr", "l'été"),
        ("...", "en", ""),
    ],
)
def test_text_is_written_as_it_is_said(written: str, language: str, said: str) -> None:
    assert spoken(written, language) == said


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_writing_what_is_said_changes_nothing(language: str) -> None:
    for number in range(101):
        words = number_words(number, language)
        assert spoken(words, language) == words
        assert words
