import { asString } from "../../../dialects/wire/json.ts";
import type { StreamEvents } from "./events.ts";
import type { Draft, Folded } from "./folded.ts";

/** Events of a generated image as one answer; the images that are under way are left out. */
export function foldImages({ events }: StreamEvents): Folded {
  const finished = events.filter(({ type }) => type === "image_generation.completed");
  const last = finished.at(-1);
  if (last === undefined) return { json: undefined, end: endOf(events, false) };
  const data = finished.map(({ b64_json }) => ({ b64_json }));
  return { json: { created: last["created_at"], data, usage: last["usage"] }, end: "whole" };
}

/** How many bytes of sound came; nothing of the sound itself is kept. */
export function foldSpeech({ events }: StreamEvents): Folded {
  let bytes = 0;
  let isDone = false;
  let usage: unknown;
  for (const event of events) {
    if (event["type"] === "speech.audio.delta") bytes += base64Bytes(asString(event["audio"]) ?? "");
    if (event["type"] !== "speech.audio.done") continue;
    isDone = true;
    usage = event["usage"];
  }
  return { json: { audio_bytes: bytes, usage }, end: endOf(events, isDone) };
}

/** Deltas of a transcript, or the text of the last event. */
export function foldTranscript({ events }: StreamEvents): Folded {
  const answer: Draft = { text: "" };
  let isDone = false;
  for (const event of events) {
    if (event["type"] === "transcript.text.delta")
      answer["text"] = String(answer["text"]) + (asString(event["delta"]) ?? "");
    if (event["type"] !== "transcript.text.done") continue;
    isDone = true;
    answer["text"] = asString(event["text"]) ?? answer["text"];
    answer["usage"] = event["usage"];
  }
  return { json: answer, end: endOf(events, isDone) };
}

function endOf(events: StreamEvents["events"], isDone: boolean): Folded["end"] {
  if (events.some((event) => event["type"] === "error" || event["error"] !== undefined)) return "error";
  return isDone ? "whole" : "cut";
}

function base64Bytes(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return Math.floor((text.length * 3) / 4) - padding;
}
