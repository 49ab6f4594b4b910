import { ExchangeFailure } from "../model/failure.ts";
import type { HeaderView } from "../model/headers.ts";
import type { BackendTarget, Host, UpstreamError, WrittenRequest } from "./dialect.ts";
import type { IrError } from "./ir/error.ts";
import { errorReplacement, jsonReplacement, outboundOf, splitAnswers } from "./outbound.ts";
import type {
  AnswerReader,
  BodyPlan,
  ClientRequest,
  Meter,
  Passage,
  Replacement,
  Target,
  UpstreamHead,
} from "./passage.ts";
import { type Rewording, readFor, readOnce } from "./read-request.ts";
import { decodeText, encodeText } from "./wire/text.ts";

/** What is known of the request when its answer comes. */
export interface WholeContext {
  /** The effective model. */
  readonly requestModel: string;
  readonly answerHeaders: HeaderView;
}

/** The client half of an API that asks one thing and gets one whole answer: embeddings, token counts. */
export interface WholeClient<Asked, Answered> {
  /** Throws `ExchangeFailure`. */
  readRequest(request: ClientRequest): Asked;
  writeResponse(response: Answered, asked: Asked, context: WholeContext): string;
  writeError(error: IrError, place: "body"): string;
  /** Tells what was consumed, and which model answered. */
  meter(response: Answered, meter: Meter): void;
}

/** The backend half of such an API. */
export interface WholeBackend<Asked, Answered, H extends Host = Host> extends Rewording {
  /** Throws `ExchangeFailure` (`untranslatable`). */
  writeRequest(asked: Asked, target: BackendTarget<H>): WrittenRequest;
  /** May throw on a body that makes no sense. */
  readResponse(text: string, context: WholeContext): Answered;
  /** For APIs that take one thing at a time: what is asked as questions of one each, if they are several. */
  split?(asked: Asked, model: string): readonly Asked[];
  /** The answers to those, in their order, as the answer to what was asked. */
  merge?(answers: readonly Answered[]): Answered;
  /** `undefined`: the client gets the body as it came. */
  readError(answer: UpstreamError, host: H): IrError | undefined;
}

/** The whole way of such requests and of their answers. */
export function translateWhole<Asked extends object, Answered, H extends Host>(
  client: WholeClient<Asked, Answered>,
  backend: WholeBackend<Asked, Answered, H>,
  host: H,
): Passage {
  const read = readOnce((request) => client.readRequest(request));
  return {
    request(request, { schema, model }) {
      const asked = readFor(backend, read, request);
      const target = { schema, model, host, headers: request.headers };
      const [first = asked, ...others] = backend.split?.(asked, model) ?? [];
      const more = others.map((part) => encodeText(backend.writeRequest(part, target).body));
      return { ...outboundOf(backend.writeRequest(first, target)), ...(more.length > 0 && { more }) };
    },
    answer: (request, target, meter) =>
      new WholeAnswer({ client, backend, host, read }, request, target, meter),
  };
}

interface Pair<Asked, Answered, H extends Host> {
  readonly client: WholeClient<Asked, Answered>;
  readonly backend: WholeBackend<Asked, Answered, H>;
  readonly host: H;
  readonly read: (request: ClientRequest) => Asked;
}

class WholeAnswer<Asked, Answered, H extends Host> implements AnswerReader {
  readonly #pair: Pair<Asked, Answered, H>;
  readonly #request: ClientRequest;
  readonly #target: Target;
  readonly #meter: Meter;

  constructor(pair: Pair<Asked, Answered, H>, request: ClientRequest, target: Target, meter: Meter) {
    this.#pair = pair;
    this.#request = request;
    this.#target = target;
    this.#meter = meter;
  }

  success(head: UpstreamHead): BodyPlan {
    return { type: "whole", read: (body) => this.#read(body, head) };
  }

  error(head: UpstreamHead, body: Uint8Array): Replacement | undefined {
    const { backend, client, host } = this.#pair;
    const text = decodeText(body);
    const error = backend.readError({ status: head.status, headers: head.headers, text }, host);
    return error && errorReplacement(client.writeError(error, "body"), error, head);
  }

  #read(body: Uint8Array, head: UpstreamHead): Replacement {
    const context: WholeContext = { requestModel: this.#target.model, answerHeaders: head.headers };
    const { client, read } = this.#pair;
    const asked = read(this.#request);
    const response = this.#readAnswers(decodeText(body), asked, context);
    client.meter(response, this.#meter);
    this.#meter.complete();
    return jsonReplacement(client.writeResponse(response, asked, context));
  }

  #readAnswers(text: string, asked: Asked, context: WholeContext): Answered {
    const { backend } = this.#pair;
    const count = backend.split?.(asked, this.#target.model).length ?? 1;
    if (count < 2 || backend.merge === undefined) return this.#readText(text, context);
    return backend.merge(splitAnswers(text).map((answer) => this.#readText(answer, context)));
  }

  #readText(text: string, context: WholeContext): Answered {
    try {
      return this.#pair.backend.readResponse(text, context);
    } catch (cause) {
      if (cause instanceof ExchangeFailure) throw cause;
      throw new ExchangeFailure("bad_upstream_answer", "The upstream's answer could not be read", { cause });
    }
  }
}
