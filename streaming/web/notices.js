/**
 * What is wrong, and what to do about it; and whether there is a connection.
 */

import { element, part } from "./elements.js";

/** @type {Record<import("./sound.js").Obstacle, string>} */
const OBSTACLES = {
  insecure:
    "Browsers give the microphone only to pages from https and from localhost." +
    " Open this page there, or type instead.",
  refused:
    "The browser may not use the microphone. Allow it beside the address of this" +
    " page, then press Talk again; or type instead.",
  missing: "No microphone was found. Plug one in and press Talk again, or type instead.",
  busy: "Another program holds the microphone. Close it and press Talk again, or type instead.",
  broken: "The microphone could not be started. Reload the page, or type instead.",
};

/** @typedef {"microphone" | "server" | "sound"} Topic */

export class Notices {
  #place = part("notices", HTMLElement);
  #status = part("status", HTMLElement);
  #retry = part("retry", HTMLButtonElement);
  #keyForm = part("key-form", HTMLFormElement);
  /** @type {Map<Topic, HTMLElement>} */
  #shown = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #countdown;

  /** @param {() => void} retry what the button does */
  onRetry(retry) {
    this.#retry.addEventListener("click", retry);
  }

  /** @param {(key: string) => void} use what to do with a key that was typed */
  onKey(use) {
    this.#keyForm.addEventListener("submit", (event) => {
      event.preventDefault();
      use(part("key", HTMLInputElement).value.trim());
    });
  }

  /**
   * @param {Topic} topic of which there is one notice at a time
   * @param {string} text
   */
  tell(topic, text) {
    if (this.#shown.get(topic)?.querySelector("p")?.textContent === text) return;
    this.clear(topic);
    const close = element("button", { type: "button", ariaLabel: "Dismiss" }, ["×"]);
    const notice = element("div", { className: "notice" }, [
      element("p", {}, [text]),
      close,
    ]);
    close.addEventListener("click", () => this.clear(topic));
    this.#shown.set(topic, notice);
    this.#place.append(notice);
  }

  /** @param {Topic} topic */
  clear(topic) {
    this.#shown.get(topic)?.remove();
    this.#shown.delete(topic);
  }

  /** @param {import("./sound.js").Obstacle} obstacle */
  microphone(obstacle) {
    this.tell("microphone", OBSTACLES[obstacle]);
  }

  /** @param {import("./link.js").LinkState} state */
  link({ name, reason, refused, retryAt }) {
    clearInterval(this.#countdown);
    document.documentElement.dataset.link = name;
    this.#retry.hidden = name !== "lost";
    // Who is typing a key is not disturbed by an attempt without it.
    if (refused) this.#keyForm.hidden = false;
    if (name === "open") this.#keyForm.hidden = true;
    if (name === "open") this.clear("server");
    if (name !== "lost") {
      this.#say(name === "open" ? "Connected" : "Connecting");
      return;
    }
    const why = reason || "The server does not answer.";
    this.tell("server", `Connection lost. ${why}`);
    const count = () => {
      const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
      this.#say(`Trying again in ${seconds} s`);
    };
    count();
    this.#countdown = setInterval(count, 500);
  }

  /** @param {string} text */
  #say(text) {
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }
}
