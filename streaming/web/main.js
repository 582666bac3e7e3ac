/**
 * The page: ties what is heard, said, shown and sent together.
 */

import { Conversation } from "./conversation.js";
import { element, icon, part } from "./elements.js";
import { EXAMPLES } from "./examples.js";
import { FloorLine } from "./floor.js";
import { Home } from "./home.js";
import { LanguagePicker } from "./languages.js";
import { Link } from "./link.js";
import { Notices } from "./notices.js";
import { INPUT_RATE, MicrophoneFault, Sound } from "./sound.js";
import { Turns } from "./turns.js";

/** Milliseconds of a reply between two acknowledgements of its playback. */
const ACKNOWLEDGE = 100;

const notices = new Notices();
const floor = new FloorLine();
const turns = new Turns(part("turns", HTMLOListElement), part("told", HTMLElement));
const conversation = new Conversation({
  change: (turn) => turns.show(turn),
  drop: (turn) => turns.drop(turn),
});
const home = new Home(part("rooms", HTMLElement), (change) => conversation.note(change));
const languages = new LanguagePicker(part("language", HTMLSelectElement), choose);

const talk = part("talk", HTMLButtonElement);
const stop = part("stop", HTMLButtonElement);
const voice = part("voice", HTMLButtonElement);
const composer = part("composer", HTMLFormElement);
const field = part("field", HTMLInputElement);

/** Milliseconds of audio sent in this session: the time that the server counts in. */
let sent = 0;
/** When the last of it was captured, by the audio clock. */
let sentUntil = 0;
/** The reply that is acknowledged, and how far. */
let acknowledged = { turn: 0, ms: 0 };
/** Hertz of the reply that is played. */
let rate = 0;

const sound = new Sound({
  onAudio(pcm, end, level) {
    floor.hear(level);
    if (!link.open) return;
    sent += (pcm.byteLength / 2 / INPUT_RATE) * 1000;
    sentUntil = end;
    link.sendAudio(pcm);
  },
  onEnd() {
    showMicrophone();
    notices.tell("microphone", "The microphone is gone. Plug it in and press Talk again.");
  },
  onAudible: (turn, at) => conversation.hear(turn, audioTime(at)),
  onPosition(turn, ms, level) {
    floor.speak(level);
    const news = turn !== acknowledged.turn || ms - acknowledged.ms >= ACKNOWLEDGE;
    if (!news && level > 0) return;
    acknowledged = { turn, ms };
    link.send({ type: "parley.playback", turn, position_ms: ms });
  },
});

const link = new Link(new URL("/v1/stream", location.href.replace(/^http/, "ws")), {
  state: onLink,
  message: onMessage,
  audio: (pcm) => sound.play(pcm),
});

/** @param {number} at the audio clock */
function audioTime(at) {
  return sent + (at - sentUntil) * 1000;
}

// What the server says

/** @param {import("./link.js").LinkState} state */
function onLink(state) {
  notices.link(state);
  if (state.name === "open") sent = 0;
  if (state.name === "lost") {
    sound.hush();
    conversation.lose();
    showFloor();
  }
}

/** @param {import("./wire.js").ServerMessage} message */
function onMessage(message) {
  conversation.receive(message);
  switch (message.type) {
    case "session.created":
      languages.offer(message.languages);
      choose();
      break;
    case "session.updated":
      disclose(message.disclosure, message.languages[0]);
      break;
    case "parley.floor":
      showFloor();
      break;
    case "response.created":
      rate = message.rate;
      sound.begin(message.turn, rate);
      break;
    case "parley.duck":
      // Held, it says how far it came; what was not played comes again if it goes on.
      if (message.ducked) sound.hush();
      else sound.begin(message.turn, rate, message.position_ms);
      acknowledged = { turn: message.turn, ms: message.position_ms };
      break;
    case "response.output_audio.done":
      sound.end();
      break;
    case "response.done":
      if (message.status !== "completed") sound.hush();
      break;
    case "parley.home.device":
      home.show(message);
      break;
    case "session.going_away":
      notices.tell("server", "The server is about to stop. The page will wait for it.");
      break;
    case "error":
    case "parley.warning":
      notices.tell("server", message.message);
      break;
  }
}

/**
 * @param {string} text
 * @param {string} language
 */
function disclose(text, language) {
  const place = part("disclosure", HTMLElement);
  place.lang = language;
  place.textContent = text;
}

function showFloor() {
  const idle = sound.listening
    ? "Say something"
    : "Press Talk and say something, or type it";
  floor.show(conversation.floor, idle);
  const stoppable = ["pending", "agent", "overlap"].includes(conversation.floor);
  // What has the focus must not vanish under it.
  if (!stoppable && document.activeElement === stop) field.focus();
  stop.hidden = !stoppable;
}

// What people do

/** The languages were chosen, or must be told to a new session. */
function choose() {
  const { shown } = languages;
  link.send({ type: "session.update", languages: languages.spoken });
  home.forget(shown);
  link.send({ type: "parley.home.watch", language: shown });
  suggest(shown);
}

/** @param {string} language */
function suggest(language) {
  const buttons = (EXAMPLES[language] ?? []).map((text) => {
    const button = element("button", { type: "button", lang: language }, [text]);
    button.addEventListener("click", () => say(text, language));
    return element("li", {}, [button]);
  });
  part("examples", HTMLElement).replaceChildren(...buttons);
}

/**
 * @param {string} text
 * @param {string} language empty: the server decides
 */
function say(text, language) {
  notices.clear("server");
  if (!link.open) {
    notices.tell("server", "There is no connection yet. Your words are kept: send them again.");
    return false;
  }
  // Without a reply that can be heard, it can still be read.
  sound.open().catch(() => notices.tell("sound", "This browser plays no sound."));
  conversation.type(text, language, audioTime(sound.now));
  link.send({ type: "parley.text", text, ...(language && { language }) });
  return true;
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = field.value.trim();
  if (text && say(text, languages.chosen)) field.value = "";
});

talk.addEventListener("click", async () => {
  notices.clear("microphone");
  if (sound.listening) {
    sound.deafen();
    // What was being said is over: no silence will come to tell.
    link.send({ type: "parley.input_end" });
  } else {
    talk.disabled = true;
    await listen();
    talk.disabled = false;
    talk.focus();
  }
  showMicrophone();
});

async function listen() {
  try {
    await sound.listen();
  } catch (error) {
    const obstacle = error instanceof MicrophoneFault ? error.obstacle : "broken";
    notices.microphone(obstacle);
  }
}

function showMicrophone() {
  const { listening } = sound;
  talk.classList.toggle("listening", listening);
  talk.replaceChildren(icon("mic"), element("span", {}, [listening ? "Mute" : "Talk"]));
  showFloor();
}

stop.addEventListener("click", cancel);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !stop.hidden) cancel();
});

function cancel() {
  sound.hush();
  link.send({ type: "response.cancel" });
}

voice.prepend(icon("speaker"));
voice.addEventListener("click", () => {
  const quiet = voice.getAttribute("aria-pressed") === "true";
  voice.setAttribute("aria-pressed", String(!quiet));
  sound.mute(quiet);
});

showMicrophone();
notices.onRetry(() => link.retry());
notices.onKey((key) => {
  // It is kept no longer than this page: the next one asks again.
  link.key = key;
  link.retry();
});
link.retry();
