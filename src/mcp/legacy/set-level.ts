import { asObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes, writeResult } from "../rpc/errors.ts";
import type { RpcRequest } from "../rpc/read-message.ts";
import type { SessionVisit } from "../server.ts";
import { capability } from "../session/capabilities.ts";
import { failureOutcome, succeeded } from "../telemetry/observer.ts";
import { callBackend, explain } from "./call-backend.ts";
import { readAnswer } from "./relay-answer.ts";

const levels = new Set(["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]);

/** Tells every backend that logs how much the client wants to read. Rejects if none of them takes it. */
export async function setLevel(visit: SessionVisit, message: RpcRequest): Promise<Response> {
  const level = message.params?.["level"];
  if (typeof level !== "string" || !levels.has(level)) {
    throw new RpcError(rpcCodes.invalidParams, `params.level must be one of ${[...levels].join(", ")}`);
  }
  // A backend that loses its session is told again.
  visit.session.logLevel = message.bytes;
  const able = visit.route.backends.filter(({ name }) => {
    return ((visit.session.backend(name)?.capabilities ?? 0) & capability.logging) !== 0;
  });
  const results = await Promise.allSettled(able.map((backend) => tell(visit, backend, message)));
  const [failure] = results.filter((result) => result.status === "rejected");
  if (failure !== undefined && results.every(({ status }) => status === "rejected")) throw failure.reason;
  const body = encodeText(writeResult(message.idText, "{}"));
  return new Response(body as Uint8Array<ArrayBuffer>, { headers: { "content-type": "application/json" } });
}

async function tell(
  visit: SessionVisit,
  backend: PreparedBackend,
  { bytes, id, method }: RpcRequest,
): Promise<void> {
  const clock = visit.server.clocks.start({ totalMs: visit.route.route.limits.listMs, idleMs: 0 });
  try {
    const answer = await callBackend(visit, backend, bytes, clock);
    const { value } = await readAnswer(visit, backend, answer, { id, clock, relay: () => undefined });
    const { code, message } = asObject(value["error"]) ?? {};
    if (message !== undefined)
      throw new RpcError(typeof code === "number" ? code : rpcCodes.internal, String(message));
    visit.observer.called(method, backend.name, succeeded, clock.elapsedMs);
  } catch (error) {
    const explained = explain(visit, backend, error);
    visit.observer.called(method, backend.name, failureOutcome(explained), clock.elapsedMs);
    throw explained;
  } finally {
    clock.stop();
  }
}
