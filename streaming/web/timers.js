/**
 * The timers of the home, which go on between two messages.
 *
 * @typedef {import("./wire.js").Device} Device
 *
 * @typedef {object} Timer
 * @property {boolean} paused
 * @property {number} ends as `Date.now` counts
 * @property {number} left seconds, while it is paused
 */

export class Timers {
  /** @type {Map<string, Timer>} */
  #timers = new Map();
  #onTick;

  /** @param {(id: string, left: string) => void} onTick called every second for each */
  constructor(onTick) {
    this.#onTick = onTick;
    setInterval(() => {
      for (const id of this.#timers.keys()) this.#onTick(id, this.left(id));
    }, 1000);
  }

  forget() {
    this.#timers.clear();
  }

  /**
   * @param {Device} device which may be a timer
   * @returns {"running" | "over" | "no timer"}
   */
  take(device) {
    if (!isTimer(device)) return "no timer";
    if (device.state === "idle") {
      this.#timers.delete(device.id);
      return "over";
    }
    const left = Number(device.attributes.seconds_left);
    const ends = Date.now() + left * 1000;
    this.#timers.set(device.id, { paused: device.state === "paused", ends, left });
    return "running";
  }

  /** @param {Device} device which may be a timer, and may have been started just now */
  isNew(device) {
    const { seconds, seconds_left: left } = device.attributes;
    return isTimer(device) && Number(left) >= Number(seconds);
  }

  /**
   * @param {string} id
   * @returns {string} what its clock shows
   */
  left(id) {
    const timer = this.#timers.get(id);
    if (!timer) return "";
    if (timer.paused) return `${clock(timer.left)}, paused`;
    return clock(Math.max(0, Math.round((timer.ends - Date.now()) / 1000)));
  }
}

/** @param {Device} device */
export function isTimer(device) {
  return device.id.startsWith("timer.");
}

/** @param {number} seconds */
function clock(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const shown = hours ? [hours, minutes, seconds % 60] : [minutes, seconds % 60];
  return shown.map((part, n) => (n ? String(part).padStart(2, "0") : part)).join(":");
}
