"""What is read aloud, in every language; a table, and what holds for any text."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.languages import LANGUAGES
from voice.plurals import PLURALS
from voice.spoken_forms import in_words, spoken
from voice.synthesizers.espeak import Espeak

WRITTEN = ("21.5 °C", "1 km", "3 km", "50 %", "15:30", "7:00", "−4", "21.11.2026")

READ = {
    "bg": "21 цяло и 5 градуса по Целзий; един километър; 3 километра; 50 процента; 15 часа и 30 минути; 7 часа; минус 4; двадесет и първи ноември 2026",
    "ca": "21 coma 5 graus Celsius; un quilòmetre; 3 quilòmetres; 50 per cent; 15 i 30; 7 en punt; menys 4; 21 de novembre de 2026",
    "cs": "21 celých 5 stupně Celsia; 1 kilometr; 3 kilometry; 50 procent; 15 hodin 30 minut; 7 hodin; minus 4; dvacátého prvního listopadu 2026",
    "da": "21 komma 5 grader celsius; 1 kilometer; 3 kilometer; 50 procent; 15 30; klokken 7; minus 4; 21. november 2026",
    "de": "21 Komma 5 Grad Celsius; ein Kilometer; 3 Kilometer; 50 Prozent; 15 Uhr 30; 7 Uhr; minus 4; einundzwanzigster November 2026",
    "el": "21 κόμμα 5 βαθμοί Κελσίου; 1 χιλιόμετρο; 3 χιλιόμετρα; 50 τοις εκατό; 15 και 30; 7 ακριβώς; μείον 4; 21 Νοεμβρίου 2026",
    "en": "21 point 5 degrees Celsius; 1 kilometer; 3 kilometers; 50 percent; 15 30; 7 o'clock; minus 4; November 21st 2026",
    "es": "21 coma 5 grados centígrados; un kilómetro; 3 kilómetros; 50 por ciento; 15 y 30; 7 en punto; menos 4; 21 de noviembre de 2026",
    "et": "21 koma 5 kraadi; 1 kilomeeter; 3 kilomeetrit; 50 protsenti; 15 30; kell 7; miinus 4; kahekümne esimene november 2026",
    "fi": "21 pilkku 5 astetta; 1 kilometri; 3 kilometriä; 50 prosenttia; 15 30; 7; miinus 4; kahdeskymmenesensimmäinen marraskuuta 2026",
    "fr": "21 virgule 5 degrés Celsius; 1 kilomètre; 3 kilomètres; 50 pour cent; 15 heures 30; 7 heures; moins 4; 21 novembre 2026",
    "ga": "21 pointe 5 céim Celsius; 1 chiliméadar; 3 chiliméadar; 50 faoin gcéad; 15 30; 7 a chlog; lúide 4; 21 Samhain 2026",
    "hr": "21 zarez 5 stupnjeva Celzija; 1 kilometar; 3 kilometra; 50 posto; 15 30; 7 sati; minus 4; dvadeset prvog studenoga 2026",
    "hu": "21 egész 5 tized Celsius-fok; 1 kilométer; 3 kilométer; 50 százalék; 15 óra 30 perc; 7 óra; mínusz 4; 2026 november huszonegyedike",
    "it": "21 virgola 5 gradi centigradi; un chilometro; 3 chilometri; 50 per cento; 15 e 30; 7; meno 4; 21 novembre 2026",
    "lt": "21 kablelis 5 laipsnio Celsijaus; 1 kilometras; 3 kilometrai; 50 procentų; 15 valandų 30; septynios valandos; minus 4; 2026 metų lapkričio dvidešimt pirma",
    "lv": "21 komats 5 grādi pēc Celsija; 1 kilometrs; 3 kilometri; 50 procentu; 15 30; pulksten 7; mīnus 4; 2026. gada 21. novembris",
    "mt": "21 punt 5 grad Celsius; 1 kilometru; 3 kilometri; 50 fil-mija; 15 u 30; 7; nieqes 4; 21 ta' Novembru 2026",
    "nb": "21 komma 5 grader celsius; 1 kilometer; 3 kilometer; 50 prosent; 15 30; klokken 7; minus 4; 21. november 2026",
    "nl": "21 komma 5 graden Celsius; 1 kilometer; 3 kilometer; 50 procent; 15 uur 30; 7 uur; min 4; 21 november 2026",
    "pl": "21 przecinek 5 stopnia Celsjusza; 1 kilometr; 3 kilometry; 50 procent; 15 30; 7 zero zero; minus 4; dwudziestego pierwszego listopada 2026",
    "pt": "21 vírgula 5 graus Celsius; 1 quilómetro; 3 quilómetros; 50 por cento; 15 e 30; 7 horas; menos 4; 21 de novembro de 2026",
    "ro": "21 virgulă 5 grade Celsius; 1 kilometru; 3 kilometri; 50 la sută; 15 și 30; 7 fix; minus 4; 21 noiembrie 2026",
    "sk": "21 celých 5 stupňa Celzia; 1 kilometer; 3 kilometre; 50 percent; 15 hodín 30 minút; 7 hodín; mínus 4; dvadsiateho prvého novembra 2026",
    "sl": "21 celih 5 stopinje Celzija; 1 kilometer; 3 kilometri; 50 odstotkov; 15 30; točno 7; minus 4; enaindvajseti november 2026",
    "sv": "21 komma 5 grader Celsius; en kilometer; 3 kilometer; 50 procent; 15 30; klockan 7; minus 4; tjugoförsta november 2026",
    "uk": "21 кома 5 градуса Цельсія; 1 кілометр; 3 кілометри; 50 відсотків; 15 30; 7 годин; мінус 4; двадцять перше листопада 2026",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_common_forms_in_every_language(language):
    read = tuple(spoken(text, language) for text in WRITTEN)
    assert read == tuple(READ[language].split("; "))


@pytest.mark.parametrize(
    ("language", "written", "read"),
    [
        # Around a sentence, with its stop.
        ("en", "It is 20.5 °C.", "It is 20 point 5 degrees Celsius."),
        ("de", "Es ist 15:30 Uhr.", "Es ist 15 Uhr 30."),
        ("de", "Um 7.30 Uhr, −3 °C", "Um 7 Uhr 30, minus 3 Grad Celsius"),
        ("fr", "Il est 8h05", "Il est 8 heures 5"),
        (
            "fr",
            "Il est 1:00, il fait −0,5 °C",
            "Il est une heure, il fait moins 0 virgule 5 degré Celsius",
        ),
        ("es", "Son las 10.30", "Son las 10 y 30"),
        ("en", "It is 3:30 PM", "It is 3 30 PM"),
        ("en", "It is 3:00 PM", "It is 3 PM"),
        ("en", "It is 3:05", "It is 3 oh 5"),
        ("da", "Klokken 13:00", "Klokken 13"),
        ("fi", "Kello on 10.30", "Kello on 10 30"),
        ("fi", "Kello 10.30", "Kello 10 30"),
        ("nl", "Het is 15:30 uur", "Het is 15 uur 30"),
        ("cs", "Jsou 2:05, 4:30", "Jsou dvě nula 5, 4 hodiny 30 minut"),
        ("bg", "Часът е 1:30", "Часът е един час и 30 минути"),
        ("it", "alle ore 15.45", "alle ore 15 e 45"),
        ("nl", "om 15.30, om 7.30 uur", "om 15 uur 30, om 7 uur 30"),
        ("sv", "Klockan är kl 15.30", "Klockan är klockan 15 30"),
        ("pl", "o godz. 15.30", "o godzinie 15 30"),
        # A duration is no time of day.
        ("en", "1 h 30 min", "1 hour 30 minutes"),
        ("de", "noch 1 h 30 min", "noch eine Stunde 30 Minuten"),
        ("cs", "2 h 30 min", "dvě hodiny 30 minut"),
        # Numbers that have the gender of what they count.
        ("de", "Es ist 01:00", "Es ist ein Uhr"),
        ("de", "um 1 Uhr, 11 Uhr", "um ein Uhr, 11 Uhr"),
        ("de", "1 Minute, −1 °C", "eine Minute, minus ein Grad Celsius"),
        ("de", "1,1 Stunden, 0:1 Grad", "1 Komma 1 Stunden, 0:1 Grad"),
        ("de", "bei -1 Grad", "bei minus ein Grad"),
        ("de", "0,1 %, 2,1 h", "0 Komma 1 Prozent, 2 Komma 1 Stunden"),
        ("cs", "9:22", "9 hodin 22 minut"),
        ("de", "1 Mio. Euro, 2 Mrd.", "eine Million Euro, 2 Milliarden"),
        ("es", "1 hora, 21 grados", "una hora, veintiún grados"),
        ("fr", "21 heures, 1 minute", "vingt-et-une heures, une minute"),
        ("it", "1 grado, 1 s", "un grado, un secondo"),
        ("pt", "2 horas, 2 graus", "duas horas, 2 graus"),
        ("pl", "2 godziny, 2 km", "dwie godziny, 2 kilometry"),
        ("sv", "1 timme, 1 kg", "en timme, 1 kilo"),
        ("el", "3 °C, 3 km", "τρεις βαθμοί Κελσίου, 3 χιλιόμετρα"),
        ("uk", "2 год, 2 км", "дві години, 2 кілометри"),
        # Days before and after months.
        ("it", "il 1 maggio, il 1° maggio", "il primo maggio, il primo maggio"),
        ("ro", "21 mai, 1 mai", "21 mai, întâi mai"),
        (
            "de",
            "Es ist Samstag der 21. November 2026",
            "Es ist Samstag der einundzwanzigste November 2026",
        ),
        ("de", "Am 3. Mai", "Am dritten Mai"),
        (
            "de",
            "Am 3.5. geht es los, bis zum 31. 12.",
            "Am dritten Mai geht es los, bis zum einunddreißigsten Dezember.",
        ),
        ("de", "Es sind 21.5.", "Es sind 21 Komma 5."),
        ("cs", "21. listopadu, 2026", "dvacátého prvního listopadu, 2026"),
        ("hu", "2026. november 21.", "2026. november huszonegyedike"),
        (
            "fi",
            "Tänään on lauantai 21.11.2026",
            "Tänään on lauantai kahdeskymmenesensimmäinen marraskuuta 2026",
        ),
        ("sk", "Dnes je 21. Novembra 2026", "Dnes je dvadsiateho prvého Novembra 2026"),
        ("en", "November 21st, 2026", "November 21st, 2026"),
        ("en", "2026-11-21", "November 21st 2026"),
        ("fr", "le 1/3/2026", "le premier mars 2026"),
        # Numbers.
        ("de", "1.500 W und 1.5 kWh", "1500 Watt und 1 Komma 5 Kilowattstunden"),
        ("en", "1,500 W and 1,5", "1500 watts and 1 point 5"),
        ("en", "3.14 and 2.05", "3 point 1 4 and 2 point 0 5"),
        ("de", "2,05 und 2,0", "2 Komma 0 5 und 2"),
        ("hu", "2,25", "2 egész 25 század"),
        (
            "pl",
            "2 h, 5 h, 22 h, 12 h",
            "dwie godziny, 5 godzin, dwadzieścia dwie godziny, 12 godzin",
        ),
        ("ro", "19 km, 20 km", "19 kilometri, 20 de kilometri"),
        ("ga", "3 km, 8 km", "3 chiliméadar, 8 gciliméadar"),
        ("lv", "21 km, 11 km", "21 kilometrs, 11 kilometru"),
        ("sl", "2 km, 102 km, 5 km", "2 kilometra, 102 kilometra, 5 kilometrov"),
        ("en", "€1,250.50", "1250 point 5 0 euros"),
        ("en", "the 90s, the '90s, in 5 s", "the 90s, the '90s, in 5 seconds"),
        ("en", "the 1990s, 1.21 s", "the 1990s, 1 point 2 1 seconds"),
        ("en", "€5 or 5 €", "5 euros or 5 euros"),
        ("de", "Noch 5 min. warten", "Noch 5 Minuten warten"),
        ("cs", "2 s mlékem, 5 s", "2 s mlékem, 5 sekund"),
        ("lt", "2026 m. lapkričio 21 d.", "2026 metų lapkričio 21 diena"),
        ("en", "Set to 5-10 at -2 °C", "Set to 5-10 at minus 2 degrees Celsius"),
        # Abbreviations.
        (
            "de",
            "Z. B. ca. 5, d. h. z.B. Dr. Weiß",
            "Zum Beispiel circa 5, das heißt zum Beispiel Doktor Weiß",
        ),
        ("de", "Lampen, Licht usw.", "Lampen, Licht und so weiter."),
        ("fr", "M. Dupont, p. ex.", "monsieur Dupont, par exemple."),
        ("es", "p. ej. el Sr. Gil", "por ejemplo el señor Gil"),
        ("en", "e.g. Dr. Smith", "for example Doctor Smith"),
        ("it", "ad es. il sig. Rossi", "ad esempio il signor Rossi"),
        ("sv", "t.ex. kl. 8", "till exempel klockan 8"),
        ("pl", "np. godz. 15:30", "na przykład godzina 15 30"),
        ("uk", "напр. 5 км", "наприклад 5 кілометрів"),
    ],
)
def test_forms_in_their_surroundings(language, written, read):
    assert spoken(written, language) == read


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.168.1.10",
        "version 1.2.3",
        "0049 30 123456",
        "12:30:45",
        "25:99",
        "45.13.2026",
        "www.example.org",
        "a5b 2x4 C3PO",
    ],
)
def test_what_is_no_such_form_stays_as_it_is(language, text):
    assert spoken(text, language) == text


def test_a_language_without_a_table_is_left_alone():
    assert spoken("21.5 °C", "xx") == "21.5 °C"
    assert in_words("21", "xx") == "21"


def test_every_language_has_a_table_and_a_unit_for_each_of_the_common_symbols():
    source = files("voice") / "spoken_forms.toml"
    tables = tomllib.loads(source.read_text(encoding="utf-8"))
    assert set(tables) == set(LANGUAGES)
    common = {entry.split(" ")[0] for entry in tables["de"]["units"]}
    common -= {"Std.", "Min.", "Sek.", "Mio.", "Mrd."}
    for language, table in tables.items():
        units = [entry.partition(" ")[::2] for entry in table["units"]]
        assert common <= {symbol for symbol, _ in units}, language
        plural = PLURALS[table.get("plural", "two")]
        most = 1 + max(plural(n, whole=whole) for n in range(200) for whole in (0, 1))
        assert all(len(words.split("|")) <= most for _, words in units), language
        assert len(table["months"].split()) == 12
        assert len(table.get("days", ())) in (0, 1, 31)
        counted = " ".join(table.get("genders", {}).values()).replace("*", "").split()
        assert set(counted) <= {symbol for symbol, _ in units}, language
        assert len(counted) == len(set(counted)), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_voice_reads_it_all_in_its_own_language(language):
    """eSpeak tells by a mark when it must borrow another voice for a letter."""
    espeak = Espeak.load()
    for text in (*WRITTEN, "2 kWh", "12 km/h", "5 min", "3 hPa"):
        voice = "nb" if language == "nb" else language
        _, phonemes = espeak.render(spoken(text, language), voice)
        assert phonemes
        assert not [p.symbol for p in phonemes if "(" in p.symbol], text


@pytest.mark.parametrize(
    ("language", "read"),
    [
        ("en", "twenty-one degrees"),
        ("de", "einundzwanzig degrees"),
        ("fr", "vingt-et-un degrees"),
        ("uk", "двадцять один degrees"),
        ("nb", "tjueén degrees"),
    ],
)
def test_a_voice_that_knows_no_digits_gets_words(language, read):
    assert in_words("21 degrees", language) == read


@given(st.text(max_size=200), st.sampled_from(sorted(LANGUAGES)))
def test_any_text_can_be_read_and_words_are_kept(text, language):
    read = spoken(text, language)
    if not any(c.isdigit() or c in ".°€" for c in text):
        assert read == text


@given(
    st.integers(0, 10**6),
    st.sampled_from(["°C", "km", "%", "kWh", "min", "h", "€"]),
    st.sampled_from(sorted(LANGUAGES)),
)
def test_a_whole_number_stays_a_number_unless_its_gender_is_heard(
    number, unit, language
):
    counted = spoken(f"{number} {unit}", language)
    words = counted.split()
    assert words[0] == str(number) or not any(map(str.isdigit, counted))
    assert unit not in words
