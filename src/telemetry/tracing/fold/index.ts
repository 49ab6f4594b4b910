import type { EndpointName } from "../../../dialects/passage.ts";
import { foldChat } from "./chat.ts";
import { foldCompletions } from "./completions.ts";
import { readEvents, type StreamEvents } from "./events.ts";
import type { Folded } from "./folded.ts";
import { foldImages, foldSpeech, foldTranscript } from "./media.ts";
import { foldMessages } from "./messages.ts";
import { foldResponses } from "./responses.ts";

export type { Folded } from "./folded.ts";

const folds: { readonly [E in EndpointName]?: (events: StreamEvents) => Folded } = {
  chat: foldChat,
  completions: foldCompletions,
  messages: foldMessages,
  responses: foldResponses,
  images: foldImages,
  speech: foldSpeech,
  transcriptions: foldTranscript,
};

/** What the text of an endpoint's stream adds up to. */
export function foldStream(endpoint: EndpointName, text: string): Folded {
  const fold = folds[endpoint];
  return fold === undefined ? { json: undefined, end: "whole" } : fold(readEvents(text));
}
