/**
 * Where the time of a turn went: from the last word to the first sound.
 *
 * The server tells how long each stage took and when the turn was decided; the page
 * knows when it captured a sample and when it played one, on one and the same clock.
 *
 * @typedef {object} Span milliseconds since the last word, or since typed words left
 * @property {string} name
 * @property {"wait" | "hear" | "think" | "speak" | "travel"} kind
 * @property {number} start
 * @property {number} end
 *
 * @typedef {object} Waterfall
 * @property {number} total milliseconds until the first sound
 * @property {number | null} spoken how long the utterance was
 * @property {Span[]} spans
 */

import { element } from "./elements.js";

/**
 * @param {import("./conversation.js").Turn} turn
 * @returns {Waterfall | null} null if the turn was not measured, or not answered
 */
export function waterfall({ timings, marks, kind }) {
  if (!timings || marks.audible === null) return null;
  const typed = kind === "typed";
  const zero = typed ? marks.sent : timings.speech_ended_ms;
  const committed = typed ? zero : timings.committed_ms;
  if (zero === null || committed === null || marks.audible <= zero) return null;

  const total = marks.audible - zero;
  const decided = committed - zero;
  const left = Math.min(total, decided + (timings.first_audio_ms ?? 0));
  const spans = [
    span("end of turn awaited", "wait", 0, typed ? null : decided),
    stage("speech recognised", "hear", "recognition", timings, decided),
    stage("request understood", "think", "response", timings, decided),
    stage("first words spoken", "speak", "synthesis", timings, decided),
    span("sent and played", "travel", left, total - left),
  ].filter((one) => one !== null);
  const { speech_started_ms: started, speech_ended_ms: ended } = timings;
  const spoken = started === null || ended === null ? null : ended - started;
  return { total, spoken, spans };
}

/**
 * @param {string} name
 * @param {Span["kind"]} kind
 * @param {"recognition" | "response" | "synthesis"} which
 * @param {import("./wire.js").Timings} timings
 * @param {number} decided when the server counts from
 */
function stage(name, kind, which, timings, decided) {
  const start = timings[`${which}_start_ms`];
  return start === null ? null : span(name, kind, decided + start, timings[`${which}_ms`]);
}

/**
 * @param {string} name
 * @param {Span["kind"]} kind
 * @param {number} start
 * @param {number | null} took
 * @returns {Span | null}
 */
function span(name, kind, start, took) {
  return took === null ? null : { name, kind, start: Math.max(0, start), end: start + took };
}

/**
 * @param {Waterfall} fall
 * @returns {HTMLElement}
 */
export function picture({ total, spoken, spans }) {
  const last = Math.max(total, ...spans.map(({ end }) => end));
  const rows = spans.map((one) =>
    element("tr", {}, [
      element("th", { scope: "row" }, [one.name]),
      element("td", { className: "track" }, [bar(one, last)]),
      element("td", { className: "ms" }, [milliseconds(one.end - one.start)]),
    ]),
  );
  const from =
    spoken === null
      ? "The bars begin when your words left"
      : `You spoke for ${(spoken / 1000).toFixed(1)} s. The bars begin at your last word`;
  return element("details", { className: "waterfall" }, [
    element("summary", {}, [
      element("span", { className: "total" }, [milliseconds(total)]),
      " to the first sound",
      // For the eye alone: the table says the same.
      element(
        "span",
        { className: "strip", ariaHidden: "true" },
        spans.map((one) => bar(one, last)),
      ),
    ]),
    element("table", {}, [
      element("caption", { className: "hidden" }, ["Where the time went"]),
      element("tbody", {}, rows),
    ]),
    element("p", { className: "note" }, [`${from} and end with the first sound.`]),
  ]);
}

/**
 * @param {Span} span
 * @param {number} last the end of the whole, in milliseconds
 */
function bar({ kind, start, end }, last) {
  const made = element("span", { className: `bar ${kind}` });
  made.style.left = `${(start / last) * 100}%`;
  made.style.width = `${((end - start) / last) * 100}%`;
  return made;
}

/** @param {number} ms */
function milliseconds(ms) {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
