import { asString, isObject } from "../../../dialects/wire/json.ts";
import { listIn } from "../attributes.ts";
import type { StreamEvents } from "./events.ts";
import type { Draft, Folded } from "./folded.ts";

/** Chunks of text completions as one answer. */
export function foldCompletions({ events, isDone }: StreamEvents): Folded {
  const choices: Draft[] = [];
  const answer: Draft = {};
  let hasError = false;
  for (const chunk of events) {
    if (chunk["error"] !== undefined) hasError = true;
    for (const name of ["id", "object", "created", "model"]) answer[name] ??= chunk[name];
    answer["usage"] = chunk["usage"] ?? answer["usage"];
    for (const part of listIn(chunk["choices"])) {
      if (!isObject(part)) continue;
      const index = typeof part["index"] === "number" ? part["index"] : 0;
      if (index < 0 || index > 1024) continue;
      choices[index] ??= { index, text: "" };
      const choice = choices[index];
      choice["text"] = String(choice["text"]) + (asString(part["text"]) ?? "");
      choice["finish_reason"] = part["finish_reason"] ?? choice["finish_reason"];
    }
  }
  const isFinished = choices.length > 0 && choices.every((choice) => choice["finish_reason"] !== undefined);
  const json = events.length === 0 ? undefined : { ...answer, choices: choices.filter(isObject) };
  return { json, end: hasError ? "error" : isDone || isFinished ? "whole" : "cut" };
}
