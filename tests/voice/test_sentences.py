"""Cutting replies: a table per language, and what holds for any text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voice.languages import LANGUAGES
from voice.sentences import ABBREVIATIONS, LONGEST_CHUNK, SentenceSplitter, chunks


@pytest.mark.parametrize(
    ("language", "marked"),
    [
        # A bar marks each cut.
        ("en", "Turned on the light."),
        ("en", "It is on. |Do you want more? |Then say so!"),
        (
            "en",
            "The light in the kitchen is on, |but the others, I think, are off. |OK.",
        ),
        ("en", "Well, I see: |it is 21.5 degrees, not 20.0 degrees. |Good."),
        ("en", "Ask Dr. Smith, |e.g. Dr. J. R. Smith of St. Ives, or Mr. No. |Yes."),
        ("en", "No. |The door is no. 5. |OK"),
        ("en", "It is ten past 8. |Dinner is at 8.30 p.m. today. |So am I. |Bye."),
        ("en", 'He said: "Stop!" |(She did.) |"Go on." |Fine'),
        ("en", "Wait... what? |Hm… |Now"),
        ("en", "see www.example.org. |See 1.2.3.4 too"),
        ("en", "First line\n|Second line\n\n|Third"),
        ("de", "Es ist 21,5 Grad. |Am 3. Mai regnet es, z. B. in Berlin. |Ja."),
        ("de", "Das kostet ca. 5 Mio. Euro, |d. h. sehr viel. |Dr. Weiß weiß es."),
        ("de", "Um 7.30 Uhr, |also bald. |Der Timer ist gestellt"),
        ("fr", "M. Dupont arrive à 8 h 30, |n'est-ce pas ? |Oui ! |Très bien."),
        ("fr", "Il fait 21,5 degrés, |M. et Mme Petit. |Voilà."),
        (
            "es",
            "¿Qué hora es? |¡Son las 8! |El Sr. Pérez, la Sra. Gil y Ud. están aquí.",
        ),
        (
            "es",
            "Enciende algo aquí, |p. ej. La Luz. |O p.ej. El Sol, y 1.5 horas. |Sí.",
        ),
        ("fr", "Une lampe ici, |p. ex. Celle de M. Petit. |Oui."),
        ("pt", "Uma luz aqui, |p. ex. A da sala. |Sim."),
        ("sv", "En lampa här, |t. ex. Den gamla. |Ja."),
        ("it", "Il sig. Rossi è qui. |Sono le 10.30, dott. Bianchi."),
        ("nl", "Het is bijv. Dr. Vries, |o.a. in Den Haag. |Ja."),
        ("pl", "Jest godz. dziesiąta, |np. w Polsce przy ul. Długiej. |Tak."),
        ("pl", "Spotkanie o godz. 15.30, |potem obiad. |Tak."),
        ("sv", "Mötet är kl. 15, |alltså snart. |Ja."),
        ("da", "Mødet er kl. 15. |Ja."),
        ("nb", "Møtet er kl. 15. |Ja."),
        ("de", "Frau Dr. med. Weiß ist da. |Ja."),
        ("es", "Vive en EE. UU. ahora. |Sí."),
        ("fi", "Tänään on 3. toukokuuta. |Kello on 10.30. |Hyvä."),
        ("cs", "Dnes je 3. května. |Je např. Praha. |Ano."),
        ("da", "Den 3. maj, |f.eks. i dag. |Ja."),
        ("el", "Τι ώρα είναι; |Είναι δέκα. |Ο κ. Νίκος, π.χ. ο Γιώργος, ήρθε."),
        ("hu", "Ma május 3. van. |Pl. Budapest. |Jó."),
        ("uk", "Зараз 10.30. |Це вул. Хрещатик. |Так."),
        ("mt", "Il-ħin huwa 10.30. |Tajjeb."),
        ("xx", "A language unknown. |Cut anyway."),
    ],
)
def test_cuts(language: str, marked: str) -> None:
    expected = marked.split("|")
    assert chunks("".join(expected), language) == expected


@pytest.mark.parametrize("text", ["", "word", "  leading", "trailing  ", "a b"])
def test_what_cannot_be_cut_stays_whole(text: str) -> None:
    assert chunks(text, "en") == ([text] if text else [])


def test_a_chunk_is_ready_as_soon_as_the_next_word_begins() -> None:
    splitter = SentenceSplitter("en")
    assert splitter.feed("The light is now on, ") == []
    assert splitter.feed("a") == ["The light is now on, "]
    assert splitter.feed("nd the radio is off, I") == []
    assert splitter.feed(" hope. ") == []
    assert splitter.feed("Th") == ["and the radio is off, I hope. "]
    assert splitter.finish() == ["Th"]


def test_a_splitter_can_be_used_for_the_next_reply() -> None:
    splitter = SentenceSplitter("en")
    for _ in range(2):
        assert splitter.feed("One two three, four.") == ["One two three, "]
        assert splitter.finish() == ["four."]


def test_long_sentences_are_cut_at_a_clause_else_between_words() -> None:
    clause = "word " * 30 + "word, "
    first, *others = chunks("One! " + clause + "word " * 60, "en")
    assert first == "One! "
    assert others[0] == clause
    assert all(len(chunk.rstrip()) <= LONGEST_CHUNK for chunk in others)
    assert all(chunk.endswith("word ") for chunk in others[1:])


def test_endless_words_are_cut_all_the_same() -> None:
    assert [len(c) for c in chunks("x" * (2 * LONGEST_CHUNK + 1), "en")] == [
        LONGEST_CHUNK,
        LONGEST_CHUNK,
        1,
    ]


def test_every_language_has_its_abbreviations() -> None:
    assert set(ABBREVIATIONS) == set(LANGUAGES)


words = st.sampled_from(
    f"Die z. B. Dr. 3. 2,5 ja, ok. Nein! wie? – so: «à» … ... Ö. ; {'x' * 99}".split()
)
gaps = st.sampled_from([" ", " ", " ", "  ", "\n", " \n ", "\u00a0", ""])
texts = st.lists(st.tuples(words, gaps), max_size=60).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
) | st.text(max_size=600)
languages = st.sampled_from(sorted(LANGUAGES))


@given(texts, languages, st.lists(st.integers(1, 40), max_size=80))
@example("x" * LONGEST_CHUNK + " y", "en", [LONGEST_CHUNK])
@example("a. " * 200, "de", [1] * 80)
def test_pieces_give_the_same_chunks_as_the_whole(
    text: str, language: str, lengths: list[int]
) -> None:
    whole = chunks(text, language)
    assert "".join(whole) == text
    assert all(whole), "no chunk is empty"
    assert all(len(chunk.rstrip()) <= LONGEST_CHUNK for chunk in whole)

    splitter = SentenceSplitter(language)
    found, position = [], 0
    for length in lengths:
        found += splitter.feed(text[position : position + length])
        position += length
    found += splitter.feed(text[position:])
    found += splitter.finish()
    assert found == whole
