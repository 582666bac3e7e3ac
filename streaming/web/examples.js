/**
 * Something to say, for who has never said anything, in the languages of the fixtures.
 * @type {Record<string, string[]>}
 */
export const EXAMPLES = {
  cs: ["zapni lustr", "nastav časovač na pět minut"],
  da: ["tænd loftlampen"],
  de: [
    "schalte die Küchenlampe ein",
    "stelle einen Timer auf fünf Minuten",
    "wie ist das Wetter",
  ],
  el: ["άναψε το φως της κουζίνας"],
  en: ["turn on the kitchen lamp", "set a timer for five minutes", "what is the weather"],
  es: [
    "enciende la luz de la cocina",
    "pon un temporizador de diez minutos",
    "qué hora es",
  ],
  fi: ["sytytä kattovalo"],
  fr: ["allume le plafonnier", "mets un minuteur de cinq minutes", "quelle heure est-il"],
  hu: ["mennyi az idő"],
  it: ["accendi la luce della cucina", "imposta un timer di cinque minuti"],
  nl: ["doe de keukenlamp aan", "hoe laat is het"],
  pl: ["włącz żyrandol", "ustaw minutnik na pięć minut"],
  pt: ["liga a luz do teto", "que horas são"],
  ro: ["aprinde lustra"],
  sv: ["tänd taklampan", "vad är klockan"],
};
