/**
 * The websocket to the server that this page came from, kept up.
 *
 * What is lost is connected again, after a wait that doubles from half a second to ten.
 */

/** Milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/** A server from which nothing comes within this is not there. Milliseconds. */
const GREETING = 8000;

/** The server hangs up on who sends nothing for two minutes. Milliseconds. */
const KEEP_ALIVE = 30_000;

/** Bytes that may wait to be sent, four seconds of speech: the network is gone. */
const BACKLOG = 128_000;

/**
 * @typedef {object} LinkState
 * @property {"connecting" | "open" | "lost"} name
 * @property {string} reason why it was lost, for people; empty if nobody knows
 * @property {boolean} refused whether the server is there, and let nobody in
 * @property {number} retryAt when the next attempt is due, as `Date.now` counts
 */

/** Close codes of docs/protocol.md, for people. */
const REASONS = {
  1001: "The server was stopped.",
  1011: "Something broke in the server.",
  4408: "Nothing was said for a long time.",
  4410: "This connection is too slow.",
};

/** Browsers can say a key only among the protocols that they offer. */
const PROTOCOL = "realtime";
const KEY = "openai-insecure-api-key.";

const OPENING = { name: "connecting", reason: "", refused: false, retryAt: 0 };

export class Link {
  /** What the server's operator gave out, if a key is needed. */
  key = "";
  #url;
  #on;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {LinkState} */
  #state = OPENING;
  #attempts = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #sent = 0;

  /**
   * @param {string | URL} url
   * @param {object} on
   * @param {(state: LinkState) => void} on.state
   * @param {(message: import("./wire.js").ServerMessage) => void} on.message
   * @param {(pcm: ArrayBuffer) => void} on.audio
   */
  constructor(url, on) {
    this.#url = url;
    this.#on = on;
    addEventListener("online", () => this.retry());
    addEventListener("offline", () => this.#lose("This device is offline."));
    // A page that is thrown away says so: the server need not find out.
    addEventListener("pagehide", () => this.#socket?.close());
    addEventListener("pageshow", (event) => event.persisted && this.retry());
    setInterval(() => this.#keepAlive(), KEEP_ALIVE / 2);
  }

  /** Whether something can be sent. */
  get open() {
    return this.#state.name === "open";
  }

  /** Connect now, unless there is a connection or one on its way. */
  retry() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  /** @param {import("./wire.js").ClientMessage} message */
  send(message) {
    this.#transmit(JSON.stringify(message));
  }

  /** @param {ArrayBuffer} pcm */
  sendAudio(pcm) {
    if ((this.#socket?.bufferedAmount ?? 0) > BACKLOG) {
      this.#lose("This connection is too slow.");
    }
    this.#transmit(pcm);
  }

  /** @param {string | ArrayBuffer} frame */
  #transmit(frame) {
    if (!this.open) return;
    this.#socket?.send(frame);
    this.#sent = Date.now();
  }

  #connect() {
    const protocols = this.key ? [PROTOCOL, KEY + this.key] : [];
    const socket = new WebSocket(this.#url, protocols);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    this.#become(OPENING);
    this.#timer = setTimeout(() => this.#lose(""), GREETING);
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      if (data instanceof ArrayBuffer) this.#on.audio(data);
      else this.#take(JSON.parse(data));
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#lose(REASONS[code] ?? "");
    };
  }

  /** @param {import("./wire.js").ServerMessage} message */
  #take(message) {
    if (message.type === "session.created") {
      clearTimeout(this.#timer);
      this.#attempts = 0;
      this.#become({ name: "open", reason: "", refused: false, retryAt: 0 });
    }
    this.#on.message(message);
  }

  /** @param {string} reason */
  #lose(reason) {
    const socket = this.#socket;
    if (!socket) return;
    const greeted = this.open;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    socket.close();
    // Everybody lost the server at the same moment: let them come back one by one.
    const wait = Math.min(FIRST_WAIT * 2 ** this.#attempts, LONGEST_WAIT);
    const delay = Math.round(wait * (0.75 + Math.random() / 2));
    this.#attempts += 1;
    this.#timer = setTimeout(() => this.#connect(), delay);
    this.#become({ name: "lost", reason, refused: false, retryAt: Date.now() + delay });
    if (!greeted) this.#ask();
  }

  /** A browser does not tell why a websocket was not opened: is anybody there? */
  async #ask() {
    try {
      await fetch("/healthz", { cache: "no-store" });
    } catch {
      return;
    }
    if (this.#state.name !== "lost") return;
    const reason =
      "The server is there, but takes no conversation now: it has no room, is about" +
      " to stop, or wants a key.";
    this.#become({ ...this.#state, reason, refused: true });
  }

  #keepAlive() {
    // An empty piece of audio is ignored, and is a sign of life.
    if (Date.now() - this.#sent >= KEEP_ALIVE / 2) this.#transmit(new ArrayBuffer(0));
  }

  /** @param {LinkState} state */
  #become(state) {
    this.#state = state;
    this.#on.state(state);
  }
}
