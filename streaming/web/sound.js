/**
 * The audio of the page: one clock, one microphone in, one voice out.
 *
 * Browsers let a page make sound, and listen, only after somebody has done something
 * on it: call `open` from a click or a key.
 */

/** Hertz at which the page speaks to the server. */
export const INPUT_RATE = 16000;

/**
 * What keeps the microphone away.
 * @typedef {"insecure" | "refused" | "missing" | "busy" | "broken"} Obstacle
 */

export class MicrophoneFault extends Error {
  /** @param {Obstacle} obstacle */
  constructor(obstacle) {
    super(obstacle);
    this.obstacle = obstacle;
  }
}

/** What `getUserMedia` throws, by name. */
const OBSTACLES = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

/**
 * @typedef {object} Ears
 * @property {(pcm: ArrayBuffer, end: number, level: number) => void} onAudio a piece was
 *   captured, whose last sample is from the time `end` of the audio clock
 * @property {() => void} onEnd the microphone was unplugged, or taken away
 * @property {(turn: number, at: number) => void} onAudible a reply is heard from now on
 * @property {(turn: number, ms: number, level: number) => void} onPosition so much of a
 *   reply was heard, and so loud
 */

export class Sound {
  /** @type {AudioContext | undefined} */
  #context;
  /** @type {Promise<AudioContext> | undefined} */
  #opening;
  /** @type {AudioWorkletNode | undefined} */
  #player;
  /** @type {{message: object, transfer: Transferable[]}[]} said before it was there */
  #untold = [];
  /** @type {GainNode | undefined} */
  #volume;
  /** @type {MediaStream | undefined} */
  #stream;
  /** @type {AudioNode[]} */
  #capturing = [];
  #ears;
  #muted = false;

  /** @param {Ears} ears */
  constructor(ears) {
    this.#ears = ears;
  }

  /** Whether the microphone is on. */
  get listening() {
    return this.#stream !== undefined;
  }

  /** Seconds of the audio clock; 0 before `open`. */
  get now() {
    return this.#context?.currentTime ?? 0;
  }

  /** Make sound possible; does nothing if it is. */
  async open() {
    this.#opening ??= this.#start().catch((error) => {
      // The next click may have more luck.
      this.#context?.close();
      this.#context = this.#opening = undefined;
      this.#untold = [];
      throw error;
    });
    const context = await this.#opening;
    if (context.state !== "running") await context.resume();
    return context;
  }

  async #start() {
    const context = new AudioContext({ latencyHint: "interactive" });
    this.#context = context;
    await Promise.all(
      ["capture.js", "playback.js"].map((file) =>
        context.audioWorklet.addModule(new URL(file, import.meta.url)),
      ),
    );
    this.#volume = new GainNode(context, { gain: this.#muted ? 0 : 1 });
    this.#player = new AudioWorkletNode(context, "playback", {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    this.#player.connect(this.#volume).connect(context.destination);
    this.#player.port.onmessage = ({ data }) => this.#told(data);
    for (const { message, transfer } of this.#untold.splice(0)) {
      this.#player.port.postMessage(message, transfer);
    }
    return context;
  }

  /**
   * Turn the microphone on.
   * @throws {MicrophoneFault}
   */
  async listen() {
    if (!navigator.mediaDevices?.getUserMedia) throw new MicrophoneFault("insecure");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: {
          channelCount: 1,
          // The voice of the page must not come back to it from the loudspeaker.
          echoCancellation: true,
          autoGainControl: true,
          noiseSuppression: true,
        },
      });
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      throw new MicrophoneFault(OBSTACLES[name] ?? "broken");
    }
    try {
      const context = await this.open();
      const source = context.createMediaStreamSource(stream);
      const capture = new AudioWorkletNode(context, "capture", {
        channelCount: 1,
        channelCountMode: "explicit",
        processorOptions: { rate: INPUT_RATE },
      });
      capture.port.onmessage = ({ data }) =>
        this.#ears.onAudio(data.pcm, data.end, data.level);
      // It says nothing, but a node that leads nowhere may be left to sleep.
      source.connect(capture).connect(context.destination);
      this.#capturing = [source, capture];
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
    this.#stream = stream;
    stream.getAudioTracks()[0].onended = () => {
      this.deafen();
      this.#ears.onEnd();
    };
  }

  /** Turn the microphone off: the browser shows that nobody listens any more. */
  deafen() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    for (const node of this.#capturing) {
      node.disconnect();
      if (node instanceof AudioWorkletNode) node.port.onmessage = null;
    }
    this.#stream = undefined;
    this.#capturing = [];
  }

  /**
   * A reply begins, or goes on.
   * @param {number} turn
   * @param {number} rate Hertz
   * @param {number} ms how much of it was played before
   */
  begin(turn, rate, ms = 0) {
    this.#tell({ type: "begin", turn, rate, ms });
  }

  /** @param {ArrayBuffer} pcm the next piece of the reply */
  play(pcm) {
    this.#tell({ type: "audio", pcm }, [pcm]);
  }

  /** The reply has no more pieces. */
  end() {
    this.#tell({ type: "end" });
  }

  /** Fall silent at once. */
  hush() {
    this.#untold = [];
    this.#tell({ type: "clear" });
  }

  /** @param {boolean} muted whether replies are to be seen and not heard */
  mute(muted) {
    this.#muted = muted;
    if (this.#volume) this.#volume.gain.value = muted ? 0 : 1;
  }

  /**
   * Where somebody types, the answer may come sooner than the player is there.
   * @param {object} message
   * @param {Transferable[]} transfer
   */
  #tell(message, transfer = []) {
    if (this.#player) this.#player.port.postMessage(message, transfer);
    else if (this.#opening) this.#untold.push({ message, transfer });
  }

  /** @param {{type: string, turn: number, at: number, ms: number, level: number}} news */
  #told(news) {
    if (news.type === "audible") {
      this.#ears.onAudible(news.turn, news.at);
      return;
    }
    // What was rendered is on its way to the ear for a moment longer.
    const latency = Math.round((this.#context?.outputLatency ?? 0) * 1000);
    const done = news.type === "played";
    const heard = done ? news.ms : Math.max(0, news.ms - latency);
    this.#ears.onPosition(news.turn, heard, done ? 0 : news.level);
  }
}
