"""The languages: what each is called, what it has, and the fixed sentences in it.

Tables and look-ups only. A language is known everywhere by its BCP 47 tag without
a region: the 24 official languages of the European Union, and Norwegian Bokmål,
Ukrainian and Catalan.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from voice.errors import ClientError, ConfigError

__all__ = [
    "LANGUAGES",
    "Language",
    "canonical",
    "for_client",
    "for_config",
    "get",
    "is_backchannel",
    "timer_ended",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language; the sentences are to be spoken, hence without abbreviations."""

    tag: str
    english: str
    """Its name in English."""
    native: str
    """Its name in itself."""
    grammar: bool = True
    """Whether there are sentences of home commands for it."""
    backchannels: tuple[str, ...]
    """Signs of listening, lower case, without punctuation."""
    not_understood: str
    apology: str
    """Something went wrong on our side."""
    disclosure: str
    """Says that a machine is speaking."""
    okay: str
    """The shortest acknowledgement."""
    timer_ended: str
    named_timer_ended: str
    """With ``{name}`` where the name of the timer goes."""


_TABLE = (
    Language(
        tag="bg",
        english="Bulgarian",
        native="български",
        backchannels=("да", "аха", "мхм", "ъхъ", "добре", "ясно"),
        not_understood="Съжалявам, не разбрах.",
        apology="Съжалявам, нещо се обърка.",
        disclosure="Аз съм гласов асистент, а не човек.",
        okay="Добре.",
        timer_ended="Таймерът изтече.",
        named_timer_ended="Таймерът {name} изтече.",
    ),
    Language(
        tag="ca",
        english="Catalan",
        native="català",
        backchannels=("sí", "aha", "mhm", "ahà", "d'acord", "val", "ja"),
        not_understood="Ho sento, no t'he entès.",
        apology="Ho sento, alguna cosa ha anat malament.",
        disclosure="Sóc un assistent de veu, no una persona.",
        okay="D'acord.",
        timer_ended="El temporitzador ha acabat.",
        named_timer_ended="El temporitzador {name} ha acabat.",
    ),
    Language(
        tag="cs",
        english="Czech",
        native="čeština",
        backchannels=("jo", "ano", "aha", "mhm", "no", "jasně", "dobře"),
        not_understood="Promiňte, nerozuměl jsem.",
        apology="Promiňte, něco se pokazilo.",
        disclosure="Jsem hlasový asistent, ne člověk.",
        okay="Dobře.",
        timer_ended="Časovač skončil.",
        named_timer_ended="Časovač {name} skončil.",
    ),
    Language(
        tag="da",
        english="Danish",
        native="dansk",
        backchannels=("ja", "nå", "mhm", "aha", "jo", "okay", "ja ja"),
        not_understood="Beklager, det forstod jeg ikke.",
        apology="Beklager, noget gik galt.",
        disclosure="Jeg er en stemmeassistent, ikke et menneske.",
        okay="Okay.",
        timer_ended="Timeren er udløbet.",
        named_timer_ended="Timeren {name} er udløbet.",
    ),
    Language(
        tag="de",
        english="German",
        native="Deutsch",
        backchannels=("ja", "mhm", "aha", "hm", "okay", "genau", "ach so", "ja ja"),
        not_understood="Das habe ich leider nicht verstanden.",
        apology="Entschuldigung, da ist etwas schiefgegangen.",
        disclosure="Ich bin ein Sprachassistent, kein Mensch.",
        okay="Okay.",
        timer_ended="Der Timer ist abgelaufen.",
        named_timer_ended="Der Timer {name} ist abgelaufen.",
    ),
    Language(
        tag="el",
        english="Greek",
        native="ελληνικά",
        backchannels=("ναι", "αχά", "μμ", "μάλιστα", "εντάξει", "ναι ναι"),
        not_understood="Συγγνώμη, δεν κατάλαβα.",
        apology="Συγγνώμη, κάτι πήγε στραβά.",
        disclosure="Είμαι φωνητικός βοηθός, όχι άνθρωπος.",
        okay="Εντάξει.",
        timer_ended="Το χρονόμετρο τελείωσε.",
        named_timer_ended="Το χρονόμετρο {name} τελείωσε.",
    ),
    Language(
        tag="en",
        english="English",
        native="English",
        backchannels=(
            "yes",
            "yeah",
            "mhm",
            "uh-huh",
            "uh huh",
            "mm-hmm",
            "hm",
            "okay",
            "right",
            "i see",
        ),
        not_understood="Sorry, I didn't understand that.",
        apology="Sorry, something went wrong.",
        disclosure="I am a voice assistant, not a person.",
        okay="Okay.",
        timer_ended="The timer has ended.",
        named_timer_ended="The {name} timer has ended.",
    ),
    Language(
        tag="es",
        english="Spanish",
        native="español",
        backchannels=("sí", "ajá", "mhm", "ya", "vale", "claro", "sí sí"),
        not_understood="Lo siento, no te he entendido.",
        apology="Lo siento, algo ha ido mal.",
        disclosure="Soy un asistente de voz, no una persona.",
        okay="De acuerdo.",
        timer_ended="El temporizador ha terminado.",
        named_timer_ended="El temporizador {name} ha terminado.",
    ),
    Language(
        tag="et",
        english="Estonian",
        native="eesti",
        backchannels=("jah", "jaa", "ahah", "mhmh", "mhm", "nojah", "selge"),
        not_understood="Vabandust, ma ei saanud aru.",
        apology="Vabandust, midagi läks valesti.",
        disclosure="Ma olen hääleassistent, mitte inimene.",
        okay="Olgu.",
        timer_ended="Taimer lõppes.",
        named_timer_ended="Taimer {name} lõppes.",
    ),
    Language(
        tag="fi",
        english="Finnish",
        native="suomi",
        backchannels=("joo", "juu", "niin", "mhm", "aha", "kyllä", "okei"),
        not_understood="Anteeksi, en ymmärtänyt.",
        apology="Anteeksi, jokin meni vikaan.",
        disclosure="Olen ääniavustaja, en ihminen.",
        okay="Selvä.",
        timer_ended="Ajastin päättyi.",
        named_timer_ended="Ajastin {name} päättyi.",
    ),
    Language(
        tag="fr",
        english="French",
        native="français",
        backchannels=("oui", "ouais", "mhm", "hum", "d'accord", "ah oui", "oui oui"),
        not_understood="Désolé, je n'ai pas compris.",
        apology="Désolé, quelque chose s'est mal passé.",
        disclosure="Je suis un assistant vocal, pas une personne.",
        okay="D'accord.",
        timer_ended="Le minuteur est terminé.",
        named_timer_ended="Le minuteur {name} est terminé.",
    ),
    Language(
        tag="ga",
        english="Irish",
        native="Gaeilge",
        backchannels=("sea", "mhm", "aidhe", "ceart", "maith go leor", "tuigim"),
        not_understood="Tá brón orm, níor thuig mé sin.",
        apology="Tá brón orm, chuaigh rud éigin mícheart.",
        disclosure="Is cúntóir gutha mé, ní duine.",
        okay="Ceart go leor.",
        timer_ended="Tá an t-amadóir críochnaithe.",
        named_timer_ended="Tá an t-amadóir {name} críochnaithe.",
    ),
    Language(
        tag="hr",
        english="Croatian",
        native="hrvatski",
        backchannels=("da", "aha", "mhm", "jasno", "dobro", "je"),
        not_understood="Oprostite, nisam razumio.",
        apology="Oprostite, nešto je pošlo po zlu.",
        disclosure="Ja sam glasovni asistent, a ne osoba.",
        okay="U redu.",
        timer_ended="Timer je istekao.",
        named_timer_ended="Timer {name} je istekao.",
    ),
    Language(
        tag="hu",
        english="Hungarian",
        native="magyar",
        backchannels=("igen", "aha", "ühüm", "mhm", "ja", "jó", "értem"),
        not_understood="Sajnálom, nem értettem.",
        apology="Sajnálom, valami hiba történt.",
        disclosure="Hangasszisztens vagyok, nem ember.",
        okay="Rendben.",
        timer_ended="Az időzítő lejárt.",
        named_timer_ended="A(z) {name} időzítő lejárt.",
    ),
    Language(
        tag="it",
        english="Italian",
        native="italiano",
        backchannels=("sì", "mhm", "ah", "già", "certo", "va bene", "sì sì", "okay"),
        not_understood="Scusa, non ho capito.",
        apology="Scusa, qualcosa è andato storto.",
        disclosure="Sono un assistente vocale, non una persona.",
        okay="Va bene.",
        timer_ended="Il timer è terminato.",
        named_timer_ended="Il timer {name} è terminato.",
    ),
    Language(
        tag="lt",
        english="Lithuanian",
        native="lietuvių",
        backchannels=("taip", "aha", "mhm", "jo", "gerai", "aišku"),
        not_understood="Atsiprašau, nesupratau.",
        apology="Atsiprašau, kažkas nepavyko.",
        disclosure="Aš esu balso asistentas, o ne žmogus.",
        okay="Gerai.",
        timer_ended="Laikmatis baigėsi.",
        named_timer_ended="Laikmatis {name} baigėsi.",
    ),
    Language(
        tag="lv",
        english="Latvian",
        native="latviešu",
        backchannels=("jā", "aha", "mhm", "nu jā", "labi", "skaidrs"),
        not_understood="Atvainojiet, es nesapratu.",
        apology="Atvainojiet, kaut kas nogāja greizi.",
        disclosure="Es esmu balss asistents, nevis cilvēks.",
        okay="Labi.",
        timer_ended="Taimeris ir beidzies.",
        named_timer_ended="Taimeris {name} ir beidzies.",
    ),
    Language(
        tag="mt",
        english="Maltese",
        native="Malti",
        grammar=False,
        backchannels=("iva", "mhm", "aħa", "tajjeb", "sewwa", "orrajt"),
        not_understood="Skużani, ma fhimtx.",
        apology="Skużani, xi ħaġa marret ħażin.",
        disclosure="Jien assistent tal-vuċi, mhux persuna.",
        okay="Tajjeb.",
        timer_ended="It-tajmer spiċċa.",
        named_timer_ended="It-tajmer {name} spiċċa.",
    ),
    Language(
        tag="nb",
        english="Norwegian Bokmål",
        native="norsk bokmål",
        backchannels=("ja", "mhm", "jo", "aha", "nettopp", "ok", "ja ja"),
        not_understood="Beklager, det forsto jeg ikke.",
        apology="Beklager, noe gikk galt.",
        disclosure="Jeg er en stemmeassistent, ikke et menneske.",
        okay="Greit.",
        timer_ended="Timeren er ferdig.",
        named_timer_ended="Timeren {name} er ferdig.",
    ),
    Language(
        tag="nl",
        english="Dutch",
        native="Nederlands",
        backchannels=("ja", "mhm", "hm", "aha", "oké", "precies", "ja ja", "juist"),
        not_understood="Sorry, dat heb ik niet begrepen.",
        apology="Sorry, er ging iets mis.",
        disclosure="Ik ben een spraakassistent, geen mens.",
        okay="Oké.",
        timer_ended="De timer is afgelopen.",
        named_timer_ended="De timer {name} is afgelopen.",
    ),
    Language(
        tag="pl",
        english="Polish",
        native="polski",
        backchannels=("tak", "aha", "mhm", "no", "jasne", "dobrze", "no tak"),
        not_understood="Przepraszam, nie zrozumiałem.",
        apology="Przepraszam, coś poszło nie tak.",
        disclosure="Jestem asystentem głosowym, nie człowiekiem.",
        okay="Dobrze.",
        timer_ended="Minutnik zakończył odliczanie.",
        named_timer_ended="Minutnik {name} zakończył odliczanie.",
    ),
    Language(
        tag="pt",
        english="Portuguese",
        native="português",
        backchannels=("sim", "mhm", "ah", "pois", "pois é", "está bem", "certo"),
        not_understood="Desculpe, não percebi.",
        apology="Desculpe, algo correu mal.",
        disclosure="Sou um assistente de voz, não uma pessoa.",
        okay="Está bem.",
        timer_ended="O temporizador terminou.",
        named_timer_ended="O temporizador {name} terminou.",
    ),
    Language(
        tag="ro",
        english="Romanian",
        native="română",
        backchannels=("da", "aha", "mhm", "așa", "bine", "sigur", "da da"),
        not_understood="Îmi pare rău, nu am înțeles.",
        apology="Îmi pare rău, ceva nu a mers bine.",
        disclosure="Sunt un asistent vocal, nu o persoană.",
        okay="Bine.",
        timer_ended="Cronometrul s-a încheiat.",
        named_timer_ended="Cronometrul {name} s-a încheiat.",
    ),
    Language(
        tag="sk",
        english="Slovak",
        native="slovenčina",
        backchannels=("áno", "hej", "aha", "mhm", "no", "jasné", "dobre"),
        not_understood="Prepáčte, nerozumel som.",
        apology="Prepáčte, niečo sa pokazilo.",
        disclosure="Som hlasový asistent, nie človek.",
        okay="Dobre.",
        timer_ended="Časovač skončil.",
        named_timer_ended="Časovač {name} skončil.",
    ),
    Language(
        tag="sl",
        english="Slovenian",
        native="slovenščina",
        backchannels=("ja", "aha", "mhm", "da", "seveda", "dobro"),
        not_understood="Oprostite, nisem razumel.",
        apology="Oprostite, nekaj je šlo narobe.",
        disclosure="Sem glasovni pomočnik, ne človek.",
        okay="V redu.",
        timer_ended="Časovnik se je iztekel.",
        named_timer_ended="Časovnik {name} se je iztekel.",
    ),
    Language(
        tag="sv",
        english="Swedish",
        native="svenska",
        backchannels=("ja", "mhm", "jo", "aha", "jaha", "just det", "okej"),
        not_understood="Förlåt, det förstod jag inte.",
        apology="Förlåt, något gick fel.",
        disclosure="Jag är en röstassistent, inte en människa.",
        okay="Okej.",
        timer_ended="Timern har gått ut.",
        named_timer_ended="Timern {name} har gått ut.",
    ),
    Language(
        tag="uk",
        english="Ukrainian",
        native="українська",
        backchannels=("так", "ага", "мгм", "угу", "добре", "зрозуміло"),
        not_understood="Вибачте, я не зрозумів.",
        apology="Вибачте, щось пішло не так.",
        disclosure="Я голосовий помічник, а не людина.",
        okay="Добре.",
        timer_ended="Таймер завершився.",
        named_timer_ended="Таймер {name} завершився.",
    ),
)

LANGUAGES: dict[str, Language] = {language.tag: language for language in _TABLE}
"""Every language that Parley knows, by tag, sorted by tag."""

_ALIASES = {"no": "nb", "nn": "nb", "nor": "nb", "gr": "el", "cz": "cs", "dk": "da"}
"""Tags that others use for the same language; Whisper writes ``no``."""


def get(tag: str) -> Language:
    """What is known of the language with that canonical tag.

    Raises:
        KeyError: `tag` is not canonical; pass it through `canonical` first.
    """
    return LANGUAGES[tag]


def canonical(tag: str) -> str | None:
    """The tag that Parley uses for `tag`, None if it is no language of ours.

    Takes regions, scripts, underscores and any case: ``de_AT`` is ``de``; and
    the English or native name: ``German``, ``Deutsch``.
    """
    folded = tag.strip().casefold()
    if folded in _NAMED:
        return _NAMED[folded]
    primary = folded.replace("_", "-").partition("-")[0]
    return _NAMED.get(primary)


_NAMED: dict[str, str] = {
    name.casefold(): language.tag
    for language in _TABLE
    for name in (language.tag, language.english, language.native)
} | _ALIASES


def for_client(tag: str, *, among: Iterable[str] = LANGUAGES) -> str:
    """The canonical tag of a language that a peer asks for.

    Raises:
        ClientError: ``unknown_language``; the message names the closest match.
    """
    known = tuple(among)
    found = canonical(tag)
    if found is None or found not in known:
        raise ClientError("unknown_language", _complaint(tag, known))
    return found


def for_config(tag: str, *, where: str, among: Iterable[str] = LANGUAGES) -> str:
    """The canonical tag of a language that the operator wrote at `where`.

    Raises:
        ConfigError: it is not one of `among`; the message names the closest match.
    """
    known = tuple(among)
    found = canonical(tag)
    if found is None or found not in known:
        raise ConfigError(f"{where}: {_complaint(tag, known)}")
    return found


def _complaint(tag: str, known: tuple[str, ...]) -> str:
    named = {
        name.casefold(): language.tag
        for language in _TABLE
        if language.tag in known
        for name in (language.tag, language.english, language.native)
    }
    close = get_close_matches(tag.strip().casefold(), named, n=1, cutoff=0.5)
    hint = f"did you mean {named[close[0]]!r}? " if close else ""
    return f"unknown language {tag!r}; {hint}known: {', '.join(known)}"


EVERYWHERE = frozenset(
    ("ok", "okay", "hm", "hmm", "mm", "mhm", "mmhm", "mm-hm", "mm-hmm", "uh-huh")
)
"""Signs of listening as recognisers of free text write them in whatever language; those
of a language are what is searched for."""


def is_backchannel(text: str, tag: str) -> bool:
    """Whether `text` is nothing but a sign of listening ("mhm", "ja, ja")."""
    folded = text.casefold().replace("’", "'")
    kept = "".join(c if c.isalnum() or c in "'-" else " " for c in folded)
    words = " ".join(kept.split())
    signs = LANGUAGES[tag].backchannels
    return words in signs or (
        bool(words)
        and all(word in signs or word in EVERYWHERE for word in words.split())
    )


def timer_ended(tag: str, name: str = "") -> str:
    """The sentence that announces the end of a timer, in that language."""
    language = LANGUAGES[tag]
    if not name:
        return language.timer_ended
    return language.named_timer_ended.format(name=name)
