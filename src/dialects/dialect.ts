import type { Schema } from "../model/ai.ts";
import type { HeaderView } from "../model/headers.ts";
import type { IrError } from "./ir/error.ts";
import type { IrEvent } from "./ir/events.ts";
import type { IrResponse } from "./ir/fold.ts";
import type { IrRequest } from "./ir/request.ts";
import type { IrWarning } from "./ir/values.ts";
import type { ClientRequest } from "./passage.ts";
import type { Rewording } from "./read-request.ts";
import type { Emit, Stage } from "./stage.ts";

/** The half of a dialect that faces clients: reads their requests, writes their answers. */
export interface ClientDialect {
  /** Its API can say one open block at a time and one choice: `inOrder` goes before the writer. */
  readonly needsOrder: boolean;
  /** Throws `ExchangeFailure`: `invalid_request` against the grammar, `untranslatable` for a word nobody knows. */
  readRequest(request: ClientRequest): IrRequest;
  writeResponse(response: IrResponse, context: AnswerContext): string;
  /** `flush` comes after the events that one upstream event gave: what should travel together goes then. */
  streamWriter(context: AnswerContext): Stage<IrEvent, string>;
  /** `body`: a whole error body. `stream`: the last event of a stream that has begun. */
  writeError(error: IrError, place: "body" | "stream"): string;
}

/** The half of a dialect that faces providers. `H`: what it must know of the host that it is spoken at. */
export interface BackendDialect<H extends Host = Host> extends Rewording {
  /** Throws `ExchangeFailure` (`untranslatable`). */
  writeRequest(request: IrRequest, target: BackendTarget<H>): WrittenRequest;
  /** Stages that undo in the answer what `writeRequest` changed in the request; new ones for each answer. */
  repairs?(request: IrRequest, target: BackendTarget<H>): Stage<IrEvent, IrEvent>[];
  /** Reads a whole answer into the events of a stream. May throw on a body that makes no sense. */
  readResponse(text: string, context: AnswerContext, emit: Emit<IrEvent>): void;
  streamReader(context: AnswerContext): Stage<WireEvent, IrEvent>;
  readError(answer: UpstreamError, host: H): IrError;
}

/** Where a dialect is spoken: path, envelope and framing. Dialects extend it with what differs between theirs. */
export interface Host {
  /** Cuts the body of a stream into events; a new one for each answer. */
  frames(): Stage<Uint8Array, WireEvent>;
}

/** Always with the same members, since it is made for every event of a stream. */
export interface WireEvent {
  /** Type of an AWS frame. */
  readonly event: string | undefined;
  /** Empty for what only keeps the connection alive, SSE comments too. */
  readonly data: string;
  /** The frame itself is an error (an AWS exception, a bad checksum), named by `event`. */
  readonly isException: boolean;
}

/** Where one attempt goes, and with whose headers. */
export interface BackendTarget<H extends Host = Host> {
  readonly schema: Schema;
  /** The effective model: the backend's override, else the client's. */
  readonly model: string;
  readonly host: H;
  /** The client's. */
  readonly headers: HeaderView;
}

export interface WrittenRequest {
  readonly path: string;
  readonly set: readonly (readonly [string, string])[];
  readonly remove: readonly string[];
  readonly body: string;
  readonly warnings: readonly IrWarning[];
}

/** Time and fresh ids; tests bring their own. */
export interface Clock {
  nowMs(): number;
  newId(prefix: string): string;
}

/** What readers and writers of one answer may ask for. */
export interface AnswerContext extends Clock {
  /** The effective model of the request. */
  readonly requestModel: string;
  /** Whether the client asked for the usage of its stream. */
  readonly wantsUsage: boolean;
  readonly answerHeaders: HeaderView;
  /** The client's own, for APIs whose answers repeat what was asked. */
  readonly request: ClientRequest;
  /** Something of the answer that a writer leaves out. */
  warn(warning: IrWarning): void;
}

export interface UpstreamError {
  readonly status: number;
  readonly headers: HeaderView;
  readonly text: string;
}
