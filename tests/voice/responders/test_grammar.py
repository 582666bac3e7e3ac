"""The grammar responder: what it understands, what comes of it, what it says."""

import csv
import os
import pickle
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from voice.errors import ConfigError
from voice.events import Completeness
from voice.home import FinishTimer, HomeState, apply
from voice.home_files import demo_home, load_home
from voice.languages import LANGUAGES
from voice.responders.grammar import GRAMMAR_LANGUAGES, GrammarResponder
from voice.stages import Plan, Responder

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
HOME = demo_home()


@pytest.fixture(scope="module")
def responder() -> GrammarResponder:
    return GrammarResponder.load(HOME, ["en", "de", "fr", "es"])


class Talk:
    """A conversation with the demo home: every plan is carried out."""

    def __init__(self, responder: Responder, language: str) -> None:
        self.responder = responder
        self.language = language
        self.state: HomeState = HOME.initial_state()
        self.now = NOW

    def say(self, text: str) -> Plan:
        plan = self.responder.plan(text, self.language, home=self.state, now=self.now)
        self.state = apply(self.state, plan.effects, now=self.now)
        return plan

    def states(self, *devices: str) -> list[str]:
        return [self.state.device(device).state for device in devices]


@pytest.fixture
def talk(responder: GrammarResponder) -> Talk:
    return Talk(responder, "en")


# --- Intents and slots ----------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text", "name", "slots"),
    [
        ("en", "turn on the floor lamp", "HassTurnOn", {"name": "light.floor_lamp"}),
        (
            "en",
            "turn off the lights in the kitchen",
            "HassTurnOff",
            {"area": "kitchen", "domain": "light"},
        ),
        ("en", "set a timer for five minutes", "HassStartTimer", {"minutes": 5}),
        (
            "en",
            "set the floor lamp to fifty percent",
            "HassLightSet",
            {"brightness": 50, "name": "light.floor_lamp"},
        ),
        (
            "de",
            "stell die heizung auf einundzwanzig grad",
            "HassClimateSetTemperature",
            {"area": "living_room", "temperature": 21},
        ),
        (
            "de",
            "Schalte die Stehlampe ein!",
            "HassTurnOn",
            {"name": "light.floor_lamp"},
        ),
        ("fr", "quelle heure est-il ?", "HassGetCurrentTime", {}),
        (
            "fr",
            "règle la température à vingt et un degrés",
            "HassClimateSetTemperature",
            {"area": "living_room", "temperature": 21},
        ),
        (
            "es",
            "añade leche a la lista de la compra",
            "HassListAddItem",
            {"item": "leche", "name": "todo.shopping"},
        ),
        (
            "es",
            "pon un temporizador de veinticinco minutos",
            "HassStartTimer",
            {"minutes": 25},
        ),
    ],
)
def test_commands_become_intents_with_resolved_slots(
    responder: GrammarResponder, language: str, text: str, name: str, slots: dict
):
    intent = responder.interpret(text, language)
    assert intent is not None
    assert (intent.name, dict(intent.slots)) == (name, slots)
    plan = responder.plan(text, language, home=HOME.initial_state(), now=NOW)
    assert plan.intent == intent
    assert plan.answered_by == "grammar"


@pytest.mark.parametrize(
    ("language", "spellings"),
    [
        ("en", ["what's the time", "What's the time?", "whats the time", "what’s the time"]),
        ("en", ["set a timer for 25 minutes", "set a timer for twenty-five minutes",
                "SET A TIMER FOR TWENTY FIVE MINUTES", "set a timer for 25 minutes."]),
        ("en", ["set the temperature to 21.5 degrees",
                "set the temperature to twenty one and a half degrees"]),
        ("de", ["öffne die Jalousie", "offne die jalousie", "Öffne die Jalousie!"]),
        ("de", ["stelle einen Timer auf 35 Minuten",
                "stelle einen timer auf fünfunddreißig minuten"]),
        ("fr", ["quelle heure est-il", "quelle heure est il", "Quelle heure est-il ?"]),
        ("fr", ["éteins la lumière", "eteins la lumiere"]),
        ("fr", ["la porte d'entrée est-elle verrouillée",
                "la porte d’entrée est elle verrouillée"]),
        ("es", ["¿Qué hora es?", "qué hora es"]),
    ],
)  # fmt: skip
def test_spelling_makes_no_difference(
    responder: GrammarResponder, language: str, spellings: list[str]
):
    intents = {responder.interpret(text, language) for text in spellings}
    assert len(intents) == 1
    assert None not in intents


OPEN_SPEECH = {
    "en": [
        "we will meet in five minutes",
        "she turned in at the hotel",
        "Philip stood undecided, his ears strained to catch the slightest sound.",
        "I have never been to the kitchen of a palace",
        "the weather was fine and nobody had set a timer",
        "what do you think about that",
        "he opened the window and looked at the garden",
        "television",
        "the floor lamp",
        "for twenty years the lamp had been standing in the corner",
    ],
    "de": [
        "Beim nächsten Turnier gelang China die Revanche.",
        "Aber die Pflege der Bewegungsspiele umfasste weitaus mehr.",
        "wir treffen uns in fünf Minuten",
        "zwanzig Prozent erfreut natürlich die Hersteller",
        "er machte das Licht der Welt zu seinem Thema",
        "was meinst du dazu",
    ],
    "fr": [
        "nous nous verrons dans cinq minutes",
        "il ouvrit la fenêtre et regarda le jardin",
        "la lumière du soleil entrait dans la chambre de ma grand-mère",
        "qu'est-ce que vous en pensez",
    ],
    "es": [
        "nos vemos en cinco minutos",
        "la luz del sol entraba en la cocina de mi abuela",
        "en un lugar de la Mancha de cuyo nombre no quiero acordarme",
        "qué piensas de eso",
    ],
}


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language, texts in OPEN_SPEECH.items() for text in texts],
)
def test_open_speech_is_no_command(
    responder: GrammarResponder, language: str, text: str
):
    plan = responder.plan(text, language, home=HOME.initial_state(), now=NOW)
    assert plan.intent is None
    assert plan.effects == ()
    assert plan.reply


@pytest.mark.parametrize("text", ["", "  ", "…", "?", "0", "x" * 5000, "the " * 500])
def test_what_is_hardly_speech_is_not_understood(
    responder: GrammarResponder, text: str
):
    plan = responder.plan(text, "en", home=HOME.initial_state(), now=NOW)
    assert plan.intent is None
    assert plan.reply == LANGUAGES["en"].not_understood
    assert plan.answered_by == "none"


# --- What happens -----------------------------------------------------------------


def test_planning_changes_nothing(responder: GrammarResponder):
    before = HOME.initial_state()
    kept = pickle.dumps(before)
    first = responder.plan("turn on the lights", "en", home=before, now=NOW)
    again = responder.plan("turn on the lights", "en", home=before, now=NOW)
    assert first == again
    assert first.effects
    assert pickle.dumps(before) == kept
    assert pickle.loads(pickle.dumps(first)) == first


def test_lights_by_name_by_place_and_here(talk: Talk):
    lights = ("light.ceiling", "light.floor_lamp", "light.kitchen")
    talk.say("turn on the kitchen lamp")
    assert talk.states(*lights) == ["off", "off", "on"]
    talk.say("turn on the lights")
    assert talk.states(*lights) == ["on", "on", "on"]
    talk.say("turn off the lights in the living room")
    assert talk.states(*lights) == ["off", "off", "on"]
    talk.say("turn off all the lights")
    assert talk.states(*lights) == ["off", "off", "off"]


def test_the_lights_of_a_floor(talk: Talk):
    talk.say("turn on the lights upstairs")
    assert talk.states("light.desk", "light.bedside") == ["on", "on"]
    assert talk.states("light.kitchen") == ["off"]


def test_brightness_and_color(talk: Talk):
    talk.say("set the floor lamp to 30 percent")
    talk.say("set the floor lamp to red")
    lamp = talk.state.device("light.floor_lamp")
    assert (lamp.state, lamp.attribute("brightness")) == ("on", 30)
    assert lamp.attribute("color") == "red"


def test_covers_and_locks(talk: Talk):
    talk.say("open the garage door")
    assert talk.states("cover.garage_door") == ["open"]
    talk.say("set the venetian blinds to 30 percent")
    assert talk.state.device("cover.blinds").attribute("current_position") == 30
    talk.say("unlock the front door")
    assert talk.states("lock.front_door") == ["unlocked"]
    assert talk.say("is the front door locked").reply == "No, unlocked"
    talk.say("lock the front door")
    assert talk.say("is the front door locked").reply == "Yes"


def test_what_is_not_in_this_room_is_meant_in_another(talk: Talk):
    talk.say("open the curtain")
    assert talk.states("cover.curtain") == ["open"]


def test_a_scene_sets_what_belongs_to_it(talk: Talk):
    talk.say("movie night")
    assert talk.states("light.floor_lamp", "cover.blinds", "media_player.tv") == [
        "on",
        "closed",
        "on",
    ]
    assert talk.state.device("cover.blinds").attribute("current_position") == 0


def test_climate(talk: Talk):
    assert talk.say("what's the temperature in the bedroom").reply == "18.5 degrees"
    talk.say("set the temperature in the bedroom to 20 degrees")
    assert talk.state.device("climate.bedroom").attribute("temperature") == 20
    assert "12.5" in talk.say("what is the outdoor temperature").reply


def test_media_and_volume(talk: Talk):
    talk.say("turn on the TV")
    talk.say("pause")
    assert talk.states("media_player.tv") == ["paused"]
    talk.say("resume")
    assert talk.states("media_player.tv") == ["playing"]
    talk.say("set the volume to 60 percent")
    assert talk.state.device("media_player.tv").attribute("volume_level") == 60
    talk.say("turn the volume down")
    assert talk.state.device("media_player.tv").attribute("volume_level") == 50


def test_robots_and_fans(talk: Talk):
    talk.say("vacuum the kitchen")
    robot = talk.state.device("vacuum.robot")
    assert (robot.state, robot.attribute("cleaning_area")) == ("cleaning", "kitchen")
    talk.say("return the robot vacuum to base")
    assert talk.states("vacuum.robot") == ["docked"]
    talk.say("set the ceiling fan to 40 percent")
    assert talk.state.device("fan.bedroom").attribute("percentage") == 40


def test_lists(talk: Talk):
    assert talk.say("add milk to my shopping list").reply == "Added milk"
    listed = [item.text for item in talk.state.device("todo.shopping").items]
    assert listed == ["coffee", "bread", "milk"]
    talk.say("check off coffee from my shopping list")
    assert talk.state.device("todo.shopping").state == "2"
    missing = talk.say("check off caviar from my shopping list")
    assert missing.effects == ()
    assert "couldn't find" in missing.reply


def test_questions_about_several(talk: Talk):
    assert talk.say("are any lights on").reply == "No"
    talk.say("turn on the lights")
    assert talk.say("which lights are on").reply == "ceiling light and floor lamp"
    assert talk.say("how many lights are on").reply == "2"


def test_time_and_date_are_those_of_the_moment(talk: Talk):
    assert talk.say("what time is it").reply == "2:05 PM"
    assert talk.say("what's the date").reply == "November 21st, 2026"
    talk.now += timedelta(hours=12)
    assert talk.say("what time is it").reply == "2:05 AM"


# --- Timers -----------------------------------------------------------------------


def test_a_timer_is_started_asked_for_and_cancelled(talk: Talk):
    assert talk.say("set a timer for ten minutes").reply == "Timer set for 10 minutes"
    (timer,) = talk.state.timers
    assert (timer.language, timer.announcement) == ("en", "The timer has ended.")
    talk.now += timedelta(minutes=3)
    assert talk.say("how much time is left").reply == "7 minutes left."
    talk.say("pause the timer")
    assert talk.state.timers[0].ends is None
    talk.say("resume the timer")
    talk.say("add 5 minutes to the timer")
    assert talk.state.timers[0].seconds_left(talk.now) == 12 * 60
    assert talk.say("cancel the timer").reply == "Timer cancelled"
    assert talk.state.timers == ()
    assert "couldn't find" in talk.say("cancel the timer").reply


def test_named_timers_are_told_apart(talk: Talk):
    talk.say("set a pizza timer for ten minutes")
    talk.say("set a timer for one hour")
    pizza, _ = talk.state.timers
    assert pizza.announcement == "The pizza timer has ended."
    unclear = talk.say("cancel the timer")
    assert unclear.effects == ()
    talk.say("cancel the pizza timer")
    assert [timer.seconds for timer in talk.state.timers] == [3600]
    talk.say("set a timer for 30 minutes")
    talk.say("cancel the 30 minute timer")
    assert [timer.seconds for timer in talk.state.timers] == [3600]
    talk.say("set a timer for 30 minutes")
    assert talk.say("cancel all timers").reply == "Canceled 2 timers."
    assert talk.state.timers == ()


def test_a_delayed_command_waits_and_is_then_done(talk: Talk):
    talk.say("turn on the lights")
    plan = talk.say("turn off the lights in five minutes")
    assert plan.reply == "Command will be executed in 5 minutes"
    assert talk.states("light.ceiling") == ["on"]
    (timer,) = talk.state.timers
    assert timer.announcement == "Turned off the lights"
    talk.state = apply(talk.state, [FinishTimer(timer.id)], now=talk.now)
    assert talk.states("light.ceiling", "light.floor_lamp") == ["off", "off"]


def test_the_end_of_a_timer_is_told_in_the_language_it_was_asked_in(
    responder: GrammarResponder,
):
    talk = Talk(responder, "de")
    talk.say("stelle einen Timer auf fünf Minuten")
    (timer,) = talk.state.timers
    assert timer.announcement == LANGUAGES["de"].timer_ended


# --- Honesty ----------------------------------------------------------------------


def test_an_unknown_device_is_named(talk: Talk):
    plan = talk.say("turn on the unicorn")
    assert plan.intent is None
    assert plan.reply == "Sorry, I am not aware of any device called unicorn"
    assert "attic" in talk.say("turn off the light in the attic").reply


def test_an_unknown_device_is_named_in_german(responder: GrammarResponder):
    assert "backofen" in Talk(responder, "de").say("schalte den backofen ein").reply


def test_the_right_device_in_the_wrong_room_is_not_touched(talk: Talk):
    plan = talk.say("turn on the floor lamp in the kitchen")
    assert plan.effects == ()
    assert "kitchen" in plan.reply


def test_what_is_understood_but_not_possible_is_said_so(talk: Talk):
    plan = talk.say("play the song yesterday by the beatles")
    assert plan.intent is not None
    assert plan.effects == ()
    assert "can't do that yet" in plan.reply


def test_no_success_is_claimed_where_there_is_nothing(talk: Talk):
    plan = talk.say("turn on the fans in the kitchen")
    assert plan.effects == ()
    assert plan.reply == "I couldn't find anything like that."


@pytest.mark.parametrize(
    ("language", "text", "minutes"),
    [
        ("en", "set a timer for an hour", 60),
        ("en", "set a timer for one and a half hours", 90),
        ("de", "stelle einen timer auf eine viertelstunde", 15),
        ("de", "stelle einen timer auf anderthalb stunden", 90),
        ("fr", "minuteur une heure et demie", 90),
        ("fr", "minuteur quatre heures trente", 270),
        ("es", "pon un temporizador de media hora", 30),
    ],
)
def test_durations_as_people_say_them(
    responder: GrammarResponder, language: str, text: str, minutes: int
):
    talk = Talk(responder, language)
    talk.say(text)
    assert [timer.seconds for timer in talk.state.timers] == [minutes * 60]


def test_a_timer_knows_the_room_it_was_started_in(talk: Talk):
    talk.say("set a timer for ten minutes")
    assert talk.state.timers[0].area == "living_room"
    assert talk.say("cancel the timer in the kitchen").effects == ()
    assert talk.say("cancel the timer in the living room").effects != ()


def test_it_says_what_it_is(talk: Talk):
    assert talk.say("who made you").reply == LANGUAGES["en"].disclosure
    assert "Home Assistant" not in talk.say("hello").reply
    assert talk.say("never mind").reply == LANGUAGES["en"].okay


# --- Completeness -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("turn on the floor lamp", Completeness.COMPLETE),
        ("turn off the lights in the kitchen", Completeness.COMPLETE),
        ("what time is it", Completeness.COMPLETE),
        ("turn on the lights", Completeness.EXTENDABLE),
        ("set a timer for five minutes", Completeness.EXTENDABLE),
        ("set a timer for five minutes and ten seconds", Completeness.COMPLETE),
        ("announce dinner", Completeness.EXTENDABLE),
        ("turn on the living", Completeness.PREFIX),
        ("turn on the unicorn", Completeness.OPEN),
        ("we will meet again", Completeness.OPEN),
    ],
)
def test_completeness(talk: Talk, text: str, expected: Completeness):
    assert talk.say(text).completeness is expected


# --- All languages ----------------------------------------------------------------

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
    talk = Talk(GrammarResponder.load(HOME, [language]), language)
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


# --- Languages and loading --------------------------------------------------------


def test_a_language_without_a_grammar_gets_a_polite_sentence():
    responder = GrammarResponder.load(HOME, ["mt", "en"])
    assert responder.languages == ("en",)
    plan = responder.plan("ixgħel id-dawl", "mt", home=HOME.initial_state(), now=NOW)
    assert plan.intent is None
    assert (plan.reply, plan.language) == (LANGUAGES["mt"].not_understood, "mt")
    assert responder.interpret("ixgħel id-dawl", "mt") is None


def test_an_unknown_language_is_refused_at_loading():
    with pytest.raises(ConfigError, match="did you mean 'de'"):
        GrammarResponder.load(HOME, ["deu"])


# --- A home of one's own ----------------------------------------------------------


def test_names_in_one_language_are_understood_in_all(tmp_path: Path):
    path = tmp_path / "home.toml"
    path.write_text(
        '[areas.den]\nnames = "Höhle"\n'
        '[devices."light.x"]\narea = "den"\nnames = ["Fatso (big) lamp", "Fatso"]\n'
    )
    responder = GrammarResponder.load(load_home(path), ["en", "fr"])
    for language, text in (
        ("en", "turn on fatso"),
        ("fr", "allume fatso"),
        ("en", "turn on the fatso (big) lamp"),
    ):
        intent = responder.interpret(text, language)
        assert intent is not None, text
        assert dict(intent.slots) == {"name": "light.x"}
    # Without a place of its own, the assistant means the whole home.
    intent = responder.interpret("turn on the lights", "en")
    assert intent is not None
    assert dict(intent.slots) == {"domain": "light"}


# --- The folder of recordings -----------------------------------------------------

SPEECH = Path(os.environ.get("PARLEY_SPEECH", "../shared/speech"))
INDEX = SPEECH / "dev" / "index.csv"


def clips(kind: str) -> Iterable[tuple[str, str]]:
    with INDEX.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == kind and row["language"] in GRAMMAR_LANGUAGES:
                yield row["language"], row["transcript"]


@pytest.mark.speech
@pytest.mark.skipif(not INDEX.exists(), reason="no folder of recordings there")
def test_the_commands_of_the_recordings_are_understood_and_their_sentences_are_not():
    home = load_home(Path(str(files("voice") / "homes" / "recordings.toml")))
    commands, sentences = list(clips("command")), list(clips("sentence"))
    languages = sorted({language for language, _ in (*commands, *sentences)})
    responder = GrammarResponder.load(home, languages)
    missed = [clip for clip in commands if not responder.interpret(clip[1], clip[0])]
    assert len(missed) <= 0.02 * len(commands), missed
    for language, text in sentences:
        assert responder.interpret(text, language) is None, text
