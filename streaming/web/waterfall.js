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
  const zero = kind === "typed" ? marks.sent : timings.speech_ended_ms;
  if (zero === null) return null;
  const total = marks.audible - zero;
  if (total <= 0) return null;

  const spoken = kind === "spoken" && timings.committed_ms !== null;
  const committed = spoken ? timings.committed_ms - zero : 0;
  const spans = spoken ? [span("end of turn awaited", "wait", 0, committed)] : [];
  // The transcript that counted was begun when the pause was noticed; if it had to be
  // made once more, it was ready that much after the decision.
  const redone = timings.finalization_ms ?? 0;
  const noticed = Math.max(0, (marks.noticed ?? zero) - zero);
  const began = redone > 0 ? committed + redone - (timings.recognition_ms ?? 0) : noticed;
  let at = spoken ? Math.max(0, began) : 0;
  for (const [name, stage, took] of /** @type {const} */ ([
    ["speech recognised", "hear", spoken ? timings.recognition_ms : null],
    ["request understood", "think", timings.response_ms],
    ["first words spoken", "speak", timings.synthesis_ms],
  ])) {
    if (took === null) continue;
    spans.push(span(name, stage, at, at + took));
    at += took;
  }
  const left = committed + (timings.first_audio_ms ?? 0);
  spans.push(span("sent and played", "travel", Math.min(left, total), total));
  return {
    total,
    spoken:
      timings.speech_started_ms === null || timings.speech_ended_ms === null
        ? null
        : timings.speech_ended_ms - timings.speech_started_ms,
    spans,
  };
}

/**
 * @param {string} name
 * @param {Span["kind"]} kind
 * @param {number} start
 * @param {number} end
 * @returns {Span}
 */
function span(name, kind, start, end) {
  return { name, kind, start, end };
}

/**
 * @param {Waterfall} fall
 * @returns {HTMLElement}
 */
export function picture({ total, spoken, spans }) {
  const last = Math.max(total, ...spans.map(({ end }) => end));
  const rows = spans.map(({ name, kind, start, end }) => {
    const bar = element("span", { className: `bar ${kind}` });
    bar.style.left = `${(start / last) * 100}%`;
    bar.style.width = `${((end - start) / last) * 100}%`;
    return element("tr", {}, [
      element("th", { scope: "row" }, [name]),
      element("td", { className: "track" }, [bar]),
      element("td", { className: "ms" }, [took(end - start)]),
    ]);
  });
  const words =
    spoken === null ? "Typed." : `You spoke for ${(spoken / 1000).toFixed(1)} s.`;
  const note = `${words} The bars begin at your last word and end with the first sound.`;
  return element("details", { className: "waterfall" }, [
    element("summary", {}, [
      element("span", { className: "total" }, [took(total)]),
      " to the first sound",
      strip(spans, last),
    ]),
    element("table", {}, [element("tbody", {}, rows)]),
    element("p", { className: "note" }, [spoken === null ? typedNote() : note]),
  ]);
}

function typedNote() {
  return "The bars begin when your words left and end with the first sound.";
}

/**
 * The whole in one line, for the eye alone: the table says the same.
 * @param {Span[]} spans
 * @param {number} last
 */
function strip(spans, last) {
  const bars = spans.map(({ kind, start, end }) => {
    const bar = element("span", { className: `bar ${kind}` });
    bar.style.left = `${(start / last) * 100}%`;
    bar.style.width = `${((end - start) / last) * 100}%`;
    return bar;
  });
  return element("span", { className: "strip", ariaHidden: "true" }, bars);
}

/** @param {number} ms */
function took(ms) {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
