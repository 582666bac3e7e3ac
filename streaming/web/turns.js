/**
 * The turns on the page, the newest on top and large.
 */

import { caption } from "./conversation.js";
import { element, icon } from "./elements.js";
import { picture, waterfall } from "./waterfall.js";

/** Turns that stay on the page. */
const KEPT = 30;

/** @typedef {import("./conversation.js").Turn} Turn */

export class Turns {
  #list;
  #told;
  /** @type {Map<string, HTMLLIElement>} */
  #items = new Map();

  /**
   * @param {HTMLOListElement} list
   * @param {HTMLElement} told is read out by a screen reader: each turn once, when it
   *   is answered, and not each word as it comes
   */
  constructor(list, told) {
    this.#list = list;
    this.#told = told;
  }

  /** @param {Turn} turn */
  show(turn) {
    const words = caption(turn);
    // Until there are words it may still be noise.
    if (!words && !turn.reply && !this.#items.has(turn.key)) return;
    const item = this.#items.get(turn.key) ?? this.#add(turn);
    item.dataset.stage = turn.stage;
    item.dataset.status = turn.status ?? "";
    item.dataset.audibleMs = String(turn.marks.audible ?? "");
    draw(item, "you", turn.kind === "announced" ? "" : words || "…", turn.language);
    draw(item, "parley", turn.reply, turn.replyLanguage);
    this.#drawDeeds(item, turn);
    this.#drawEnding(item, turn);
    this.#drawFall(item, turn);
    const isWhole = turn.replyIsWhole || turn.stage === "done";
    if (turn.reply && isWhole && !item.dataset.told) this.#tell(item, turn);
  }

  /**
   * @param {HTMLLIElement} item
   * @param {Turn} turn
   */
  #tell(item, turn) {
    item.dataset.told = "yes";
    const lines = [
      ["You: ", caption(turn), turn.language],
      ["Parley: ", turn.reply, turn.replyLanguage],
      ...turn.changes.map(({ name, state }) => ["", `${name}: ${state}`, turn.language]),
    ].filter(([, text]) => text);
    this.#told.replaceChildren(
      ...lines.map(([who, text, lang]) =>
        element("p", {}, [who, element("span", { lang }, [text])]),
      ),
    );
  }

  /** @param {Turn} turn */
  drop(turn) {
    this.#items.get(turn.key)?.remove();
    this.#items.delete(turn.key);
  }

  /** @param {Turn} turn */
  #add(turn) {
    const item = element("li", { className: "turn" }, [
      said("you", turn.kind === "typed" ? "You typed" : "You"),
      said("parley", "Parley"),
      element("p", { className: "ending" }),
      element("ul", { className: "deeds" }),
      element("div", { className: "fall" }),
    ]);
    this.#items.set(turn.key, item);
    this.#list.prepend(item);
    for (const [key, old] of [...this.#items].slice(0, -KEPT)) {
      old.remove();
      this.#items.delete(key);
    }
    return item;
  }

  /**
   * What was understood, and what it did.
   * @param {HTMLLIElement} item
   * @param {Turn} turn
   */
  #drawDeeds(item, turn) {
    const list = item.querySelector(".deeds");
    const shown = JSON.stringify([turn.intent, turn.changes]);
    if (!(list instanceof HTMLElement) || list.dataset.shown === shown) return;
    list.dataset.shown = shown;
    const changes = turn.changes.map(({ name, state }) =>
      element("li", { className: "deed" }, [icon("check"), `${name}: ${state}`]),
    );
    const understood = turn.intent ? [element("li", {}, [intent(turn.intent)])] : [];
    list.replaceChildren(...changes, ...understood);
  }

  /**
   * @param {HTMLLIElement} item
   * @param {Turn} turn
   */
  #drawEnding(item, turn) {
    const ending = item.querySelector(".ending");
    if (ending) setText(ending, endingOf(turn));
  }

  /**
   * @param {HTMLLIElement} item
   * @param {Turn} turn
   */
  #drawFall(item, turn) {
    const place = item.querySelector(".fall");
    const fall = waterfall(turn);
    if (fall && place && !place.firstChild) place.append(picture(fall));
  }
}

/**
 * @param {string} who
 * @param {string} label
 */
function said(who, label) {
  return element("p", { className: who, hidden: true }, [
    element("span", { className: "who" }, [label]),
    " ",
    element("span", { className: "words" }),
  ]);
}

/**
 * @param {HTMLLIElement} item
 * @param {string} who
 * @param {string} text
 * @param {string} language
 */
function draw(item, who, text, language) {
  const line = item.querySelector(`.${who}`);
  const words = line?.querySelector(".words");
  if (!(line instanceof HTMLElement) || !(words instanceof HTMLElement)) return;
  line.hidden = !text;
  words.lang = language;
  setText(words, text);
}

/**
 * Text that stays is not written anew: it would be read out anew.
 * @param {Element} place
 * @param {string} text
 */
function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** @param {Turn} turn */
function endingOf({ status, heard, reply }) {
  switch (status) {
    case "cancelled":
      if (!reply) return "";
      return heard ? `Cut off after “${heard}”.` : "Cut off before a word was heard.";
    case "failed":
      return "The reply broke off: something failed in the server.";
    case "lost":
      return "The connection was lost before this was answered.";
    default:
      return "";
  }
}

/** @param {NonNullable<Turn["intent"]>} understood */
function intent({ name, slots }) {
  if (name === null) return "not understood";
  const details = Object.entries(slots).map(([slot, value]) => `${slot} ${value}`);
  return [name, ...details].join(" · ");
}
