import type { LocalAnswer } from "../../endpoints/index.ts";
import { isLocalAnswer } from "../../exchange/exchange.ts";
import type { FailureCode } from "../../model/failure.ts";
import type { Key } from "../../model/origin.ts";
import type { Forward, Timeouts } from "../../model/route.ts";
import { chooseRef } from "../../policy/choose.ts";
import { backOffMs, shouldRetry, type TryResult } from "../../policy/retry.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Carried, CarriedMessage } from "./carried.ts";
import { upstreamHeaders } from "./headers.ts";
import type { InFlight } from "./in-flight.ts";
import type { PreparedRef, PreparedRule } from "./prepare.ts";
import type { UpstreamEndpoint } from "./upstream.ts";

/** A try that ended without a head from the upstream. `detail` is for the log and may name hosts. */
interface TryFailure {
  readonly result: TryResult;
  readonly code: FailureCode;
  readonly message: string;
  readonly detail: string;
}

const none: ReadonlySet<PreparedRef> = new Set();

/**
 * Tries backends until one answers in a way that is not to be tried again.
 * Each try starts from the client's request, so nothing that one backend needed leaks into the next.
 */
export async function firstGood(
  inFlight: InFlight,
  exchange: Carried,
  prepared: PreparedRule,
  { timeouts, retry }: Pick<Forward, "timeouts" | "retry">,
  runtime: Runtime,
): Promise<Response | LocalAnswer> {
  let refs = capable(prepared.refs, exchange);
  let tried: Set<PreparedRef> | undefined;
  let tries = 0;
  for (;;) {
    const ref = chooseRef(refs, tried ?? none, tries, retry?.attemptsPerPriority, Math.random());
    const endpoint = ref?.upstream?.pick();
    if (ref === undefined || endpoint === undefined) return noUpstream(exchange, ref);
    inFlight.endpoint = endpoint;
    const answer = await tryAt(endpoint, ref.ai ?? ref.name, inFlight, exchange, timeouts, runtime);
    if (!(answer instanceof Response) && isLocalAnswer(answer)) {
      // Nothing was sent, so another backend is no retry: one without its credential is as good as not there.
      refs = answer.failure === "credential_unavailable" ? without(refs, ref) : [];
      if (refs.length === 0) return answer;
      continue;
    }
    const result: TryResult =
      answer instanceof Response ? { type: "status", status: answer.status } : answer.result;
    const mayRetry =
      retry !== undefined &&
      exchange.isRepeatable !== false &&
      tries < retry.retries &&
      inFlight.cut === undefined;
    if (!mayRetry || !shouldRetry(retry, result)) {
      return answer instanceof Response ? answer : exchange.fail(answer.code, answer.message);
    }
    if (answer instanceof Response) await answer.body?.cancel();
    tried ??= new Set();
    tried.add(ref);
    tries += 1;
    await new Promise((resolve) => setTimeout(resolve, backOffMs(retry, tries, Math.random())));
  }
}

/** One try, and one more where the upstream refused a credential that can be had anew. */
async function tryAt(
  endpoint: UpstreamEndpoint,
  ref: Key,
  inFlight: InFlight,
  exchange: Carried,
  timeouts: Timeouts,
  runtime: Runtime,
): Promise<Response | TryFailure | LocalAnswer> {
  for (;;) {
    const attempt = exchange.attempt(ref, endpoint.hostName);
    // Mostly the credential is at hand; a turn of the event loop costs more than the question.
    const message = attempt instanceof Promise ? await attempt : attempt;
    if (isLocalAnswer(message)) return message;
    const answer = await send(inFlight, endpoint, message, timeouts, runtime);
    if (!(answer instanceof Response) || !exchange.refused(answer)) return answer;
    await answer.body?.cancel();
  }
}

/** The others that take part. */
function without(refs: readonly PreparedRef[], ref: PreparedRef): readonly PreparedRef[] {
  return refs.filter((other) => other !== ref && other.weight > 0);
}

/** References whose backend can serve this endpoint; all, where none can, so that the answer says why. */
function capable(refs: readonly PreparedRef[], exchange: Carried): readonly PreparedRef[] {
  if (refs.length === 1) return refs;
  const able = refs.filter((ref) => ref.ai === undefined || exchange.canServe(ref.ai));
  return able.length > 0 ? able : refs;
}

function noUpstream(exchange: Carried, ref: PreparedRef | undefined): LocalAnswer {
  if (ref === undefined) return exchange.fail("broken_route", "the rule for this model has no backend");
  if (ref.broken?.status === 500)
    return exchange.fail("broken_route", "the backend for this model is not configured");
  return exchange.fail("no_healthy_upstream", "no healthy upstream");
}

async function send(
  inFlight: InFlight,
  endpoint: UpstreamEndpoint,
  message: CarriedMessage,
  timeouts: Timeouts,
  runtime: Runtime,
): Promise<Response | TryFailure> {
  const { request, requestId } = inFlight;
  const signal = inFlight.newTry(timeouts);
  const sentAt = performance.now();
  inFlight.upstreamPath = message.path;
  inFlight.upstreamFailure = undefined;
  try {
    const response = await runtime.fetch(endpoint.origin + message.path, {
      method: request.method,
      headers:
        "headers" in message
          ? message.headers
          : upstreamHeaders(request.headers, message, requestId, endpoint.hostHeader),
      body: message.body,
      signal,
      unix: endpoint.unix,
      tls: endpoint.tls,
    });
    inFlight.upstreamServiceMs = performance.now() - sentAt;
    inFlight.headArrived();
    return response;
  } catch (error) {
    const failure = explain(error, inFlight);
    inFlight.upstreamFailure = failure.detail;
    return failure;
  }
}

const connectErrors =
  /refused|FailedToOpenSocket|UnableToConnect|ENOTFOUND|EAI_AGAIN|getaddrinfo|DNS|ENOENT|EHOSTUNREACH|ENETUNREACH|CERT|certificate|TLS|SSL|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO/i;

function explain(error: unknown, inFlight: InFlight): TryFailure {
  if (inFlight.isTimedOut) {
    const message = "upstream request timeout";
    return { result: { type: "timeout" }, code: "upstream_timeout", message, detail: message };
  }
  const { code, message } = describe(error);
  const detail = code === "" ? message : `${code}: ${message}`;
  if (connectErrors.test(detail)) {
    return {
      result: { type: "connect-failure" },
      code: "upstream_unreachable",
      message: "the upstream cannot be reached",
      detail,
    };
  }
  const words = "the upstream closed the connection before it answered";
  return { result: { type: "reset" }, code: "upstream_reset", message: words, detail };
}

function describe(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: "", message: String(error) };
  const code = "code" in error ? String(error.code) : "";
  return { code, message: error.message };
}
