import { Buffer } from "node:buffer";
import type { BodyPlan } from "../../dialects/passage.ts";
import { contentEncoding } from "../../dialects/wire/content-encoding.ts";
import { streamFailureWriters } from "../../endpoints/index.ts";
import { type FailureCode, failureStatus } from "../../model/failure.ts";
import { findOverride, overridingAnswer } from "../../policy/overrides.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { canDecode } from "../decode.ts";
import { bodyMode, type ProcessingRequest } from "./codec/processing-request.ts";
import type { CommonAnswer, HeaderSets, Metadata, ProcessingResponse } from "./codec/processing-response.ts";
import { readEnvoyReply } from "./envoy-reply.ts";
import { describeSettled } from "./metadata.ts";
import { failureHeader, responseDetails, viaUpstream } from "./names.ts";
import type { RequestState } from "./request-state.ts";
import { type Piece, passingBody, planResponseBody, type ResponseBody } from "./response-body.ts";

/** The way back of one request: the answer of the last attempt, or one of Envoy's own. */
export class ResponseSide {
  readonly #state: RequestState;
  readonly #log: Logger;
  /** How Envoy sends the body unless it is told otherwise. */
  readonly #configuredMode: number;
  readonly #url: string;
  #mode: number;
  #body: ResponseBody = passingBody;
  #status = 0;
  #reports = 0;
  #hasBegun = false;

  /** `url`: of the request. */
  constructor(state: RequestState, log: Logger, configuredMode: number | undefined, url: string) {
    this.#url = url;
    this.#state = state;
    this.#log = log;
    this.#configuredMode = configuredMode ?? bodyMode.buffered;
    this.#mode = this.#configuredMode;
  }

  /** Of the answer as the client gets it; 0 before there is one. */
  get status(): number {
    return this.#status;
  }

  /** Whether something may be with the client already. */
  get isUnderWay(): boolean {
    return this.#hasBegun && this.#mode !== bodyMode.buffered;
  }

  headers(message: ProcessingRequest): ProcessingResponse {
    const { headers } = message;
    const { exchange, isAnsweredLocally } = this.#state;
    this.#status = Number(headers.get(":status") ?? 0);
    const failure = headers.get(failureHeader);
    const overridden = this.#override(message, failure);
    if (overridden !== undefined) return overridden;
    if (isAnsweredLocally) return this.#begin(message, {});
    if (failure !== null && Object.hasOwn(failureStatus, failure)) {
      // Envoy has said it in the client's shape already, and in these words.
      exchange.fail(failure as FailureCode, readEnvoyReply(this.#status, undefined)?.message ?? "");
      return this.#begin(message, {});
    }
    const details = message.attributes()?.[responseDetails];
    const isEnvoys = typeof details === "string" ? details !== viaUpstream : this.#state.attempts === 0;
    if (isEnvoys) return this.#envoyReply(message, typeof details === "string" ? details : undefined);

    const encoding = contentEncoding(headers);
    // A credential that is refused is had anew for the next request; whether this one is tried again is Envoy's to say.
    exchange.refused({ status: this.#status, headers });
    const plan = exchange.answer({ status: this.#status, headers, isEncoded: encoding !== undefined });
    if (message.isEnd) return this.#begin(message, {});
    const isReadable = encoding === undefined || canDecode(encoding);
    return this.#follow(message, isReadable ? plan : { type: "pass" }, encoding);
  }

  body(message: ProcessingRequest): ProcessingResponse | Promise<ProcessingResponse> {
    // Before trailers the last piece does not say that it is the last; what Envoy has collected is whole all the same.
    const isEnd = message.isEnd || this.#mode === bodyMode.buffered;
    const piece = this.#body.push(message.body, isEnd);
    if (piece instanceof Promise) return piece.then((done) => this.#answerPiece(done, isEnd));
    return this.#answerPiece(piece, isEnd);
  }

  trailers(): ProcessingResponse {
    this.#body.close(false);
    return { kind: "response-trailers", metadata: this.#settle(true) };
  }

  /** The stream is over. An answer that was not complete by now never will be. */
  close(): void {
    this.#body.close(true);
    this.#settle(false);
  }

  #follow(message: ProcessingRequest, plan: BodyPlan, encoding: string | undefined): ProcessingResponse {
    this.#body = planResponseBody(plan, encoding, (error) => this.#streamFailure(error));
    this.#mode = plan.type === "whole" ? bodyMode.buffered : bodyMode.streamed;
    const isOther = this.#mode !== this.#configuredMode;
    const mode = isOther ? { body: this.#mode, hasTrailers: plan.type !== "whole" } : undefined;
    if (plan.type !== "rewrite") return this.#begin(message, { mode });
    const remove = [
      "content-length",
      ...(encoding === undefined ? [] : ["content-encoding"]),
      ...plan.remove,
    ];
    return this.#begin(message, { mode, remove, set: plan.set });
  }

  /** Without a body to come, this is the end. */
  #begin(message: ProcessingRequest, answer: Omit<CommonAnswer, "kind">): ProcessingResponse {
    this.#hasBegun = true;
    const metadata = message.isEnd ? this.#settle(true) : undefined;
    const { verdict } = this.#state;
    const limits = verdict === undefined ? {} : { set: [...(answer.set ?? []), ...verdict.headers] };
    return { kind: "response-headers", ...answer, ...limits, metadata };
  }

  /** What the rule has instead of this answer. */
  #override(message: ProcessingRequest, failure: string | null): ProcessingResponse | undefined {
    const { traffic, isAnsweredLocally, exchange } = this.#state;
    if (traffic === undefined || traffic.overrides.length === 0) return undefined;
    const details = message.attributes()?.[responseDetails];
    const isLocal =
      isAnsweredLocally || failure !== null || (details !== undefined && details !== viaUpstream);
    const override = findOverride(traffic.overrides, {
      status: this.#status,
      headers: message.headers,
      isLocal,
    });
    if (override === undefined) return undefined;
    const { status = this.#status, headers, body } = overridingAnswer(override, this.#url);
    if (failure !== null && Object.hasOwn(failureStatus, failure)) exchange.fail(failure as FailureCode, "");
    this.#status = status;
    const set: HeaderSets = [[":status", String(status)], ...headers];
    if (body === undefined) return this.#begin(message, { set });
    return this.#replaceBody(message, Buffer.from(body), set);
  }

  #replaceBody(message: ProcessingRequest, body: Buffer, headers: HeaderSets): ProcessingResponse {
    const set: HeaderSets = [...headers, ["content-length", String(body.length)]];
    const remove = ["content-encoding"];
    if (message.isEnd) return this.#begin(message, { isReplacing: true, body, remove, set });
    this.#mode = bodyMode.buffered;
    this.#body = { push: () => ({ body, set }), close() {} };
    return this.#begin(message, {
      remove,
      mode: this.#configuredMode === this.#mode ? undefined : { body: this.#mode, hasTrailers: false },
    });
  }

  /** What Envoy says on its own behalf is said in the client's own shape, unless it is already. */
  #envoyReply(message: ProcessingRequest, details: string | undefined): ProcessingResponse {
    const { exchange } = this.#state;
    const { headers } = message;
    const reply = readEnvoyReply(this.#status, details);
    if (reply === undefined) return this.#begin(message, {});
    const answer = exchange.fail(reply.code, reply.message, this.#status);
    if ((headers.get("content-type") ?? "").includes("json")) return this.#begin(message, {});
    return this.#replaceBody(message, Buffer.from(answer.body), answer.headers);
  }

  #answerPiece({ status, ...piece }: Piece, isEnd: boolean): ProcessingResponse {
    if (status !== undefined) this.#status = status;
    const metadata = isEnd ? this.#settle(true) : this.#account();
    if (status === undefined) return { kind: "response-body", ...piece, metadata };
    return {
      kind: "response-body",
      ...piece,
      set: [[":status", String(status)], ...(piece.set ?? [])],
      metadata,
    };
  }

  /** What it costs so far: a client that hangs up right behind the last event must not get away without paying. */
  #account(): Metadata | undefined {
    const { exchange } = this.#state;
    if (exchange.usageReports === this.#reports) return undefined;
    this.#reports = exchange.usageReports;
    return describeSettled(exchange.account({ status: this.#status, isComplete: false }));
  }

  #settle(isComplete: boolean): Metadata | undefined {
    const settled = this.#state.settle({ status: this.#status, isComplete });
    return settled === undefined ? undefined : describeSettled(settled);
  }

  #streamFailure(error: unknown): Uint8Array {
    const { exchange, requestId } = this.#state;
    this.#log.error("response cannot be gone on with", { request_id: requestId, error: String(error) });
    const [code, message] = ["bad_upstream_answer", "the upstream's answer cannot be read"] as const;
    exchange.fail(code, message);
    return streamFailureWriters[exchange.endpoint.family](code, message);
  }
}
