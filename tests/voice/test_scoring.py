"""Errors are counted rightly, and nothing is normalised away that can be heard."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.languages import LANGUAGES
from voice.scoring import (
    NORMALIZER,
    PERCENT,
    Counts,
    align,
    character_counts,
    normalize,
    readings,
    word_counts,
)

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8)
TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("aäß ’'-%.,:5éİσς\u00ad\n"), st.characters(codec="utf-8")
    ),
    max_size=30,
)
TAGS = st.sampled_from(sorted(LANGUAGES))


# --- Alignment ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "hypothesis", "hits", "substitutions", "deletions", "insertions"),
    [
        ("a b c", "a b c", 3, 0, 0, 0),
        ("a b c", "a x c", 2, 1, 0, 0),
        ("a b c", "a c", 2, 0, 1, 0),
        ("a c", "a b c", 2, 0, 0, 1),
        ("", "a b", 0, 0, 0, 2),
        ("a b", "", 0, 0, 2, 0),
        ("a b c d", "b c d e", 3, 0, 1, 1),
        ("a b", "x y z", 0, 2, 0, 1),
        ("", "", 0, 0, 0, 0),
    ],
)
def test_known_alignments(
    reference, hypothesis, hits, substitutions, deletions, insertions
) -> None:
    assert align(reference.split(), hypothesis.split()) == Counts(
        hits=hits,
        substitutions=substitutions,
        deletions=deletions,
        insertions=insertions,
    )


def distance(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Levenshtein's definition, word for word."""

    @cache
    def least(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(
            least(i - 1, j) + 1,
            least(i, j - 1) + 1,
            least(i - 1, j - 1) + (one[i - 1] != other[j - 1]),
        )

    return least(len(one), len(other))


@given(WORDS, WORDS)
def test_the_counts_add_up_and_are_the_fewest(reference, hypothesis) -> None:
    counts = align(reference, hypothesis)
    assert counts.length == len(reference)
    assert counts.hits + counts.substitutions + counts.insertions == len(hypothesis)
    assert counts.errors == distance(tuple(reference), tuple(hypothesis))


@given(WORDS, WORDS)
def test_the_way_back_has_as_many_errors(reference, hypothesis) -> None:
    there, back = align(reference, hypothesis), align(hypothesis, reference)
    assert there.errors == back.errors


@given(WORDS.filter(bool), WORDS)
def test_it_agrees_with_jiwer(reference, hypothesis) -> None:
    jiwer = pytest.importorskip("jiwer", reason="jiwer is not installed")
    theirs = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    ours = align(reference, hypothesis)
    assert ours.rate == pytest.approx(theirs.wer)
    assert ours.errors == theirs.substitutions + theirs.deletions + theirs.insertions


def test_rates_may_exceed_one_and_need_a_reference() -> None:
    assert Counts(hits=1, insertions=2).rate == 2
    assert Counts(insertions=2).rate is None
    assert Counts(hits=3).rate == 0


def test_counts_are_summed_field_by_field() -> None:
    one = Counts(hits=1, substitutions=2, deletions=3, insertions=4)
    other = Counts(hits=10, substitutions=20, deletions=30, insertions=40)
    assert one + other == Counts(hits=11, substitutions=22, deletions=33, insertions=44)


def test_errors_of_characters_count_the_space() -> None:
    assert character_counts("ab cd", "abcd", "en") == Counts(hits=4, deletions=1)


# --- The normaliser -----------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text", "heard"),
    [
        ("en", "Turn ON the light, please!", "turn on the light please"),
        ("en", "don’t 'quote' rock’n’roll", "don't quote rock'n'roll"),
        ("en", "the living-room lamp", "the living room lamp"),
        ("en", "set it to 21", "set it to twenty one"),
        ("de", "Über den Fluß, 25 %", "über den fluss fünfundzwanzig prozent"),
        ("de", "um 7:30 Uhr", "um sieben dreissig uhr"),
        ("de", "2,5 Stunden", "zwei komma fünf stunden"),
        ("fr", "L’ampoule d'ici, est-elle là ?", "l ampoule d ici est elle là"),
        ("it", "l'acqua all’80%", "l acqua all ottanta per cento"),
        ("ca", "l'hora", "l hora"),
        ("es", "¿Qué hora es?", "qué hora es"),
        ("nl", "zo'n 5 foto's", "zo'n vijf foto's"),
        ("ro", "douăzeci şi unu, aţi", "douăzeci și unu ați"),
        ("uk", "П’ять хвилин", "п'ять хвилин"),
        ("uk", "5", "п'ять"),
        ("el", "ΦΩΣ φως", "φωσ φωσ"),
        ("nb", "20 %", "tjue prosent"),
        ("fi", "säätö — 3.", "säätö kolme"),
        ("en", "", ""),
        ("en", " ... ", ""),
        ("en", "1234567890123456", "1234567890123456"),
        ("xx", "Hello 5 %", "hello 5"),
    ],
)
def test_what_can_be_heard(language, text, heard) -> None:
    assert normalize(text, language) == heard


def test_decomposed_letters_are_composed() -> None:
    assert normalize("u\u0308ber", "de") == "über"


def test_umlauts_and_accents_are_kept_apart() -> None:
    assert normalize("schön", "de") != normalize("schon", "de")
    assert normalize("où", "fr") != normalize("ou", "fr")


@given(TEXTS, TAGS)
def test_what_is_normalised_stays_so(text, language) -> None:
    once = normalize(text, language)
    assert normalize(once, language) == once


@given(TEXTS, TAGS)
def test_there_is_one_space_between_words_and_no_capital(text, language) -> None:
    heard = normalize(text, language)
    assert heard == " ".join(heard.split())
    assert heard == heard.casefold()


@given(TEXTS, TAGS)
def test_a_text_has_no_errors_against_itself(text, language) -> None:
    assert word_counts(text, text, language).errors == 0
    assert character_counts(text, text, language).errors == 0


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_number_words_and_a_percent(language) -> None:
    assert not any(c.isdigit() for c in normalize("7 40 100", language))
    assert normalize("5 %", language).endswith(normalize(PERCENT[language], language))


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("fr", "1 heure", "une heure"),
        ("fr", "1 jour", "un jour"),
        ("es", "1 minuto", "un minuto"),
        ("es", "1 hora", "una hora"),
        ("de", "in 1 Stunde", "in einer Stunde"),
        ("de", "1 2 3", "eins zwei drei"),
        ("pt", "21 horas", "vinte e uma horas"),
    ],
)
def test_digits_are_read_as_it_fits(language, written, spoken) -> None:
    assert word_counts(written, spoken, language).errors == 0
    assert word_counts(spoken, written, language).errors == 0


def test_a_wrong_number_is_an_error_in_every_reading() -> None:
    assert word_counts("1 heure", "deux heures", "fr").errors == 2


def test_readings_begin_with_the_normal_one() -> None:
    assert readings("1 heure", "fr")[0] == normalize("1 heure", "fr")
    assert readings("une heure", "fr") == ("une heure",)


def test_the_normaliser_has_a_name() -> None:
    assert NORMALIZER == "parley-1"
