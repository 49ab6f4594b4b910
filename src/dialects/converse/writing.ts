import { ExchangeFailure } from "../../model/failure.ts";
import type { ToolNames } from "../ir/tool-names.ts";
import type { IrCache } from "../ir/values.ts";
import type { Warnings } from "../ir/warnings.ts";
import type { BedrockModel } from "./bedrock-model.ts";
import type { DocumentNames } from "./document-names.ts";
import type { CachePoint } from "./types.ts";

/** What the parts of one request's conversation share while they are written. */
export interface Writing {
  readonly model: BedrockModel;
  readonly warnings: Warnings;
  readonly toolNames: ToolNames;
  readonly documentNames: DocumentNames;
  /** Ids of the calls written so far. */
  readonly callIds: Set<string>;
}

/** The request says something that Bedrock cannot be told. */
export function refuse(path: string, problem: string): never {
  throw new ExchangeFailure("untranslatable", `invalid request body: ${path}: ${problem}`);
}

/** A breakpoint is an element of its own, after what it belongs to. */
export function cachePoint({ ttl }: IrCache): CachePoint {
  return { cachePoint: ttl === undefined ? { type: "default" } : { type: "default", ttl } };
}
