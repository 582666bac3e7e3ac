/**
 * Who has the floor, and how loud they are: a line from you to Parley, with the button
 * between the two. The left half is yours, the right half is Parley's.
 */

import { part } from "./elements.js";

/** Bars of one half of the line, where it is long; pixels of each, where it is short. */
const BARS = 28;
const PITCH = 6;

/** Milliseconds for which a bar stands before the next one is made. */
const STEP = 45;

/** What is left of a sound one bar later, and what is left of it no more. */
const DECAY = 0.55;
const SILENT = 0.02;

/** What is going on; while the floor is open, that depends on the microphone. */
const SENTENCES = {
  user: "Listening",
  pause: "Listening",
  pending: "One moment",
  agent: "Speaking",
  overlap: "Go on, I am listening",
  closed: "The conversation is over",
};

/**
 * Whose half of the line is alive.
 * @type {Record<import("./wire.js").Floor, ("you" | "parley")[]>}
 */
const HOLDERS = {
  open: [],
  user: ["you"],
  pause: ["you"],
  pending: ["parley"],
  agent: ["parley"],
  overlap: ["you", "parley"],
  closed: [],
};

export class FloorLine {
  #root = part("floor", HTMLElement);
  #sentence = part("sentence", HTMLElement);
  #halves = {
    you: new Half(part("you-line", HTMLCanvasElement)),
    parley: new Half(part("parley-line", HTMLCanvasElement)),
  };
  constructor() {
    const draw = () => this.#draw();
    addEventListener("resize", draw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    requestAnimationFrame(draw);
  }

  /**
   * @param {import("./wire.js").Floor} floor
   * @param {string} idle what to say while nobody speaks
   */
  show(floor, idle) {
    this.#root.dataset.floor = floor;
    this.#sentence.textContent = SENTENCES[floor] ?? idle;
    for (const [who, half] of Object.entries(this.#halves)) {
      half.alive = HOLDERS[floor].includes(/** @type {"you" | "parley"} */ (who));
    }
    this.#draw();
  }

  /** @param {number} level of the user's voice, 0 to 1 */
  hear(level) {
    this.#halves.you.feed(height(level));
  }

  /** @param {number} level of the reply's voice, 0 to 1 */
  speak(level) {
    this.#halves.parley.feed(height(level));
  }

  #draw() {
    for (const half of Object.values(this.#halves)) half.draw();
  }
}

/**
 * @param {number} level of 1
 * @returns {number} how tall that looks: the ear counts in decibels, too
 */
function height(level) {
  return level > 0 ? Math.max(0, 1 + (20 * Math.log10(level) + 6) / 42) : 0;
}

/** What is heard moves along it, from where it is said. */
class Half {
  alive = false;
  #canvas;
  /** @type {number[]} the newest first */
  #levels = Array.from({ length: BARS }, () => 0);
  #loudest = 0;
  #stepped = 0;
  #moving = false;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
  }

  /** @param {number} level 0 to 1 */
  feed(level) {
    this.#loudest = Math.max(this.#loudest, Math.min(1, level));
    if (this.#moving || this.#loudest < SILENT) return;
    this.#moving = true;
    requestAnimationFrame((now) => this.#move(now));
  }

  /** @param {number} now milliseconds */
  #move(now) {
    if (now - this.#stepped >= STEP) {
      this.#stepped = now;
      // A sound dies away, also where it is told more seldom than it is drawn.
      const level = Math.max(this.#loudest, this.#levels[0] * DECAY);
      this.#levels = [level < SILENT ? 0 : level, ...this.#levels.slice(0, -1)];
      this.#loudest = 0;
      this.draw();
    }
    this.#moving = this.#levels.some((level) => level > 0);
    if (this.#moving) requestAnimationFrame((later) => this.#move(later));
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const pen = this.#canvas.getContext("2d");
    if (!pen || !width) return;
    this.#canvas.width = Math.round(width * devicePixelRatio);
    this.#canvas.height = Math.round(height * devicePixelRatio);
    pen.scale(devicePixelRatio, devicePixelRatio);
    const style = getComputedStyle(this.#canvas);
    pen.fillStyle = this.alive ? style.color : style.getPropertyValue("--faint");
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const still = this.alive ? 0.25 : 0;
    const bars = Math.min(BARS, Math.floor(width / PITCH));
    const pitch = width / bars;
    const thick = Math.max(2, Math.min(4, pitch * 0.45));
    this.#levels.slice(0, bars).forEach((level, age) => {
      const tall = Math.max(thick, (calm ? still : level) * height);
      pen.beginPath();
      pen.roundRect(age * pitch, (height - tall) / 2, thick, tall, thick / 2);
      pen.fill();
    });
  }
}
