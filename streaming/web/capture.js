/**
 * The worklet that hears the microphone: pieces of 20 ms of PCM16 at the wire's rate.
 *
 * It posts `{pcm, end, level}`: the samples, the time of the audio clock at which the
 * last of them was captured, and how loud they are, from 0 to 1.
 */

import { Resampler } from "./resampler.js";

const SECONDS = 0.02;

class Capture extends AudioWorkletProcessor {
  /** @param {{processorOptions: {rate: number}}} options `rate`: Hertz of the wire */
  constructor(options) {
    super();
    this.resampler = new Resampler(sampleRate, options.processorOptions.rate);
    this.piece = new Float32Array(Math.round(sampleRate * SECONDS));
    this.filled = 0;
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const [samples] = inputs[0];
    // Without a source there is no channel: nothing is heard, and no time goes by.
    if (samples) this.collect(samples);
    return true;
  }

  /** @param {Float32Array} samples */
  collect(samples) {
    for (let start = 0; start < samples.length; ) {
      const room = this.piece.length - this.filled;
      const part = samples.subarray(start, start + room);
      this.piece.set(part, this.filled);
      this.filled += part.length;
      start += part.length;
      if (this.filled === this.piece.length) {
        this.filled = 0;
        this.deliver((currentFrame + start) / sampleRate);
      }
    }
  }

  /** @param {number} end */
  deliver(end) {
    const level = loudness(this.piece);
    const pcm = toPcm(this.resampler.feed(this.piece)).buffer;
    this.port.postMessage({ pcm, end, level }, [pcm]);
  }
}

/** @param {Float32Array} samples */
function toPcm(samples) {
  // An Int16Array would let what is too loud begin anew from the other side.
  return Int16Array.from(samples, (sample) =>
    Math.round(Math.max(-1, Math.min(1, sample)) * 32767),
  );
}

/** @param {Float32Array} samples */
function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / samples.length);
}

registerProcessor("capture", Capture);
