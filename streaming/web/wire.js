/**
 * What goes over the wire, for the type checker: docs/protocol.md explains it.
 *
 * @typedef {"open" | "user" | "pause" | "pending" | "agent" | "overlap" | "closed"} Floor
 *
 * @typedef {{type: string, [field: string]: unknown}} ClientMessage
 *
 * @typedef {object} Timings milliseconds; null where something did not happen
 * @property {number | null} speech_started_ms of audio
 * @property {number | null} speech_ended_ms of audio
 * @property {number | null} committed_ms of audio
 * @property {number | null} finalization_ms
 * @property {number | null} first_audio_ms
 * @property {number | null} recognition_start_ms after the commit, or before it
 * @property {number | null} recognition_ms
 * @property {number | null} response_start_ms likewise
 * @property {number | null} response_ms
 * @property {number | null} synthesis_start_ms likewise
 * @property {number | null} synthesis_ms
 *
 * @typedef {object} Device
 * @property {string} id
 * @property {string} name
 * @property {string | null} area
 * @property {string} state
 * @property {Record<string, string | number>} attributes
 * @property {string[]} items
 *
 * @typedef {(
 *   {type: "session.created", session_id: string, languages: string[]}
 *   | {type: "session.updated", languages: string[], disclosure: string}
 *   | {type: "input_audio_buffer.speech_started", turn: number, audio_start_ms: number}
 *   | {type: "input_audio_buffer.speech_stopped", turn: number, audio_end_ms: number}
 *   | {type: "parley.floor", floor: Floor, turn: number, audio_ms: number}
 *   | {type: "conversation.item.input_audio_transcription.delta", turn: number,
 *     delta: string}
 *   | {type: "input_audio_buffer.committed", turn: number, audio_ms: number}
 *   | {type: "conversation.item.input_audio_transcription.completed", turn: number,
 *     transcript: string, language: string}
 *   | {type: "parley.intent", turn: number, name: string | null,
 *     slots: Record<string, string | number>, answered_by: string}
 *   | {type: "response.created", turn: number, language: string, rate: number}
 *   | {type: "response.output_audio_transcript.delta", turn: number, delta: string}
 *   | {type: "response.output_audio_transcript.done", turn: number, transcript: string}
 *   | {type: "response.output_audio.done", turn: number, audio_ms: number}
 *   | {type: "parley.duck", turn: number, ducked: boolean, position_ms: number}
 *   | {type: "response.done", turn: number, status: "completed" | "cancelled" | "failed",
 *     heard_ms: number, heard_text: string}
 *   | {type: "parley.timings", turn: number} & Timings
 *   | {type: "parley.home.device"} & Device
 *   | {type: "error" | "parley.warning", code: string, message: string}
 *   | {type: "session.going_away", deadline_ms: number}
 * )} ServerMessage
 */

export {};
