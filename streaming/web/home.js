/**
 * The home: its rooms, what is in them, and what just changed.
 */

import { look } from "./devices.js";
import { capital, element, icon } from "./elements.js";
import { Timers, isTimer } from "./timers.js";

/** Milliseconds for which a change is shown as one. */
const FRESH = 2500;

/** Where that is which is in no room. */
const TIMERS = "Timers";
const HOUSE = "The house";

/** @typedef {import("./wire.js").Device} Device */

export class Home {
  #place;
  #onChange;
  /** @type {Map<string, {item: HTMLLIElement, device: Device}>} */
  #tiles = new Map();
  /** @type {Map<string, HTMLElement>} */
  #rooms = new Map();
  #timers = new Timers((id, left) => this.#tick(id, left));
  #language = "";

  /**
   * @param {HTMLElement} place
   * @param {(change: {name: string, state: string}) => void} onChange something
   *   happened to a device
   */
  constructor(place, onChange) {
    this.#place = place;
    this.#onChange = onChange;
  }

  /**
   * Everything will be told anew.
   * @param {string} language in which the names will be
   */
  forget(language) {
    this.#language = language;
    this.#place.replaceChildren();
    this.#tiles.clear();
    this.#rooms.clear();
    this.#timers.forget();
  }

  /** @param {Device} device as it is now */
  show(device) {
    const known = this.#tiles.get(device.id);
    if (this.#timers.take(device) === "over") {
      known?.item.remove();
      this.#tiles.delete(device.id);
      this.#close(TIMERS);
      return;
    }
    const item = known?.item ?? this.#add(device);
    this.#tiles.set(device.id, { item, device });
    this.#draw(item, device);
    const isNews = known ? !alike(known.device, device) : this.#timers.isNew(device);
    if (isNews) this.#announce(item, device);
  }

  /** @param {Device} device */
  #add(device) {
    const item = element("li", { className: "device" });
    item.dataset.id = device.id;
    this.#room(device).querySelector("ul")?.append(item);
    return item;
  }

  /** @param {Device} device */
  #room(device) {
    const name = isTimer(device) ? TIMERS : (device.area ?? HOUSE);
    const known = this.#rooms.get(name);
    if (known) return known;
    const heading = element("h3", {}, [capital(name)]);
    if (name === device.area) heading.lang = this.#language;
    const kind = name === TIMERS ? "room timers" : "room";
    const room = element("section", { className: kind }, [heading, element("ul")]);
    this.#rooms.set(name, room);
    if (name === TIMERS) this.#place.prepend(room);
    else this.#place.append(room);
    return room;
  }

  /** @param {string} name of a room that may be empty by now */
  #close(name) {
    const room = this.#rooms.get(name);
    if (!room || room.querySelector(".device")) return;
    room.remove();
    this.#rooms.delete(name);
  }

  /**
   * @param {HTMLLIElement} item
   * @param {Device} device
   */
  #draw(item, device) {
    const { icon: symbol, active, lit } = look(device);
    item.classList.toggle("active", active);
    item.classList.toggle("lit", lit);
    const name = element("span", { className: "name", lang: this.#language }, [
      nameOf(device),
    ]);
    const state = element("span", { className: "state" }, [this.#state(device)]);
    item.replaceChildren(icon(symbol), name, state);
    // A room is as bright as its lamps.
    const room = item.closest(".room");
    room?.classList.toggle("bright", room.querySelector(".lit") !== null);
  }

  /** @param {Device} device */
  #state(device) {
    return isTimer(device) ? this.#timers.left(device.id) : look(device).state;
  }

  /**
   * @param {string} id
   * @param {string} left
   */
  #tick(id, left) {
    const state = this.#tiles.get(id)?.item.querySelector(".state");
    if (state) state.textContent = left;
  }

  /**
   * @param {HTMLLIElement} item
   * @param {Device} device
   */
  #announce(item, device) {
    item.classList.add("fresh");
    setTimeout(() => item.classList.remove("fresh"), FRESH);
    this.#onChange({ name: nameOf(device), state: this.#state(device) });
  }
}

/** @param {Device} device */
function nameOf(device) {
  return capital(device.name || (isTimer(device) ? "timer" : device.id));
}

/**
 * @param {Device} one
 * @param {Device} other the same at another time
 * @returns {boolean} whether nobody sees a difference
 */
function alike(one, other) {
  if (isTimer(one)) {
    return one.state === other.state && one.attributes.seconds === other.attributes.seconds;
  }
  return look(one).state === look(other).state;
}
