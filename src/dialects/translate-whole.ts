import { ExchangeFailure } from "../model/failure.ts";
import type { HeaderView } from "../model/headers.ts";
import type { BackendTarget, UpstreamError, WrittenRequest } from "./dialect.ts";
import type { IrError } from "./ir/error.ts";
import type { IrUsage } from "./ir/usage.ts";
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

/**
 * The half that faces clients of an API whose answer is one short whole: embeddings, counts of tokens, ranks.
 * `Q` and `A` are question and answer in their neutral form.
 */
export interface WholeClient<Q, A> {
  /** Throws `ExchangeFailure`, as `ClientDialect.readRequest` does. */
  readRequest(request: ClientRequest): Q;
  writeResponse(answer: A, question: Q, requestModel: string): string;
  /** What of the answer counts as used. */
  usageOf(answer: A): IrUsage | undefined;
  writeError(error: IrError): string;
}

/** The half that faces providers of such an API. */
export interface WholeBackend<Q, A> {
  /** Throws `ExchangeFailure` (`untranslatable`). */
  writeRequest(question: Q, target: WholeTarget): WrittenRequest;
  /** May throw on a body that makes no sense. */
  readResponse(answer: WholeAnswer, question: Q): A;
  /** `undefined`: the client gets it as it came. */
  readError(answer: UpstreamError): IrError | undefined;
}

export type WholeTarget = Omit<BackendTarget, "host">;

export interface WholeAnswer {
  readonly headers: HeaderView;
  readonly text: string;
}

/** The whole way of such questions and of their answers. */
export function translateWhole<Q, A>(client: WholeClient<Q, A>, backend: WholeBackend<Q, A>): Passage {
  const asked = new WeakMap<ClientRequest, Q>();
  /** A request is read once, however many attempts it takes. */
  const read = (request: ClientRequest): Q => {
    const known = asked.get(request);
    if (known !== undefined) return known;
    const question = client.readRequest(request);
    asked.set(request, question);
    return question;
  };
  return {
    request(request, { schema, model }) {
      const written = backend.writeRequest(read(request), { schema, model, headers: request.headers });
      return {
        path: written.path,
        set: [["content-type", "application/json"], ...written.set],
        remove: written.remove,
        body: new TextEncoder().encode(written.body),
        warnings: written.warnings,
      };
    },
    answer: (request, target, meter) => new WholeReader(client, backend, read(request), target, meter),
  };
}

class WholeReader<Q, A> implements AnswerReader {
  readonly #client: WholeClient<Q, A>;
  readonly #backend: WholeBackend<Q, A>;
  readonly #question: Q;
  readonly #target: Target;
  readonly #meter: Meter;

  constructor(
    client: WholeClient<Q, A>,
    backend: WholeBackend<Q, A>,
    question: Q,
    target: Target,
    meter: Meter,
  ) {
    this.#client = client;
    this.#backend = backend;
    this.#question = question;
    this.#target = target;
    this.#meter = meter;
  }

  success({ headers }: UpstreamHead): BodyPlan {
    return {
      type: "whole",
      read: (body) => {
        const answer = this.#read({ headers, text: new TextDecoder().decode(body) });
        const usage = this.#client.usageOf(answer);
        if (usage !== undefined) this.#meter.usage(usage);
        return asJson(this.#client.writeResponse(answer, this.#question, this.#target.model));
      },
    };
  }

  error({ status, headers }: UpstreamHead, body: Uint8Array): Replacement | undefined {
    const error = this.#backend.readError({ status, headers, text: new TextDecoder().decode(body) });
    return error === undefined ? undefined : asJson(this.#client.writeError(error));
  }

  #read(answer: WholeAnswer): A {
    try {
      return this.#backend.readResponse(answer, this.#question);
    } catch (cause) {
      if (cause instanceof ExchangeFailure) throw cause;
      throw new ExchangeFailure("bad_upstream_answer", "The upstream's answer could not be read", { cause });
    }
  }
}

function asJson(text: string): Replacement {
  return { body: new TextEncoder().encode(text), contentType: "application/json" };
}
