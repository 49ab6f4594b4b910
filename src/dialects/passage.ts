import type { Schema, SchemaName } from "../model/ai.ts";
import type { HeaderView } from "../model/headers.ts";
import type { IrUsage } from "./ir/usage.ts";
import type { IrWarning } from "./ir/values.ts";
import type { Stage } from "./stage.ts";

/** What a client can ask for, whatever path it is mounted at. */
export type EndpointName =
  | "chat"
  | "completions"
  | "embeddings"
  | "responses"
  | "responses-input-tokens"
  | "images"
  | "speech"
  | "transcriptions"
  | "translations"
  | "tokenize"
  | "rerank"
  | "messages"
  | "count-tokens";

/** A client's request, understood as far as routing and every backend need it. Read-only: each attempt starts from it. */
export interface ClientRequest {
  readonly endpoint: EndpointName;
  /** As the client wrote it; empty where the endpoint can do without. */
  readonly model: string;
  readonly isStream: boolean;
  /** Whether the client asked for the usage of a stream; streams that always end with it count as asked. */
  readonly wantsUsage: boolean;
  readonly bytes: Uint8Array;
  /** The body parsed; `undefined` for forms. */
  readonly json: unknown;
  /** The body of a form; `undefined` for JSON. */
  readonly form: MultipartForm | undefined;
  readonly contentType: string;
  readonly headers: HeaderView;
}

export interface MultipartForm {
  readonly boundary: string;
  readonly parts: readonly FormPart[];
}

/** One part, as offsets into the body: `head` without the blank line, `content` without the line break before the boundary. */
export interface FormPart {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly headStart: number;
  readonly headEnd: number;
  readonly contentStart: number;
  readonly contentEnd: number;
}

/** Where one attempt goes. */
export interface Target {
  readonly schema: Schema;
  /** The effective model: the backend's override, else the client's. */
  readonly model: string;
}

/** What an attempt sends. `body` is absent where the client's bytes go as they came. */
export interface Outbound {
  /** With the query, if the API wants one. */
  readonly path: string;
  readonly set: readonly (readonly [string, string])[];
  readonly remove: readonly string[];
  readonly body?: Uint8Array;
  /**
   * Bodies of further requests, alike in all else, where the API takes one thing at a time and the client asked for
   * more. The bodies of all answers, in this order and joined by `joinAnswers`, are then the body of the answer.
   */
  readonly more?: readonly Uint8Array[];
  /** What of the request cannot travel to this backend. */
  readonly warnings?: readonly IrWarning[];
}

/**
 * How one endpoint's exchanges travel to one kind of backend: passed through with edits, or translated.
 * Stateless: what an answer needs to remember lives in the `AnswerReader` made for it.
 */
export interface Passage {
  /**
   * Throws `ExchangeFailure`: `untranslatable` for what this backend cannot be told, `invalid_request` for a body that
   * is against the grammar of its API where only translation notices.
   */
  request(request: ClientRequest, target: Target): Outbound;
  /** One for each attempt; it treats that attempt's answer. */
  answer(request: ClientRequest, target: Target, meter: Meter): AnswerReader;
}

export interface AnswerReader {
  /** A 2xx answer. Asked once, when its head is there. */
  success(head: UpstreamHead): BodyPlan;
  /** Any other status. `body` is decoded and whole, never empty. `undefined`: as it came. */
  error(head: UpstreamHead, body: Uint8Array): Replacement | undefined;
}

export interface UpstreamHead {
  readonly status: number;
  readonly headers: HeaderView;
  /** Whether the body is compressed; stages always see it decoded. */
  readonly isEncoded: boolean;
}

/**
 * How the body of a good answer goes to the client.
 *
 * - `pass`: nobody reads it.
 * - `tap`: the bytes go as they came; `stage` sees a decoded copy and emits nothing.
 * - `rewrite`: what `stage` emits goes instead, not compressed. `set` and `remove` are edits of the head.
 * - `whole`: held until complete, then `read` looks at it; `undefined` means as it came. Throws `ExchangeFailure`.
 */
export type BodyPlan =
  | { readonly type: "pass" }
  | { readonly type: "tap"; readonly stage: Stage<Uint8Array, never> }
  | {
      readonly type: "rewrite";
      readonly stage: Stage<Uint8Array, Uint8Array>;
      readonly set: readonly (readonly [string, string])[];
      readonly remove: readonly string[];
    }
  | { readonly type: "whole"; read(body: Uint8Array): Replacement | undefined };

/** A body instead of the upstream's, with the edits of the head that go with it. */
export interface Replacement {
  /** Absent: the upstream's. */
  readonly status?: number;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly set?: readonly (readonly [string, string])[];
}

/** Where readers report what they saw on the way. */
export interface Meter {
  /** Members that are present replace those reported before. */
  usage(usage: IrUsage): void;
  /** The model that answered; the last non-empty one counts. */
  model(name: string): void;
  /** The piece being pushed holds the first content. More calls do nothing. */
  firstToken(): void;
  /** The stream said that it is complete; a client that leaves after this has got all it asked for. */
  complete(): void;
  /** The answer is an error although its status was good. */
  failed(reason: string): void;
  /** Something of the answer that the client's API cannot say. */
  warn?(warning: IrWarning): void;
}

/** Which passage serves a pair; `undefined` where none does (501). */
export type PassageTable = { readonly [S in SchemaName]?: { readonly [E in EndpointName]?: Passage } };
