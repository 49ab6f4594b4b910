import type { EndpointName } from "../../../dialects/passage.ts";
import { asObject, asString, type JsonObject } from "../../../dialects/wire/json.ts";
import { type Attributes, listIn, numberIn, put, putText } from "../attributes.ts";
import { keys } from "./keys.ts";

type PutRequest = (attributes: Attributes, body: JsonObject) => void;

/** What clients ask of a model, for endpoints that show it: what they did not write is left out. */
export const putRequest: { readonly [E in EndpointName]?: PutRequest } = {
  chat(attributes, body) {
    putSampling(attributes, body);
    put(attributes, keys.maxTokens, numberIn(body["max_completion_tokens"]) ?? numberIn(body["max_tokens"]));
  },
  completions(attributes, body) {
    putSampling(attributes, body);
    put(attributes, keys.maxTokens, numberIn(body["max_tokens"]));
  },
  embeddings(attributes, body) {
    const format = asString(body["encoding_format"]);
    if (format !== undefined) attributes[keys.encodingFormats] = [format];
  },
  responses(attributes, body) {
    const { conversation } = body;
    put(attributes, keys.temperature, numberIn(body["temperature"]));
    put(attributes, keys.topP, numberIn(body["top_p"]));
    put(attributes, keys.maxTokens, numberIn(body["max_output_tokens"]));
    putText(attributes, keys.conversation, asString(conversation) ?? asObject(conversation)?.["id"]);
  },
  messages(attributes, body) {
    put(attributes, keys.temperature, numberIn(body["temperature"]));
    put(attributes, keys.topP, numberIn(body["top_p"]));
    put(attributes, keys.topK, numberIn(body["top_k"]));
    put(attributes, keys.maxTokens, numberIn(body["max_tokens"]));
    putStops(attributes, body["stop_sequences"]);
  },
};

function putSampling(attributes: Attributes, body: JsonObject): void {
  put(attributes, keys.temperature, numberIn(body["temperature"]));
  put(attributes, keys.topP, numberIn(body["top_p"]));
  put(attributes, keys.frequencyPenalty, numberIn(body["frequency_penalty"]));
  put(attributes, keys.presencePenalty, numberIn(body["presence_penalty"]));
  put(attributes, keys.seed, numberIn(body["seed"]));
  put(attributes, keys.choiceCount, numberIn(body["n"]));
  putStops(attributes, body["stop"]);
}

function putStops(attributes: Attributes, stop: unknown): void {
  const stops = typeof stop === "string" ? [stop] : listIn(stop).filter((one) => typeof one === "string");
  if (stops.length > 0) attributes[keys.stopSequences] = stops;
}
