/**
 * Which languages may be spoken, and the picker for them.
 */

import { capital, element } from "./elements.js";

const MEMORY = "parley.language";

/** All that are served: each turn decides for itself. */
const AUTOMATIC = "";

export class LanguagePicker {
  #select;
  /** @type {string[]} */
  #served = [];

  /**
   * @param {HTMLSelectElement} select
   * @param {() => void} onChange
   */
  constructor(select, onChange) {
    this.#select = select;
    select.addEventListener("change", () => {
      remember(this.chosen);
      onChange();
    });
  }

  /** @param {string[]} tags what the server serves, from the beginning of a session */
  offer(tags) {
    const wanted = this.#served.length ? this.chosen : recall();
    this.#served = tags;
    const options = tags
      .map((tag) => element("option", { value: tag, lang: tag }, [nameOf(tag)]))
      .sort((one, other) => one.text.localeCompare(other.text));
    const automatic = element("option", { value: AUTOMATIC }, ["Automatic"]);
    this.#select.replaceChildren(automatic, ...options);
    this.#select.value = tags.includes(wanted) ? wanted : AUTOMATIC;
  }

  /** A BCP 47 tag; empty: each turn decides. */
  get chosen() {
    return this.#select.value;
  }

  /** What to tell the server; the first one is that of all that is said by itself. */
  get spoken() {
    if (this.chosen) return [this.chosen];
    return [this.shown, ...this.#served.filter((tag) => tag !== this.shown)];
  }

  /** The language to show things in: the one chosen, or the browser's, if it is served. */
  get shown() {
    if (this.chosen) return this.chosen;
    const preferred = navigator.languages.map((tag) => tag.split("-")[0]);
    const known = preferred.map((tag) => (tag === "no" ? "nb" : tag));
    return known.find((tag) => this.#served.includes(tag)) ?? this.#served[0] ?? "en";
  }
}

/** @param {string} tag */
function nameOf(tag) {
  const own = new Intl.DisplayNames([tag], { type: "language", fallback: "none" });
  return capital(own.of(tag) ?? tag);
}

/** @param {string} language */
function remember(language) {
  try {
    localStorage.setItem(MEMORY, language);
  } catch {
    // Private windows may refuse: then it is chosen once more.
  }
}

function recall() {
  try {
    return localStorage.getItem(MEMORY) ?? AUTOMATIC;
  } catch {
    return AUTOMATIC;
  }
}
