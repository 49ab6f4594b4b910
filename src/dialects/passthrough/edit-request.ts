import type { ClientRequest, Target } from "../passage.ts";
import { asObject } from "../wire/json.ts";
import { appendMember, editJson, setMember } from "../wire/json-edit.ts";
import { memberName } from "../wire/json-scan.ts";
import { writeForm } from "../wire/multipart.ts";
import type { Edited } from "./pass-through.ts";

const modelName = memberName("model");
const streamOptionsName = memberName("stream_options");

/** The client's body as it came, but with the backend's name for the model where that is another. */
export function renameModel(request: ClientRequest, target: Target): Edited {
  if (target.model === request.model) return {};
  if (request.form === undefined) {
    return { body: setMember(request.bytes, modelName, JSON.stringify(target.model)) };
  }
  const { body, contentType } = writeForm(request.bytes, request.form, {
    name: "model",
    value: target.model,
  });
  return { body, set: [["content-type", contentType]] };
}

/**
 * Asks for the usage of a chat stream, whether or not the client did: without it nothing could be counted.
 * What the client wrote into `stream_options` stays.
 */
export function askForUsage(request: ClientRequest, edited: Edited): Edited {
  if (!request.isStream || request.wantsUsage) return edited;
  const body = edited.body ?? request.bytes;
  if (asObject(request.json)?.["stream_options"] === undefined) {
    return { ...edited, body: appendMember(body, streamOptionsName, '{"include_usage":true}') };
  }
  const path = ["stream_options", "include_usage"];
  return { ...edited, body: editJson(body, [{ op: "set", path, json: "true" }]) };
}
