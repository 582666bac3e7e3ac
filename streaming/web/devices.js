/**
 * How a device of the home is shown: a picture, a word or two, and whether it is active.
 *
 * @typedef {object} Look
 * @property {string} icon a symbol of icons.svg
 * @property {string} state for people
 * @property {boolean} active on, open, running: something that draws the eye
 * @property {boolean} lit whether it gives light to its room
 */

/** Symbols by domain, or by device class where that says more. */
const ICONS = {
  binary_sensor: "window",
  button: "scene",
  climate: "thermostat",
  cover: "blind",
  curtain: "curtain",
  door: "door",
  fan: "fan",
  garage: "garage",
  humidity: "drop",
  input_boolean: "plug",
  lawn_mower: "mower",
  light: "lamp",
  lock: "lock",
  media_player: "speaker",
  scene: "scene",
  script: "scene",
  sensor: "gauge",
  switch: "plug",
  temperature: "thermostat",
  timer: "timer",
  todo: "list",
  tv: "tv",
  vacuum: "vacuum",
  valve: "drop",
  weather: "weather",
  window: "window",
};

/** States that are at rest, whatever the device. */
const RESTING = new Set([
  ...["off", "closed", "locked", "docked", "idle", "paused", "unknown"],
  ...["unavailable", "standby", "0"],
]);

/** Domains whose state is no activity. */
const CALM = new Set(["sensor", "weather", "scene", "script", "button", "person", "todo"]);

/** States of sensors that are `on` or `off`, by device class. */
const OPENINGS = new Set(["door", "window", "garage_door", "opening"]);

/** Between a number and its unit, which nothing shall part. */
const NARROW = "\u202f";

const WEATHER = {
  "clear-night": "clear night",
  "lightning-rainy": "thunderstorm",
  partlycloudy: "partly cloudy",
  "snowy-rainy": "sleet",
  "windy-variant": "windy",
};

/**
 * @param {import("./wire.js").Device} device
 * @returns {Look}
 */
export function look(device) {
  const domain = device.id.split(".")[0];
  const kind = String(device.attributes.device_class ?? domain);
  const active = !CALM.has(domain) && !RESTING.has(device.state);
  const locked = domain === "lock" && device.state === "locked";
  return {
    icon:
      domain === "lock" && !locked ? "unlock" : (ICONS[kind] ?? ICONS[domain] ?? "plug"),
    state: words(domain, kind, device),
    active,
    lit: domain === "light" && active,
  };
}

/**
 * @param {string} domain
 * @param {string} kind
 * @param {import("./wire.js").Device} device
 */
function words(domain, kind, { state, attributes, items }) {
  const { percentage, current_position: position } = attributes;
  const plain = state.replaceAll("_", " ");
  switch (domain) {
    case "light":
      return state === "on" ? light(attributes) : plain;
    case "fan":
      return state === "on" && dimmed(percentage) ? percent(percentage) : plain;
    case "cover":
      return state === "open" && dimmed(position) ? `${plain} ${percent(position)}` : plain;
    case "climate":
      return state === "off" ? plain : warmth(attributes);
    case "sensor":
      return [plain, attributes.unit].filter(Boolean).join(NARROW);
    case "binary_sensor":
      return OPENINGS.has(kind) ? (state === "on" ? "open" : "closed") : plain;
    case "weather":
      return [WEATHER[state] ?? plain, degrees(attributes)].filter(Boolean).join(", ");
    case "todo":
      return items.join(", ") || "empty";
    case "scene":
    case "script":
    case "button":
      return state === "unknown" ? "" : plain;
    default:
      return plain;
  }
}

/** @param {Record<string, string | number>} attributes */
function light({ brightness, color }) {
  const shade = color && color !== "white" ? `, ${color}` : "";
  return (dimmed(brightness) ? percent(brightness) : "on") + shade;
}

/** @param {string | number | undefined} share of a hundred */
function dimmed(share) {
  return Number(share) > 0 && Number(share) < 100;
}

/** @param {string | number} share */
function percent(share) {
  return `${share}${NARROW}%`;
}

/** @param {Record<string, string | number>} attributes */
function warmth({ current_temperature: now, temperature: wanted, unit }) {
  if (wanted === undefined) return "on";
  const aim = `${wanted}${NARROW}${unit ?? "°"}`;
  return now === undefined || now === wanted ? aim : `${now} → ${aim}`;
}

/** @param {Record<string, string | number>} attributes */
function degrees({ temperature, temperature_unit: unit }) {
  return temperature === undefined ? "" : `${temperature}${NARROW}${unit ?? "°"}`;
}
