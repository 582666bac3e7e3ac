"""In which language a text is written, where nobody says so.

Home Assistant and most web clients send a text to speak without its language, and the
wrong voice makes it useless. Small words and letters of each language are counted; a
word that several candidates share counts less for each of them. It is a guess: who
knows the language says it.
"""

import re
from collections.abc import Mapping, Sequence

__all__ = ["guess", "weigh"]

_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "bg": "и в на се с за да не е от по са това към как ще или съм си има няма часа"
        " включен включена изключен изключена добре светлината температурата таймерът",
        "ca": "el la els les de i a en que és no per amb un una del al són les hi he"
        " han ara encès encesa apagat apagada llum hora minuts temperatura obert",
        "cs": "a v na se je to že s z do o ve si ne jsem jsou byl byla bylo pro ale"
        " jak zapnuto vypnuto světlo je hodin minut teplota zapnuta vypnuta nastaven",
        "da": "og i er det en at på til af for med ikke den har der jeg de et om fra"
        " tændt slukket lyset klokken minutter temperaturen har blev er åbnet",
        "de": "der die das und ist ich nicht ein eine in zu den mit von es sie auf für"
        " im wird wurde dem sind hat uhr licht eingeschaltet ausgeschaltet grad auch",
        "el": "και το η ο τα του της στο στη με για είναι δεν θα από που να οι",
        "en": "the and is to of a in it that was for on you are with not have has be"
        " this turned off light it's there no i degrees minutes at your lights what",
        "es": "el la los las de y a en que es no por con un una del al se lo hay ha"
        " está son luz encendida encendido apagada apagado grados minutos hora ahora",
        "et": "ja on ei see et ta ma oma kui ka aga või siis selle kell minutit kraadi"
        " tuli sisse välja lülitatud praegu taimer seda mis pole",
        "fi": "ja on ei se että en oli kun mutta ovat tai myös nyt kello valo päällä"
        " pois astetta minuuttia sytytetty sammutettu päälle laitettu ole tämä",
        "fr": "le la les de et à en que est ne pas pour avec un une du des il elle au"
        " sur dans allumé allumée éteint éteinte lumière heures minutes degrés sont",
        "ga": "an na agus is tá a ar le go ní i do bhí sé sí ag den leis chun solas"
        " soilse múchta lasta nóiméad uair anois",
        "hr": "i u na je se da za ne su s od to će sam ili kao sve nije uključeno"
        " isključeno svjetlo uključena sati minuta temperatura stupnjeva upaljeno sada",
        "hu": "a az és van nem hogy is egy ez de meg volt már be ki lett ki lámpa óra"
        " perc fok fel bekapcsolva kapcsolva most lekapcsolva felkapcsolva világítás",
        "it": "il la i le di e a in che è non per con un una del della al sono ho si lo"
        " gli luce acceso accesa spento spenta gradi minuti ora alle adesso",
        "lt": "ir yra ne tai į su kad iš buvo o bet nuo šviesa įjungta išjungta"
        " įjungtas išjungtas minučių laipsnių dabar valanda laikmatis per apie",
        "lv": "un ir ne tas ar no uz par ka bet vai tā ieslēgts izslēgts ieslēgta"
        " izslēgta gaisma minūtes grādi tagad pulksten taimeris nav kas",
        "mt": "u hu hija li ta ma fil għal dan din minn huwa mhux il-ħin bil kien jien"
        " tal-ħin fis-siegħa mixgħul mitfi dawl",
        "nb": "og i er det en å på til av for med ikke den har som jeg de et om fra"
        " slått lyset klokka klokken minutter temperaturen ble nå også skrudd",
        "nl": "de het een en is van ik niet te in op dat met voor zijn er aan uit om"
        " die naar licht aangezet uitgezet graden uur minuten ook wordt lampen staat",
        "pl": "i w na się jest to nie z do że o jak są po dla tak od za co ma włączono"
        " wyłączono światło włączone wyłączone godzina minut stopni teraz",
        "pt": "o a os as de e em que é não para com um uma do da no na está são se ao"
        " ligada ligado desligada desligado luz graus minutos hora agora às horas",
        "ro": "și în de la nu este cu un o pe că din pentru sunt ai am lumina aprinsă"
        " stinsă ora minute grade acum s-a a fost pornit oprit se care",
        "sk": "a v na sa je to že s z do o vo si nie som sú bol bola bolo pre ale ako"
        " zapnuté vypnuté svetlo hodín minút teplota zapnutá vypnutá nastavený",
        "sl": "in v na je se da za ne so z od to bo sem ali kot ni prižgana ugasnjena"
        " luč prižgano vklopljeno izklopljeno ura minut temperatura stopinj zdaj",
        "sv": "och i är det en att på till av för med inte den har som jag de ett om"
        " från tänd släckt lampan klockan minuter grader nu tände slog ljuset",
        "uk": "і в на що не з до та це як є у за від ввімкнено вимкнено світло година"
        " хвилин зараз градусів увімкнено температура немає",
    }.items()
}

_LETTERS: Mapping[str, str] = {
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "ca": "çïŀ",
    "cs": "ěřůčšžýáíé",
    "da": "æøå",
    "de": "äöüß",
    "el": "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώ",
    "es": "ñ¿¡áíóú",
    "et": "õäöü",
    "fi": "äö",
    "fr": "çœêèàùîô",
    "ga": "áéíóú",
    "hr": "čćđšž",
    "hu": "őűáéóöü",
    "it": "àèìòù",
    "lt": "ąčęėįšųūž",
    "lv": "āčēģīķļņšūž",
    "mt": "ċġħż",
    "nb": "æøå",
    "pl": "ąćęłńśźż",
    "pt": "ãõçâêáí",
    "ro": "ăâîșțşţ",
    "sk": "ľĺŕôäčšžýáíťď",
    "sl": "čšž",
    "sv": "åäö",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
}
"""Letters that tell a language from those that do without them."""

_LETTER = 0.5
"""What a letter counts, beside a word, which counts 1."""

_PRIOR = 0.6
"""What it counts that the language was spoken a moment ago: less than a word."""

_DOUBT = 0.25
"""What a candidate counts without any evidence, where the share is asked for."""

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

_LOOKED_AT = 600
"""Characters; more would not change the guess."""


def guess(text: str, candidates: Sequence[str], *, recent: str | None = None) -> str:
    """The language that a text is most likely written in.

    Args:
        text: of any length; a longer one makes a better guess.
        candidates: canonical tags, at least one; the first one breaks a tie.
        recent: the language that was spoken a moment ago, if it is known.
    """
    scores = _scores(text, candidates)
    if recent in scores:
        scores[recent] += _PRIOR
    return max(scores, key=lambda tag: scores[tag])


def weigh(text: str, candidates: Sequence[str]) -> tuple[str, float]:
    """The language that `guess` would name, and its share of the evidence.

    Args:
        text: of any length.
        candidates: canonical tags, at least one.

    Returns:
        The tag, and 1 / number of candidates for no evidence at all, rising towards 1
        with every word that no other candidate has; 1 for the only candidate.
    """
    scores = _scores(text, candidates)
    best = max(scores, key=lambda tag: scores[tag])
    doubt = _DOUBT * len(scores) if len(scores) > 1 else 0.0
    if not (evidence := sum(scores.values()) + doubt):
        return best, 1.0
    return best, (scores[best] + doubt / len(scores)) / evidence


def _scores(text: str, candidates: Sequence[str]) -> dict[str, float]:
    folded = text[:_LOOKED_AT].casefold()
    scores = dict.fromkeys(candidates, 0.0)
    for word in _TOKEN.findall(folded):
        _count(scores, [t for t in candidates if word in _WORDS.get(t, ())], 1.0)
    for letter in folded:
        if letter > "\x7f":
            having = [t for t in candidates if letter in _LETTERS.get(t, "")]
            _count(scores, having, _LETTER)
    return scores


def _count(scores: dict[str, float], having: Sequence[str], weight: float) -> None:
    for tag in having:
        scores[tag] += weight / len(having)
