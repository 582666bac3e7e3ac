"""The same three wishes in every language with a grammar."""

import pytest

from tests.voice.responders.talk import Talk, grammars
from voice.responders.grammar import GRAMMAR_LANGUAGES

BASICS = {
    "bg": ("включи лампиона", "пусни таймер за пет минути", "колко е часът"),
    "ca": ("encén el llum de peu", "posa un temporitzador de cinc minuts", "quina hora és"),
    "cs": ("zapni stojací lampu", "nastav časovač na pět minut", "kolik je hodin"),
    "da": ("tænd standerlampen", "sæt en timer på fem minutter", "hvad er klokken"),
    "de": ("schalte die stehlampe ein", "stelle einen timer auf fünf minuten", "wie spät ist es"),
    "el": ("άναψε το φωτιστικό δαπέδου", "βάλε χρονόμετρο για πέντε λεπτά", "τι ώρα είναι"),
    "en": ("turn on the floor lamp", "set a timer for five minutes", "what time is it"),
    "es": ("enciende la lámpara de pie", "pon un temporizador de cinco minutos", "qué hora es"),
    "et": ("lülita põrandalamp sisse",),
    "fi": ("sytytä jalkalamppu", "aseta ajastin viideksi minuutiksi", "paljonko kello on"),
    "fr": ("allume le lampadaire", "mets un minuteur de cinq minutes", "quelle heure est il"),
    "ga": ("cas air an lampa urláir", "socraigh amadóir ar feadh cúig nóiméad", "cén t-am é"),
    "hr": ("upali podnu lampu", "postavi timer na pet minuta", "koliko je sati"),
    "hu": ("kapcsold fel az állólámpát", "indíts egy öt perces időzítőt", "hány óra van"),
    "it": ("accendi la lampada da terra", "imposta un timer di cinque minuti", "che ore sono"),
    "lt": ("įjunk toršerą", "nustatyk laikmatį penkioms minutėms", "kiek valandų"),
    "lv": ("ieslēdz stāvlampu", "uzstādi taimeri uz piecām minūtēm", "cik ir pulkstenis"),
    "nb": ("slå på stålampen", "sett en timer på fem minutter", "hva er klokken"),
    "nl": ("doe de staande lamp aan", "zet een timer voor vijf minuten", "hoe laat is het"),
    "pl": ("włącz lampę stojącą", "ustaw minutnik na pięć minut", "która jest godzina"),
    "pt": ("liga o candeeiro de pé", "cria um temporizador de cinco minutos", "que horas são"),
    "ro": ("aprinde lampadarul", "setează un cronometru de cinci minute", "cât este ceasul"),
    "sk": ("zapni stojanovú lampu", "nastav časovač na päť minút", "koľko je hodín"),
    "sl": ("prižgi stoječo svetilko", "nastavi časovnik na pet minut", "koliko je ura"),
    "sv": ("tänd golvlampan", "ställ en timer på fem minuter", "vad är klockan"),
    "uk": ("увімкни торшер", "встанови таймер на п'ять хвилин", "котра година"),
}  # fmt: skip
WANTED = (
    ("HassTurnOn", {"name": "light.floor_lamp"}),
    ("HassStartTimer", {"minutes": 5}),
    ("HassGetCurrentTime", {}),
)


def test_the_table_of_basics_names_every_language_with_a_grammar():
    assert set(BASICS) == set(GRAMMAR_LANGUAGES)


@pytest.mark.parametrize("language", BASICS)
def test_every_language_switches_times_and_tells_the_hour(language: str):
    talk = Talk(grammars(language), language)
    for text, (name, slots) in zip(BASICS[language], WANTED, strict=False):
        plan = talk.say(text)
        assert plan.intent is not None, text
        assert (plan.intent.name, dict(plan.intent.slots)) == (name, slots)
        assert plan.language == language
        assert_speakable(plan.reply)
    assert talk.states("light.floor_lamp") == ["on"]
    digits_of_five = [t.seconds for t in talk.state.timers]
    assert digits_of_five == [300][: len(BASICS[language]) - 1]


def assert_speakable(reply: str) -> None:
    assert reply.strip()
    for trace in ("None", "{", "}", "<", "Undefined"):
        assert trace not in reply
