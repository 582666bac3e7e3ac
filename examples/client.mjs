// Speak a recording to Parley, print what it heard and keep its answer.
//
//     node client.mjs question.wav answer.wav [ws://127.0.0.1:8765/v1/stream]
//
// Node 22 or later (20 with --experimental-websocket), without any package. In a
// browser the same WebSocket takes what an AudioWorklet delivers; see streaming/web.
import { readFileSync, writeFileSync } from "node:fs";

const FRAME_MS = 20;
const ANSWER_RATE = 24000;
const PATIENCE_MS = 60000;
const HEADER = 44; // bytes, of a plain WAV file: 16 bit, mono

const [question, answer, url = "ws://127.0.0.1:8765/v1/stream"] = process.argv.slice(2);
const wav = readFileSync(question);
const rate = wav.readUInt32LE(24);
const samples = wav.subarray(HEADER);
const sound = [];
const socket = new WebSocket(url);
socket.binaryType = "arraybuffer";

function header(size) {
  const bytes = Buffer.alloc(HEADER);
  bytes.write("RIFF____WAVEfmt ____", 0, "latin1");
  bytes.writeUInt32LE(HEADER - 8 + size, 4);
  [16, 1 | (1 << 16), ANSWER_RATE, 2 * ANSWER_RATE, 2 | (16 << 16)].forEach((word, i) =>
    bytes.writeUInt32LE(word, 16 + 4 * i));
  bytes.write("data", 36, "latin1");
  bytes.writeUInt32LE(size, 40);
  return bytes;
}

function speak(start = 0) {
  const end = start + 2 * Math.floor((rate * FRAME_MS) / 1000);
  if (start >= samples.length) return socket.send('{"type": "parley.input_end"}');
  socket.send(samples.subarray(start, end));
  setTimeout(speak, FRAME_MS, end);
}

socket.onopen = () => {
  socket.send(JSON.stringify({ type: "session.update", input_rate: rate }));
  speak();
};
socket.onmessage = ({ data }) => {
  if (data instanceof ArrayBuffer) return sound.push(Buffer.from(data));
  const { type, transcript, message, floor } = JSON.parse(data);
  if (type === "error") console.log("error   ", message);
  if (transcript) console.log(type.includes("input") ? "heard   " : "answered", transcript);
  if (type === "parley.floor" && floor === "open") socket.close(); // nobody speaks
};
socket.onclose = () => {
  const bytes = Buffer.concat(sound);
  writeFileSync(answer, Buffer.concat([header(bytes.length), bytes]));
  process.exit(0);
};
setTimeout(() => process.exit(1), PATIENCE_MS);
