import { asObject } from "../../dialects/wire/json.ts";
import { editPaths } from "../json/edit-paths.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import type { RpcNotification, RpcResponse } from "../rpc/read-message.ts";
import type { SessionVisit } from "../server.ts";
import { type CallOutcome, failureOutcome, succeeded } from "../telemetry/observer.ts";
import { postBack, postBackSoon } from "./post-back.ts";

/** Takes what a client says without waiting for an answer. What makes no sense is dropped: nobody would hear of it. */
export async function takeNotification(visit: SessionVisit, message: RpcNotification): Promise<void> {
  const { method } = message;
  const startedAt = performance.now();
  const told = (backend: string | undefined, outcome: CallOutcome) =>
    visit.observer.called(method, backend, outcome, performance.now() - startedAt);
  switch (method) {
    // The backends were told when the session began.
    case "notifications/initialized":
      return;
    case "notifications/cancelled":
      cancel(visit, message);
      return told(undefined, succeeded);
    case "notifications/progress":
      return told(await progress(visit, message), succeeded);
    case "notifications/roots/list_changed":
      for (const backend of visit.route.backends) {
        const isThere = visit.session.backend(backend.name) !== undefined;
        if (isThere && backend.connection.canAsk) postBackSoon(visit, backend, message.bytes);
      }
      return told(undefined, succeeded);
    default:
      visit.server.log.debug("a notification that means nothing here was dropped", { method });
      return told(undefined, { status: "error", errorType: "unsupported_method" });
  }
}

/** A request that another replica has is not known here; its backend must not be guessed, since ids repeat. */
function cancel({ session }: SessionVisit, { bytes, params }: RpcNotification): void {
  const { requestId } = params ?? {};
  session.pending.get(JSON.stringify(requestId) ?? "")?.cancel(bytes);
}

/** About a request that a backend made: the token says whose. */
async function progress(
  visit: SessionVisit,
  { bytes, params }: RpcNotification,
): Promise<string | undefined> {
  const opened = visit.server.sealedIds.open(params?.["progressToken"], visit.session);
  const backend = opened === undefined ? undefined : visit.route.byName.get(opened.backend);
  if (opened === undefined || backend === undefined) return undefined;
  visit.observer.progressed(backend.name);
  const edited = editPaths(bytes, [{ path: ["params", "progressToken"], json: opened.idText }]);
  await postBack(visit, backend, edited).catch(() => {});
  return backend.name;
}

/** Brings a client's answer home to the backend that asked. Throws `RpcError` for what was not asked. */
export async function takeAnswer(visit: SessionVisit, message: RpcResponse): Promise<void> {
  const startedAt = performance.now();
  try {
    const opened = visit.server.sealedIds.open(message.id, visit.session);
    const backend = opened === undefined ? undefined : visit.route.byName.get(opened.backend);
    if (opened === undefined || backend === undefined) {
      const id = asObject(message.value)?.["id"];
      throw new RpcError(rpcCodes.refused, `nobody asked for the answer ${JSON.stringify(id)}`, {
        status: 400,
      });
    }
    await postBack(visit, backend, editPaths(message.bytes, [{ path: ["id"], json: opened.idText }]));
    visit.observer.called(undefined, backend.name, succeeded, performance.now() - startedAt);
  } catch (error) {
    const outcome = { ...failureOutcome(error), errorType: "unsupported_response" as const };
    visit.observer.called(undefined, undefined, outcome, performance.now() - startedAt);
    if (error instanceof RpcError && error.status === 200)
      throw new RpcError(error.code, error.message, { status: 502 });
    throw error;
  }
}
