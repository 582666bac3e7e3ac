import pytest

from voice.phones import PHONES, SILENCE, atoms


def test_every_sound_has_one_place() -> None:
    assert len(set(PHONES)) == len(PHONES)
    assert PHONES[SILENCE] == ""


@pytest.mark.parametrize(
    ("symbol", "sounds"),
    [
        ("ˈaʊ", ("a", "ʊ")),
        ("tʃ", ("t", "ʃ")),
        ("t͡s", ("t", "s")),
        ("iː", ("i",)),
        ("ˌɾʲ", ("r",)),
        ("r̝̊", ("r", "ʒ")),
        ("ɑ̃", ("ɑ̃",)),
        ("œ̃", ("ɛ̃",)),
        ("ç", ("ç",)),
        ("c\N{COMBINING CEDILLA}", ("ç",)),
        ("ʔʌ", ("ɐ",)),
        ("(en)", ()),
        ("", ()),
        ("ʲ", ()),
    ],
)
def test_symbols_of_espeak_become_sounds(symbol: str, sounds: tuple[str, ...]) -> None:
    assert atoms(symbol) == sounds


def test_sounds_are_their_own_atoms() -> None:
    for phone in PHONES[1:]:
        assert atoms(phone) == (phone,)
