import type { LocalAnswer } from "../../endpoints/index.ts";
import { isLocalAnswer } from "../../exchange/exchange.ts";
import type { FailureCode } from "../../model/failure.ts";
import type { Key } from "../../model/origin.ts";
import type { BackendRef, Forward, Retry, Timeouts } from "../../model/route.ts";
import { backOffMs, retryAfterMs, shouldRetry, type TryResult } from "../../policy/retry.ts";
import { type ChooseOptions, Tries } from "../../policy/upstream/cluster.ts";
import { hashText } from "../../policy/upstream/hash.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Carried, CarriedMessage } from "./carried.ts";
import { upstreamHeaders } from "./headers.ts";
import type { InFlight } from "./in-flight.ts";
import { sendParts } from "./parts.ts";
import type { PreparedRule } from "./prepare.ts";
import type { UpstreamEndpoint } from "./upstream.ts";

/** A try that ended without a head from the upstream. `detail` is for the log and may name hosts. */
interface TryFailure {
  readonly result: TryResult;
  readonly code: FailureCode;
  readonly message: string;
  readonly detail: string;
}

type RuleTries = Tries<UpstreamEndpoint>;

/**
 * Tries backends until one answers in a way that is not to be tried again.
 * Each try starts from the client's request, so nothing that one backend needed leaks into the next.
 */
export async function firstGood(
  inFlight: InFlight,
  exchange: Carried,
  prepared: PreparedRule,
  forward: Forward,
  runtime: Runtime,
): Promise<Response | LocalAnswer> {
  const { timeouts, retry } = forward;
  const { cluster } = prepared;
  const { breaker } = cluster;
  const tries: RuleTries = new Tries();
  leaveOutIncapable(prepared, exchange, tries);
  for (const position of inFlight.verdict?.spent ?? []) tries.leaveOut(position);
  const options = chooseOptions(forward, inFlight);
  let isRetrying = false;
  try {
    for (;;) {
      const choice = cluster.choose(tries, options, performance.now());
      const ref = choice && prepared.refs[choice.ref.position];
      if (choice?.host === undefined || ref === undefined) return noUpstream(exchange, ref);
      const { host } = choice;
      if (breaker !== undefined && !(await breaker.enter(inFlight.request.signal)))
        return exchange.fail("overflow", overflowMessage);
      inFlight.hold(host, breaker);
      inFlight.endpoint = host.endpoint;
      const answer = await tryAt(host.endpoint, ref.ai ?? ref.name, inFlight, exchange, timeouts, runtime);
      if (!(answer instanceof Response) && isLocalAnswer(answer)) {
        inFlight.endTry();
        // Nothing was sent, so another backend is no retry: one without its credential is as good as not there.
        tries.leaveOut(choice.ref.position);
        if (answer.failure !== "credential_unavailable" || isLast(prepared, tries)) return answer;
        continue;
      }
      const result: TryResult =
        answer instanceof Response ? { type: "status", status: answer.status } : answer.result;
      cluster.report(choice, result, performance.now());
      if (isRetrying) breaker?.retryDone();
      isRetrying = false;
      const isWanted =
        retry !== undefined &&
        exchange.isRepeatable !== false &&
        tries.count < retry.retries &&
        inFlight.cut === undefined &&
        shouldRetry(retry, result);
      if (!isWanted || breaker?.mayRetry() === false) {
        return answer instanceof Response ? answer : exchange.fail(answer.code, answer.message);
      }
      isRetrying = true;
      if (answer instanceof Response) await answer.body?.cancel();
      inFlight.endTry();
      tries.add(choice);
      await pause(retry, tries, prepared, answer);
    }
  } finally {
    if (isRetrying) breaker?.retryDone();
  }
}

const overflowMessage = "too many requests are under way to the backends of this model";

/** One rule's choices, for requests that have nothing of their own to say about them. */
const anyChoice: ChooseOptions = { random: Math.random };

function chooseOptions({ retry, upstream }: Forward, inFlight: InFlight): ChooseOptions {
  const attemptsPerPriority = retry?.attemptsPerPriority;
  const balance = upstream?.balance;
  if (balance?.type !== "hash")
    return attemptsPerPriority === undefined ? anyChoice : { ...anyChoice, attemptsPerPriority };
  const hash = hashText(balance.by, inFlight.hashFacts, (cookie) => inFlight.newCookies.push(cookie.header));
  return { ...anyChoice, attemptsPerPriority, hash };
}

/** Who has no other backend to go to waits as long as its only one asks. */
async function pause(
  retry: Retry,
  tries: RuleTries,
  { cluster: { hosts } }: PreparedRule,
  answer: Response | TryFailure,
): Promise<void> {
  const askedMs =
    hosts.length === 1 && answer instanceof Response ? retryAfterMs(answer.headers.get("retry-after")) : 0;
  const waitMs =
    askedMs > 0 ? askedMs * (1 + Math.random() / 2) : backOffMs(retry, tries.count, Math.random());
  await new Promise((resolve) => setTimeout(resolve, waitMs));
}

/** Whether no reference is left that could be tried. */
function isLast({ refs }: PreparedRule, { useless }: RuleTries): boolean {
  return refs.every(({ weight }, position) => weight === 0 || useless?.has(position));
}

/** References whose backend cannot serve this endpoint are none; but where none can, all are, so that the answer says why. */
function leaveOutIncapable({ refs }: PreparedRule, exchange: Carried, tries: RuleTries): void {
  if (refs.length === 1) return;
  const isUnable = ({ ai }: BackendRef) => ai !== undefined && !exchange.canServe(ai);
  if (refs.every(isUnable)) return;
  for (const [position, ref] of refs.entries()) if (isUnable(ref)) tries.leaveOut(position);
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

function noUpstream(exchange: Carried, ref: BackendRef | undefined): LocalAnswer {
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
    const fetchOne = (one: CarriedMessage, until: AbortSignal) =>
      runtime.fetch(endpoint.origin + one.path, {
        method: request.method,
        headers:
          "headers" in one
            ? one.headers
            : upstreamHeaders(inFlight.headers, one, requestId, endpoint.hostHeader),
        body: one.body,
        signal: until,
        unix: endpoint.unix,
        tls: endpoint.tls,
      });
    const isOne = "headers" in message || message.more === undefined;
    const response = await (isOne
      ? fetchOne(message, signal)
      : sendParts([message, ...(message.more ?? [])], signal, async (one, until) => {
          const answer = await fetchOne(one, until);
          inFlight.active();
          return answer;
        }));
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
