/**
 * What was said, turn by turn, as far as the page knows. No DOM, no sockets, no clock.
 *
 * @typedef {object} Turn
 * @property {string} key unlike that of any other turn, those before a lost connection
 *   included
 * @property {number} number of the turn in its session
 * @property {"spoken" | "typed" | "announced"} kind
 * @property {"listening" | "committed" | "answering" | "done"} stage
 * @property {string} words that will not change any more while the utterance lasts
 * @property {string | null} transcript what was understood in the end
 * @property {string} language of what was said; empty while it is unknown
 * @property {{name: string | null, slots: Record<string, string | number>} | null} intent
 * @property {{name: string, state: string}[]} changes of the home that came with it
 * @property {string} reply as far as it is known
 * @property {boolean} replyIsWhole
 * @property {string} replyLanguage
 * @property {"completed" | "cancelled" | "failed" | "lost" | null} status of the reply
 * @property {string} heard words of the reply, if it was cut off
 * @property {import("./wire.js").Timings | null} timings
 * @property {Marks} marks
 *
 * What the page itself saw, on one axis: milliseconds of audio captured in the session.
 * @typedef {object} Marks
 * @property {number | null} sent when typed words left
 * @property {number | null} audible when the first sound of the reply was played
 */

export class Conversation {
  /** @type {import("./wire.js").Floor} */
  floor = "open";
  #session = 0;
  /** @type {Map<number, Turn>} those of this session */
  #turns = new Map();
  /** @type {{text: string, language: string, sent: number}[]} on their way */
  #typed = [];
  #on;

  /**
   * @param {object} on
   * @param {(turn: Turn) => void} on.change a turn is new or has changed
   * @param {(turn: Turn) => void} on.drop a turn was none: noise, or a mere "mhm"
   */
  constructor(on) {
    this.#on = on;
  }

  /** The connection is lost: what was not answered will not be. */
  lose() {
    for (const turn of this.#turns.values()) {
      if (turn.stage === "listening") this.#on.drop(turn);
      else if (turn.stage !== "done") this.#change(turn, { stage: "done", status: "lost" });
    }
    this.#turns.clear();
    this.#typed = [];
    this.#session += 1;
    this.floor = "open";
  }

  /**
   * Something was typed and sent.
   * @param {string} text
   * @param {string} language empty if the server is to choose
   * @param {number} sent milliseconds of audio
   */
  type(text, language, sent) {
    this.#typed.push({ text, language, sent });
  }

  /**
   * A reply is heard from now on.
   * @param {number} number
   * @param {number} audible milliseconds of audio
   */
  hear(number, audible) {
    const turn = this.#turns.get(number);
    if (!turn) return;
    this.#change(turn, { marks: { ...turn.marks, audible } });
  }

  /**
   * The home changed.
   * @param {{name: string, state: string}} change
   */
  note(change) {
    const turn = [...this.#turns.values()].findLast((t) => t.stage !== "listening");
    // A change that somebody else made comes when nobody here is being answered.
    if (!turn || turn.stage === "done") return;
    const others = turn.changes.filter(({ name }) => name !== change.name);
    this.#change(turn, { changes: [...others, change] });
  }

  /** @param {import("./wire.js").ServerMessage} message */
  receive(message) {
    switch (message.type) {
      case "parley.floor":
        this.floor = message.floor;
        if (message.floor === "agent" || message.floor === "open") this.#settle();
        break;
      case "input_audio_buffer.speech_started":
        this.#turn(message.turn, "spoken");
        break;
      case "conversation.item.input_audio_transcription.delta": {
        const turn = this.#turn(message.turn, "spoken");
        const words = [turn.words, message.delta].filter(Boolean).join(" ");
        this.#change(turn, { words });
        break;
      }
      case "input_audio_buffer.committed":
        this.#commit(message.turn);
        break;
      case "conversation.item.input_audio_transcription.completed":
        this.#change(this.#turn(message.turn, "spoken"), {
          transcript: message.transcript,
          language: message.language,
        });
        break;
      case "parley.intent": {
        const { name, slots } = message;
        this.#change(this.#turn(message.turn, "spoken"), { intent: { name, slots } });
        break;
      }
      case "response.created":
        this.#change(this.#turn(message.turn, "announced"), {
          stage: "answering",
          replyLanguage: message.language,
        });
        break;
      case "response.output_audio_transcript.delta": {
        const turn = this.#turn(message.turn, "announced");
        this.#change(turn, { reply: turn.reply + message.delta });
        break;
      }
      case "response.output_audio_transcript.done":
        this.#change(this.#turn(message.turn, "announced"), {
          reply: message.transcript,
          replyIsWhole: true,
        });
        break;
      case "response.done":
        this.#change(this.#turn(message.turn, "announced"), {
          stage: "done",
          status: message.status,
          heard: message.heard_text,
        });
        break;
      case "parley.timings":
        this.#change(this.#turn(message.turn, "announced"), { timings: message });
        break;
    }
  }

  /** @param {number} number */
  #commit(number) {
    const known = this.#turns.get(number);
    const typed = known ? undefined : this.#typed.shift();
    const turn = this.#turn(number, typed ? "typed" : "spoken");
    this.#change(turn, {
      stage: "committed",
      ...(typed && {
        transcript: typed.text,
        language: typed.language,
        marks: { ...turn.marks, sent: typed.sent },
      }),
    });
  }

  /** The floor is no longer the user's: an utterance that was not committed is gone. */
  #settle() {
    for (const turn of this.#turns.values()) {
      if (turn.stage !== "listening") continue;
      this.#turns.delete(turn.number);
      this.#on.drop(turn);
    }
  }

  /**
   * @param {number} number
   * @param {Turn["kind"]} kind if it is new
   * @returns {Turn}
   */
  #turn(number, kind) {
    let turn = this.#turns.get(number);
    if (!turn) {
      turn = {
        key: `${this.#session}:${number}`,
        number,
        kind,
        stage: "listening",
        words: "",
        transcript: null,
        language: "",
        intent: null,
        changes: [],
        reply: "",
        replyIsWhole: false,
        replyLanguage: "",
        status: null,
        heard: "",
        timings: null,
        marks: { sent: null, audible: null },
      };
      this.#turns.set(number, turn);
    }
    return turn;
  }

  /**
   * @param {Turn} turn
   * @param {Partial<Turn>} changes
   */
  #change(turn, changes) {
    Object.assign(turn, changes);
    this.#on.change(turn);
  }
}

/**
 * What to show of an utterance: never less than was shown before.
 * @param {Turn} turn
 */
export function caption({ words, transcript }) {
  // A commit may be taken back; then words follow that the transcript does not have.
  if (transcript === null || words.length > transcript.length) return words;
  return transcript;
}
