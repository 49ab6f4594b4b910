import { ExchangeFailure } from "../../model/failure.ts";
import type { EndpointName, Passage, Replacement, Target, UpstreamHead } from "../passage.ts";
import { jsonBody, writeOpenAiError } from "../wire/error-bodies.ts";
import { asObject } from "../wire/json.ts";
import { belowPrefix } from "../wire/path.ts";
import { decodeText } from "../wire/text.ts";
import { readMediaUsage, readTranscriptUsage } from "../wire/usage.ts";
import { askForUsage, renameModel } from "./edit-request.ts";
import type { OpenEventReader } from "./event-reader.ts";
import { ChatEvents } from "./events/chat-events.ts";
import { MediaEvents } from "./events/media-events.ts";
import { ResponsesEvents } from "./events/responses-events.ts";
import { type PassThrough, passThrough } from "./pass-through.ts";
import {
  readChat,
  readCompletion,
  readInputTokens,
  readMedia,
  readResponse,
  readTranscript,
} from "./whole-answer.ts";

/** Errors of OpenAI's own are JSON; what a proxy or load balancer on the way says is not. */
function wrapError(head: UpstreamHead, body: Uint8Array): Replacement | undefined {
  if ((head.headers.get("content-type") ?? "").includes("application/json")) return undefined;
  return jsonBody(writeOpenAiError("OpenAIBackendError", head.status, decodeText(body)));
}

type Way = Omit<PassThrough, "path" | "wrapError">;

const chatEvents: OpenEventReader = (meter) => new ChatEvents(meter);

const imageEvents: OpenEventReader = (meter, request) => {
  const count = asObject(request.json)?.["n"];
  return new MediaEvents(meter, {
    content: "image_generation.",
    last: "image_generation.completed",
    readUsage: readMediaUsage,
    lastCount: typeof count === "number" && count > 1 ? count : 1,
  });
};

const speechEvents: OpenEventReader = (meter) =>
  new MediaEvents(meter, {
    content: "speech.audio.delta",
    last: "speech.audio.done",
    readUsage: readMediaUsage,
    lastCount: 1,
  });

const transcriptEvents: OpenEventReader = (meter) =>
  new MediaEvents(meter, {
    content: "transcript.text.",
    last: "transcript.text.done",
    readUsage: readTranscriptUsage,
    lastCount: 1,
  });

const chat: Way = {
  edit: (request, target) => askForUsage(request, renameModel(request, target)),
  readWhole: readChat,
  openEvents: chatEvents,
  hasForcedUsage: true,
};
const completions: Way = { edit: renameModel, readWhole: readCompletion, openEvents: chatEvents };
const embeddings: Way = { edit: renameModel, readWhole: readCompletion };
const responses: Way = {
  edit: renameModel,
  readWhole: readResponse,
  openEvents: (meter) => new ResponsesEvents(meter),
};
const inputTokens: Way = { edit: renameModel, readWhole: readInputTokens };
const images: Way = { edit: renameModel, readWhole: readMedia, openEvents: imageEvents };
const speech: Way = { edit: renameModel, openEvents: speechEvents };
const transcriptions: Way = { edit: renameModel, readWhole: readTranscript, openEvents: transcriptEvents };
const translations: Way = { edit: renameModel, readWhole: readTranscript };
const tokenize: Way = { edit: renameModel };

/** Path below the schema's prefix; the prefix takes the place of `v1`. */
function atOpenAi(way: Way, path: string): Passage {
  return passThrough({
    ...way,
    path: belowPrefix(path),
    wrapError,
  });
}

/** https://learn.microsoft.com/azure/ai-foundry/openai/reference, read 2026-11: the deployment is named as the model. */
function atDeployment(way: Way, path: string): Passage {
  return passThrough({
    ...way,
    path: (target) => `/openai/deployments/${deployment(target)}/${path}?${apiVersion(target)}`,
    wrapError,
  });
}

function atAzure(way: Way, path: string): Passage {
  return passThrough({ ...way, path: (target) => `/openai/${path}?${apiVersion(target)}`, wrapError });
}

function deployment({ model }: Target): string {
  if (model === "")
    throw new ExchangeFailure("untranslatable", "invalid request body: model field is required");
  return encodeURIComponent(model);
}

function apiVersion({ schema }: Target): string {
  return `api-version=${encodeURIComponent(schema.version ?? "")}`;
}

export const openAiPassages: { readonly [E in EndpointName]?: Passage } = {
  chat: atOpenAi(chat, "chat/completions"),
  completions: atOpenAi(completions, "completions"),
  embeddings: atOpenAi(embeddings, "embeddings"),
  responses: atOpenAi(responses, "responses"),
  "responses-input-tokens": atOpenAi(inputTokens, "responses/input_tokens"),
  images: atOpenAi(images, "images/generations"),
  speech: atOpenAi(speech, "audio/speech"),
  transcriptions: atOpenAi(transcriptions, "audio/transcriptions"),
  translations: atOpenAi(translations, "audio/translations"),
  // vLLM has it beside /v1, not below.
  tokenize: passThrough({ ...tokenize, path: () => "/tokenize", wrapError }),
};

export const azurePassages: { readonly [E in EndpointName]?: Passage } = {
  // Azure goes by the deployment and does not look at the body's model, so the client's stays.
  chat: atDeployment({ ...chat, edit: (request) => askForUsage(request, {}) }, "chat/completions"),
  completions: atDeployment(completions, "completions"),
  embeddings: atDeployment(embeddings, "embeddings"),
  responses: atAzure(responses, "responses"),
  "responses-input-tokens": atAzure(inputTokens, "responses/input_tokens"),
  images: atDeployment(images, "images/generations"),
  speech: atDeployment(speech, "audio/speech"),
  transcriptions: atDeployment(transcriptions, "audio/transcriptions"),
  translations: atDeployment(translations, "audio/translations"),
};
