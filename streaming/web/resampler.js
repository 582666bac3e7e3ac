/**
 * Changes the sample rate of a stream, for the worklets on either side of the wire.
 *
 * A band-limited interpolation: each sample that comes out is a weighted sum of those
 * that came in around it, the weights being a sinc under a Hann window. The two rates
 * have a ratio of whole numbers, so that there are only so many sets of weights.
 */

/** Zero crossings of the sinc on either side: the more, the steeper the filter. */
const CROSSINGS = 12;

/** Where the filter begins to cut, as a share of the narrower band. */
const PASS = 0.94;

export class Resampler {
  /** @type {Float32Array[]} the weights, one set for each position between samples */
  #phases;
  /** @type {Float32Array} what the next call still needs of this one */
  #rest;
  /** Samples that come in while `#up` go out. */
  #down;
  #up;
  #phase = 0;
  /** How many samples the weights reach to either side. */
  #reach;

  /**
   * @param {number} from Hertz of what is fed
   * @param {number} to Hertz of what comes out
   */
  constructor(from, to) {
    const common = divisor(from, to);
    this.#down = from / common;
    this.#up = to / common;
    const band = PASS * Math.min(1, to / from);
    this.#reach = Math.ceil(CROSSINGS / band);
    this.#phases = Array.from({ length: this.#up }, (_, phase) =>
      weights(phase / this.#up, band, this.#reach),
    );
    // Silence before the beginning, so that the first sample is a centre too.
    this.#rest = new Float32Array(this.#reach - 1);
  }

  /**
   * @param {Float32Array} input of any length
   * @returns {Float32Array} all that can be told by now; what is left comes next time
   */
  feed(input) {
    const all = new Float32Array(this.#rest.length + input.length);
    all.set(this.#rest);
    all.set(input, this.#rest.length);
    const taps = 2 * this.#reach;
    const output = [];
    let start = 0;
    while (start + taps <= all.length) {
      output.push(weighted(all, start, this.#phases[this.#phase]));
      this.#phase += this.#down;
      start += Math.floor(this.#phase / this.#up);
      this.#phase %= this.#up;
    }
    this.#rest = all.slice(start);
    return Float32Array.from(output);
  }

  /** @returns {Float32Array} what is still inside; nothing may be fed after it */
  finish() {
    return this.feed(new Float32Array(this.#reach));
  }
}

/**
 * @param {Float32Array} samples
 * @param {number} start
 * @param {Float32Array} by
 */
function weighted(samples, start, by) {
  let sum = 0;
  for (let tap = 0; tap < by.length; tap += 1) sum += by[tap] * samples[start + tap];
  return sum;
}

/**
 * @param {number} fraction where between two samples the output lies, 0 to 1
 * @param {number} band that may pass, as a share of the input's
 * @param {number} reach
 */
function weights(fraction, band, reach) {
  const row = new Float32Array(2 * reach);
  let sum = 0;
  for (let tap = 0; tap < row.length; tap += 1) {
    const distance = tap - (reach - 1) - fraction;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / reach);
    row[tap] = Math.abs(distance) < reach ? sinc(distance * band) * window : 0;
    sum += row[tap];
  }
  // A constant stays what it is, wherever it is asked for.
  return row.map((weight) => weight / sum);
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/**
 * @param {number} a
 * @param {number} b
 * @returns {number} the greatest that divides both
 */
function divisor(a, b) {
  return b === 0 ? a : divisor(b, a % b);
}
