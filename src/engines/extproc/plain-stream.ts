import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { failureWriters, type LocalAnswer } from "../../endpoints/index.ts";
import { isLocalAnswer } from "../../exchange/exchange.ts";
import { type FailureCode, failureStatus } from "../../model/failure.ts";
import type { HeaderView } from "../../model/headers.ts";
import { findOverride, overridingAnswer } from "../../policy/overrides.ts";
import { admit } from "../admit.ts";
import type { Pass, RuleTraffic } from "../traffic/guard.ts";
import { overrideLocal } from "../traffic/override.ts";
import { bodyMode, type ProcessingRequest } from "./codec/processing-request.ts";
import type { HeaderSets, ProcessingResponse } from "./codec/processing-response.ts";
import type { Door } from "./door.ts";
import { EnvoyVisitor, urlOf } from "./envoy-visitor.ts";
import { immediate } from "./immediate.ts";
import { internalPrefix, responseDetails, viaUpstream } from "./names.ts";
import type { Processor } from "./processor.ts";
import type { Role } from "./role.ts";

/**
 * One request of a rule of plain HTTP, which is known from the start: whether it may come in, whether it is within its
 * limits, and, where the rule replaces some, what becomes of its answer.
 */
export class PlainStream implements Role {
  readonly #processor: Processor;
  readonly #door: Door;
  readonly #traffic: RuleTraffic | undefined;
  #url = "";
  #requestId = "";
  #verdict: Pass | undefined;
  #body: Buffer | undefined;

  constructor(processor: Processor, door: Door) {
    this.#processor = processor;
    this.#door = door;
    this.#traffic = processor.generations.current?.routes?.ofRule(door.rule ?? "");
  }

  answer(message: ProcessingRequest): ProcessingResponse | Promise<ProcessingResponse> {
    switch (message.kind) {
      case "request-headers":
        return this.#requestHeaders(message);
      case "request-body":
        return this.#requestBody(message);
      case "response-headers":
        return this.#responseHeaders(message);
      case "response-body": {
        const body = this.#body;
        if (body === undefined) return { kind: "response-body" };
        return { kind: "response-body", body, set: [["content-length", String(body.length)]] };
      }
      case "request-trailers":
      case "response-trailers":
        return { kind: message.kind };
      case undefined:
        throw new Error("the message has no content");
    }
  }

  broken(): ProcessingResponse | undefined {
    return immediate(this.#fail("internal", "the gateway failed to handle this request"));
  }

  ended(): void {
    this.#verdict?.settle(undefined);
  }

  async #requestHeaders({ headers }: ProcessingRequest): Promise<ProcessingResponse> {
    const forged = headers.take(internalPrefix);
    this.#requestId = headers.get("x-request-id") ?? randomUUID();
    const { access, address } = this.#door;
    const visitor = new EnvoyVisitor(this.#requestId, headers, address);
    const refused = access && (await admit(visitor, this.#processor.gatekeeper(access), "openai"));
    if (refused) return immediate(refused);
    const path = headers.get(":path") ?? "/";
    this.#url = urlOf(headers, path);
    const stopped = await this.#hold(headers, path);
    if (stopped !== undefined) return immediate(overrideLocal(this.#traffic, stopped, this.#url));
    const { remove, set } = visitor.takeChanges();
    return { kind: "request-headers", remove: [...forged, ...remove], set };
  }

  async #hold(headers: HeaderView, path: string): Promise<LocalAnswer | undefined> {
    const { guard } = this.#processor;
    if (this.#traffic === undefined || guard === undefined) return undefined;
    const remoteAddress = () => this.#door.address;
    const facts = { method: headers.get(":method") ?? "", path, headers, model: "", remoteAddress };
    const refusing = {
      fail: (code: FailureCode, text: string, status?: number) => this.#fail(code, text, status),
    };
    const length = Number(headers.get("content-length") ?? 0);
    const admission = await guard.admit(this.#traffic, refusing, facts, length);
    if (admission !== undefined && isLocalAnswer(admission)) return admission;
    this.#verdict = admission;
    return undefined;
  }

  /** Comes whole where the rule says how large it may be. */
  #requestBody({ body }: ProcessingRequest): ProcessingResponse {
    const limit = this.#traffic?.maxBufferedBytes ?? Number.POSITIVE_INFINITY;
    if (body.length <= limit) return { kind: "request-body" };
    const text = `the request body is larger than the ${limit} bytes that this route accepts`;
    return immediate(this.#fail("request_too_large", text));
  }

  #responseHeaders(message: ProcessingRequest): ProcessingResponse {
    const { headers } = message;
    const limits = this.#verdict?.headers ?? [];
    const details = message.attributes()?.[responseDetails];
    const status = Number(headers.get(":status") ?? 0);
    const isLocal = details !== undefined && details !== viaUpstream;
    const override = findOverride(this.#traffic?.overrides ?? [], { status, headers, isLocal });
    if (override === undefined) return { kind: "response-headers", set: limits };
    const instead = overridingAnswer(override, this.#url);
    const set: HeaderSets = [[":status", String(instead.status ?? status)], ...instead.headers, ...limits];
    if (instead.body === undefined) return { kind: "response-headers", set };
    const body = Buffer.from(instead.body);
    const remove = ["content-encoding"];
    const length = ["content-length", String(body.length)] as const;
    if (message.isEnd)
      return { kind: "response-headers", isReplacing: true, remove, set: [...set, length], body };
    this.#body = body;
    const mode = { body: bodyMode.buffered, hasTrailers: false };
    return { kind: "response-headers", remove, set, mode };
  }

  #fail(code: FailureCode, message: string, status: number = failureStatus[code]): LocalAnswer {
    return failureWriters.openai({ code, status, message, requestId: this.#requestId });
  }
}
