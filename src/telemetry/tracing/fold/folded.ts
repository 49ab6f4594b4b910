import type { JsonObject } from "../../../dialects/wire/json.ts";

/** What a stream adds up to, in the shape of the endpoint's whole answer. */
export interface Folded {
  /** `undefined` where nothing came. */
  readonly json: JsonObject | undefined;
  /** `whole`: it ended as it should; `cut`: there should have been more. */
  readonly end: "whole" | "cut" | "error" | "incomplete";
}

/** A JSON object that is being put together. */
export interface Draft {
  [member: string]: unknown;
}
