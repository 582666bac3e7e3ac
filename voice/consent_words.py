"""How people agree and disagree, and how they are asked, language by language.

An answer counts only if it is, as a whole, one of these: a yes that anything follows
("yes, but later") is none. Signs of listening ("mhm", "aha", "okay") are no answers:
who only listens has agreed to nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import normalize

__all__ = ["CONSENT", "ConsentWords", "agreement_in", "question"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWords:
    """Of one language."""

    yes: tuple[str, ...]
    """Whole answers, small letters, without punctuation."""
    no: tuple[str, ...]
    question: str
    """With ``{action}`` where what is to be done goes, and how to agree at the end."""
    cancelled: str
    done: str
    failed: str


def _words(
    yes: str, no: str, question: str, *, cancelled: str, done: str, failed: str
) -> ConsentWords:
    return ConsentWords(
        yes=tuple(yes.split("|")),
        no=tuple(no.split("|")),
        question=question,
        cancelled=cancelled,
        done=done,
        failed=failed,
    )


CONSENT: Mapping[str, ConsentWords] = {
    "bg": _words(
        "да|да моля|да направи го|направи го|разбира се",
        "не|не благодаря|не прави това|откажи",
        "Това не може да се отмени: {action}. Да го направя ли? Кажете да или не.",
        cancelled="Добре, няма да го направя.",
        done="Готово.",
        failed="Не се получи.",
    ),
    "ca": _words(
        "sí|sí si us plau|sí fes-ho|fes-ho|endavant",
        "no|no gràcies|no ho facis|cancel·la",
        "Això no es pot desfer: {action}. Ho faig? Digues sí o no.",
        cancelled="D'acord, no ho faig.",
        done="Fet.",
        failed="No ha funcionat.",
    ),
    "cs": _words(
        "ano|ano prosím|ano udělej to|udělej to|jistě",
        "ne|ne děkuji|nedělej to|zruš to",
        "Tohle nejde vrátit: {action}. Mám to udělat? Řekněte ano nebo ne.",
        cancelled="Dobře, neudělám to.",
        done="Hotovo.",
        failed="Nepovedlo se to.",
    ),
    "da": _words(
        "ja|ja tak|ja gør det|gør det|ja gerne",
        "nej|nej tak|lad være|gør det ikke|annuller",
        "Det kan ikke fortrydes: {action}. Skal jeg gøre det? Sig ja eller nej.",
        cancelled="Okay, jeg lader være.",
        done="Det er gjort.",
        failed="Det lykkedes ikke.",
    ),
    "de": _words(
        "ja|ja bitte|ja mach das|mach das|ja tu das|ja gerne",
        "nein|nein danke|lass das|nein lass das|mach das nicht|abbrechen",
        "Das lässt sich nicht rückgängig machen: {action}. Soll ich das tun? Sagen Sie"
        " ja oder nein.",
        cancelled="Gut, ich lasse es.",
        done="Erledigt.",
        failed="Das hat nicht geklappt.",
    ),
    "el": _words(
        "ναι|ναι παρακαλώ|ναι κάν' το|κάν' το|ναι κάντο|κάντο|βεβαίως",
        "όχι|όχι ευχαριστώ|μην το κάνεις|ακύρωση",
        "Αυτό δεν αναιρείται: {action}. Να το κάνω; Πείτε ναι ή όχι.",
        cancelled="Εντάξει, δεν το κάνω.",
        done="Έγινε.",
        failed="Δεν τα κατάφερα.",
    ),
    "en": _words(
        "yes|yes please|yes do it|do it|yes do that|go ahead|yes go ahead",
        "no|no thanks|no thank you|don't|do not|no don't|don't do it|cancel|stop",
        "This cannot be undone: {action}. Shall I do it? Say yes or no.",
        cancelled="All right, I won't.",
        done="Done.",
        failed="That did not work.",
    ),
    "es": _words(
        "sí|sí por favor|sí hazlo|hazlo|adelante|sí adelante",
        "no|no gracias|no lo hagas|cancela",
        "Esto no se puede deshacer: {action}. ¿Lo hago? Diga sí o no.",
        cancelled="De acuerdo, no lo hago.",
        done="Hecho.",
        failed="No ha funcionado.",
    ),
    "et": _words(
        "jah|jah palun|jah tee seda|tee seda|jah tee ära",
        "ei|ei aitäh|ära tee|ära tee seda|tühista",
        "Seda ei saa tagasi võtta: {action}. Kas teen? Öelge jah või ei.",
        cancelled="Hea küll, ma ei tee.",
        done="Tehtud.",
        failed="See ei õnnestunud.",
    ),
    "fi": _words(
        "kyllä|kyllä kiitos|kyllä tee se|tee se|joo tee se",
        "ei|ei kiitos|älä tee|älä tee sitä|peruuta",
        "Tätä ei voi perua: {action}. Teenkö sen? Sano kyllä tai ei.",
        cancelled="Selvä, en tee sitä.",
        done="Tehty.",
        failed="Se ei onnistunut.",
    ),
    "fr": _words(
        "oui|oui s'il te plaît|oui s'il vous plaît|oui vas-y|vas-y|oui fais-le|fais-le",
        "non|non merci|ne fais pas ça|ne le fais pas|annule",
        "C'est irréversible : {action}. Dois-je le faire ? Dites oui ou non.",
        cancelled="D'accord, je ne le fais pas.",
        done="C'est fait.",
        failed="Cela n'a pas marché.",
    ),
    "ga": _words(
        "sea|déan é|sea déan é|déan|sea le do thoil",
        "ní hea|ná déan|ná déan é|cealaigh",
        "Ní féidir é seo a chealú: {action}. An ndéanfaidh mé é? Abair déan nó ná déan.",
        cancelled="Ceart go leor, ní dhéanfaidh mé é.",
        done="Déanta.",
        failed="Níor éirigh leis.",
    ),
    "hr": _words(
        "da|da molim|da učini to|učini to|da napravi to|napravi to",
        "ne|ne hvala|nemoj|nemoj to|odustani",
        "Ovo se ne može poništiti: {action}. Da to učinim? Recite da ili ne.",
        cancelled="U redu, neću.",
        done="Gotovo.",
        failed="Nije uspjelo.",
    ),
    "hu": _words(
        "igen|igen kérem|igen csináld|csináld|igen tedd meg|tedd meg",
        "nem|nem köszönöm|ne csináld|ne tedd|mégse",
        "Ezt nem lehet visszavonni: {action}. Megtegyem? Mondjon igent vagy nemet.",
        cancelled="Rendben, nem teszem meg.",
        done="Kész.",
        failed="Nem sikerült.",
    ),
    "it": _words(
        "sì|sì per favore|sì fallo|fallo|procedi|sì procedi",
        "no|no grazie|non farlo|annulla",
        "Non si può annullare: {action}. Lo faccio? Dica sì o no.",
        cancelled="Va bene, non lo faccio.",
        done="Fatto.",
        failed="Non ha funzionato.",
    ),
    "lt": _words(
        "taip|taip prašau|taip daryk|daryk|taip padaryk|padaryk tai",
        "ne|ne ačiū|nedaryk|nedaryk to|atšauk",
        "To nebus galima atšaukti: {action}. Ar tai padaryti? Sakykite taip arba ne.",
        cancelled="Gerai, nedarysiu.",
        done="Padaryta.",
        failed="Nepavyko.",
    ),
    "lv": _words(
        "jā|jā lūdzu|jā dari|dari to|jā dari to",
        "nē|nē paldies|nedari|nedari to|atcel",
        "To nevar atsaukt: {action}. Vai darīt? Sakiet jā vai nē.",
        cancelled="Labi, nedarīšu.",
        done="Izdarīts.",
        failed="Tas neizdevās.",
    ),
    "mt": _words(
        "iva|iva jekk jogħġbok|iva agħmel|agħmel|agħmilha",
        "le|le grazzi|tagħmilx|tagħmilhiex",
        "Din ma tistax titħassar: {action}. Nagħmilha? Għid iva jew le.",
        cancelled="Tajjeb, ma nagħmilhiex.",
        done="Lest.",
        failed="Ma rnexxietx.",
    ),
    "nb": _words(
        "ja|ja takk|ja gjør det|gjør det|ja gjerne",
        "nei|nei takk|la være|ikke gjør det|avbryt",
        "Dette kan ikke angres: {action}. Skal jeg gjøre det? Si ja eller nei.",
        cancelled="Greit, jeg lar det være.",
        done="Ferdig.",
        failed="Det gikk ikke.",
    ),
    "nl": _words(
        "ja|ja graag|ja doe het|doe het|ja doe dat|doe dat|ja alsjeblieft",
        "nee|nee dank je|doe het niet|doe dat niet|niet doen|annuleer",
        "Dit is niet terug te draaien: {action}. Zal ik het doen? Zeg ja of nee.",
        cancelled="Goed, ik doe het niet.",
        done="Gedaan.",
        failed="Dat is niet gelukt.",
    ),
    "pl": _words(
        "tak|tak proszę|tak zrób to|zrób to",
        "nie|nie dziękuję|nie rób tego|anuluj",
        "Tego nie da się cofnąć: {action}. Czy mam to zrobić? Proszę powiedzieć tak lub"
        " nie.",
        cancelled="Dobrze, nie zrobię tego.",
        done="Zrobione.",
        failed="Nie udało się.",
    ),
    "pt": _words(
        "sim|sim por favor|sim faz isso|faz isso|sim faça|faça isso|avança",
        "não|não obrigado|não obrigada|não faças|não faça|cancela",
        "Isto não pode ser anulado: {action}. Faço? Diga sim ou não.",
        cancelled="Está bem, não faço.",
        done="Feito.",
        failed="Não funcionou.",
    ),
    "ro": _words(
        "da|da te rog|da fă asta|fă asta|da fă-o|fă-o",
        "nu|nu mulțumesc|nu face asta|anulează",
        "Nu se poate anula: {action}. Să o fac? Spuneți da sau nu.",
        cancelled="Bine, nu o fac.",
        done="Gata.",
        failed="Nu a mers.",
    ),
    "sk": _words(
        "áno|áno prosím|áno urob to|urob to|iste",
        "nie|nie ďakujem|nerob to|zruš to",
        "Toto sa nedá vrátiť: {action}. Mám to urobiť? Povedzte áno alebo nie.",
        cancelled="Dobre, neurobím to.",
        done="Hotovo.",
        failed="Nepodarilo sa to.",
    ),
    "sl": _words(
        "ja|da|ja prosim|da prosim|naredi to|ja naredi to",
        "ne|ne hvala|ne naredi tega|ne stori tega|prekliči",
        "Tega ni mogoče razveljaviti: {action}. Naj to storim? Recite ja ali ne.",
        cancelled="V redu, ne bom.",
        done="Opravljeno.",
        failed="Ni uspelo.",
    ),
    "sv": _words(
        "ja|ja tack|ja gör det|gör det|ja gärna",
        "nej|nej tack|låt bli|gör det inte|avbryt",
        "Det går inte att ångra: {action}. Ska jag göra det? Säg ja eller nej.",
        cancelled="Okej, jag låter bli.",
        done="Klart.",
        failed="Det gick inte.",
    ),
    "uk": _words(
        "так|так будь ласка|так зроби це|зроби це",
        "ні|ні дякую|не роби цього|скасуй",
        "Це не можна скасувати: {action}. Зробити це? Скажіть так або ні.",
        cancelled="Добре, не робитиму.",
        done="Готово.",
        failed="Не вийшло.",
    ),
}
"""By canonical tag, every language that Parley knows."""

_MARKS = str.maketrans(dict.fromkeys('.,;:!?¿¡…"«»„“”()') | {"’": "'"})


_ASKING = {"el": ";"}
"""What ends a question, where that is not ``?``."""


def agreement_in(text: str, language: str) -> bool | None:
    """Whether `text` agrees; None if it neither agrees nor disagrees, or asks."""
    words = CONSENT.get(language)
    text = normalize("NFC", text)
    if words is None or "?" in text or _ASKING.get(language, "?") in text:
        return None
    said = " ".join(text.translate(_MARKS).casefold().split())
    if said in [word.casefold() for word in words.yes]:
        return True
    return False if said in [word.casefold() for word in words.no] else None


def question(action: str, language: str) -> str:
    """How to ask whether something irreversible is to be done."""
    words = CONSENT.get(language, CONSENT["en"])
    return words.question.format(action=action)
