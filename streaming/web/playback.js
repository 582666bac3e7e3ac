/**
 * The worklet that plays replies, and knows how much of each was heard.
 *
 * It takes `{type: "begin", turn, rate, ms}`, where `ms` is how much of the reply was
 * played before, `{type: "audio", pcm}`, `{type: "end"}` and `{type: "clear"}`, and posts
 * `{type: "audible", turn, at}` when the first sample that one can hear is rendered,
 * `{type: "position", turn, ms, level}` twenty times a second while it plays, and
 * `{type: "played", turn, ms}` when it has come to its end, or was cut off.
 */

import { Resampler } from "./resampler.js";

/** Samples as loud as this are heard: -41 dBFS, as in `parley bench`. */
const AUDIBLE = 300 / 32768;

/** Seconds between two positions. */
const REPORT = 0.05;

/** Seconds in which a reply that is cut off fades away, so that there is no click. */
const FADE = 0.006;

/**
 * The audio of one reply that was not rendered yet.
 * @typedef {object} Reply
 * @property {number} turn
 * @property {Resampler} resampler
 * @property {Float32Array[]} pieces
 * @property {number} offset into the first piece
 * @property {number} frames rendered so far
 * @property {boolean} complete whether there is nothing to come
 * @property {boolean} audible whether something of it was heard
 */

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    /** @type {Reply[]} the first one is playing */
    this.replies = [];
    this.reported = 0;
    this.loudest = 0;
    this.port.onmessage = ({ data }) => this.take(data);
  }

  /** @param {{type: string, turn: number, rate: number, ms: number, pcm: ArrayBuffer}} message */
  take(message) {
    const newest = this.replies.at(-1);
    switch (message.type) {
      case "begin":
        // The one before it will get nothing more, whatever was said about it.
        if (newest) newest.complete = true;
        this.replies.push({
          turn: message.turn,
          resampler: new Resampler(message.rate, sampleRate),
          pieces: [],
          offset: 0,
          frames: Math.round((message.ms / 1000) * sampleRate),
          complete: false,
          audible: message.ms > 0,
        });
        break;
      case "audio":
        if (newest && !newest.complete) {
          newest.pieces.push(newest.resampler.feed(fromPcm(message.pcm)));
        }
        break;
      case "end":
        if (newest && !newest.complete) {
          newest.pieces.push(newest.resampler.finish());
          newest.complete = true;
        }
        break;
      case "clear":
        this.clear();
        break;
    }
  }

  clear() {
    const [playing] = this.replies;
    this.replies = [];
    if (!playing?.pieces.length || !playing.frames) return;
    const next = playing.pieces[0].subarray(playing.offset);
    const length = Math.min(next.length, Math.round(FADE * sampleRate));
    const faded = next.slice(0, length).map((sample, n) => sample * (1 - n / length));
    this.replies = [{ ...playing, pieces: [faded], offset: 0, complete: true }];
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    const [output] = outputs[0];
    let filled = 0;
    while (filled < output.length && this.replies.length) {
      const [playing] = this.replies;
      const taken = this.render(playing, output, filled);
      filled += taken;
      if (taken === 0) {
        // Late audio is silence, and no part of the reply.
        if (!playing.complete) break;
        this.replies.shift();
        this.report("played", playing);
      }
    }
    const due = currentTime - this.reported >= REPORT;
    if (due && this.replies[0]?.frames) this.report("position", this.replies[0]);
    return true;
  }

  /**
   * @param {Reply} reply
   * @param {Float32Array} output
   * @param {number} from
   * @returns {number} how many samples there were
   */
  render(reply, output, from) {
    const [piece] = reply.pieces;
    if (!piece) return 0;
    const part = piece.subarray(reply.offset, reply.offset + output.length - from);
    output.set(part, from);
    this.listen(reply, part, from);
    reply.frames += part.length;
    reply.offset += part.length;
    if (reply.offset === piece.length) {
      reply.pieces.shift();
      reply.offset = 0;
    }
    // A piece may be empty, when the resampler still waits for more.
    return part.length || this.render(reply, output, from);
  }

  /**
   * @param {Reply} reply
   * @param {Float32Array} part
   * @param {number} from
   */
  listen(reply, part, from) {
    part.forEach((sample, n) => {
      const loud = Math.abs(sample);
      this.loudest = Math.max(this.loudest, loud);
      if (loud < AUDIBLE || reply.audible) return;
      reply.audible = true;
      const at = (currentFrame + from + n) / sampleRate;
      this.port.postMessage({ type: "audible", turn: reply.turn, at });
    });
  }

  /**
   * @param {"position" | "played"} type
   * @param {Reply} reply
   */
  report(type, { turn, frames }) {
    const ms = Math.round((frames / sampleRate) * 1000);
    this.port.postMessage({ type, turn, ms, level: this.loudest });
    this.reported = currentTime;
    this.loudest = 0;
  }
}

/** @param {ArrayBuffer} pcm */
function fromPcm(pcm) {
  return Float32Array.from(new Int16Array(pcm), (sample) => sample / 32768);
}

registerProcessor("playback", Playback);
