import { ExchangeFailure } from "../model/failure.ts";
import type { AnswerContext, BackendDialect, BackendTarget, ClientDialect, Clock, Host } from "./dialect.ts";
import type { IrEvent } from "./ir/events.ts";
import { Fold } from "./ir/fold.ts";
import { meterEvent } from "./ir/meter.ts";
import type { IrRequest } from "./ir/request.ts";
import { errorReplacement, jsonReplacement, outboundOf } from "./outbound.ts";
import type {
  AnswerReader,
  BodyPlan,
  ClientRequest,
  Meter,
  Outbound,
  Passage,
  Replacement,
  Target,
  UpstreamHead,
} from "./passage.ts";
import { readFor, readOnce } from "./read-request.ts";
import type { Emit } from "./stage.ts";
import { type AnswerWay, FramedSource, TranslatedStream, WholeSource } from "./translated-stream.ts";
import { decodeText } from "./wire/text.ts";

/** The whole way of requests of one client dialect to one backend dialect at one host, and of their answers. */
export function translate<H extends Host>(
  client: ClientDialect,
  backend: BackendDialect<H>,
  host: H,
  clock: Clock = systemClock,
): Passage {
  const pair: Pair<H> = {
    client,
    backend,
    host,
    clock,
    read: readOnce((request) => client.readRequest(request)),
  };
  return {
    request: (request, target) => writeOutbound(pair, request, target),
    answer: (request, target, meter) => new TranslatedAnswer(pair, request, target, meter),
  };
}

const systemClock: Clock = {
  nowMs: () => Date.now(),
  newId: (prefix) => prefix + crypto.randomUUID().replaceAll("-", ""),
};

interface Pair<H extends Host> {
  readonly client: ClientDialect;
  readonly backend: BackendDialect<H>;
  readonly host: H;
  readonly clock: Clock;
  readonly read: (request: ClientRequest) => IrRequest;
}

function backendTarget<H extends Host>(
  pair: Pair<H>,
  request: ClientRequest,
  target: Target,
): BackendTarget<H> {
  return { schema: target.schema, model: target.model, host: pair.host, headers: request.headers };
}

function writeOutbound<H extends Host>(pair: Pair<H>, request: ClientRequest, target: Target): Outbound {
  const written = pair.backend.writeRequest(
    readFor(pair.backend, pair.read, request),
    backendTarget(pair, request, target),
  );
  return outboundOf(written);
}

class TranslatedAnswer<H extends Host> implements AnswerReader {
  readonly #pair: Pair<H>;
  readonly #request: ClientRequest;
  readonly #target: Target;
  readonly #meter: Meter;

  constructor(pair: Pair<H>, request: ClientRequest, target: Target, meter: Meter) {
    this.#pair = pair;
    this.#request = request;
    this.#target = target;
    this.#meter = meter;
  }

  success(head: UpstreamHead): BodyPlan {
    const { backend, host } = this.#pair;
    const way = this.#way(head);
    if (!this.#request.isStream) return { type: "whole", read: (body) => this.#readWhole(body, way) };
    const isWhole = (head.headers.get("content-type") ?? "").includes("application/json");
    const source = isWhole
      ? new WholeSource((text, emit) => this.#readText(text, way.context, emit))
      : new FramedSource(host.frames(), backend.streamReader(way.context));
    return {
      type: "rewrite",
      stage: new TranslatedStream(source, way),
      set: [["content-type", "text/event-stream"]],
      remove: ["content-length"],
    };
  }

  error(head: UpstreamHead, body: Uint8Array): Replacement {
    const { backend, client, host } = this.#pair;
    const text = decodeText(body);
    const error = backend.readError({ status: head.status, headers: head.headers, text }, host);
    return errorReplacement(client.writeError(error, "body"), error, head);
  }

  #way(head: UpstreamHead): AnswerWay {
    const { backend, client, clock, read } = this.#pair;
    const context: AnswerContext = {
      requestModel: this.#target.model,
      wantsUsage: this.#request.wantsUsage,
      answerHeaders: head.headers,
      request: this.#request,
      nowMs: () => clock.nowMs(),
      newId: (prefix) => clock.newId(prefix),
      warn: (warning) => this.#meter.warn?.(warning),
    };
    const repairs =
      backend.repairs?.(read(this.#request), backendTarget(this.#pair, this.#request, this.#target)) ?? [];
    return { client, context, meter: this.#meter, repairs };
  }

  #readWhole(body: Uint8Array, way: AnswerWay): Replacement {
    const fold = new Fold();
    let entry: Emit<IrEvent> = (event) => fold.push(event);
    const ends: (() => void)[] = [];
    for (const stage of way.repairs.toReversed()) {
      const next = entry;
      entry = (event) => stage.push(event, next);
      ends.unshift(() => stage.end(next, false));
    }
    this.#readText(decodeText(body), way.context, (event) => {
      meterEvent(event, way.meter);
      entry(event);
    });
    for (const end of ends) end();
    if (fold.error !== undefined) throw new ExchangeFailure("bad_upstream_answer", fold.error.message);
    const text = way.client.writeResponse(fold.response(), way.context);
    return jsonReplacement(text);
  }

  #readText(text: string, context: AnswerContext, emit: Emit<IrEvent>): void {
    try {
      this.#pair.backend.readResponse(text, context, emit);
    } catch (cause) {
      if (cause instanceof ExchangeFailure) throw cause;
      throw new ExchangeFailure("bad_upstream_answer", "The upstream's answer could not be read", { cause });
    }
  }
}
