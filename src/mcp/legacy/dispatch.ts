import { encodeText } from "../../dialects/wire/text.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes, writeResult } from "../rpc/errors.ts";
import type { RpcMessage, RpcRequest } from "../rpc/read-message.ts";
import type { SessionVisit } from "../server.ts";
import { failureOutcome, routedMethods, succeeded } from "../telemetry/observer.ts";
import { collectList } from "./collect-list.ts";
import { listCall } from "./list-call.ts";
import { listMethods } from "./list-methods.ts";
import { takeAnswer, takeNotification } from "./notifications.ts";
import { passCall, routeCall } from "./routed-call.ts";
import { setLevel } from "./set-level.ts";

/** Deals with one message of a session. Rejects with `RpcError`. */
export async function dispatch(visit: SessionVisit, message: RpcMessage): Promise<Response> {
  visit.observer.about(message.kind === "response" ? undefined : message.params);
  if (message.kind === "request") return request(visit, message);
  if (message.kind === "response") await takeAnswer(visit, message);
  else await takeNotification(visit, message);
  return new Response(null, { status: 202 });
}

function request(visit: SessionVisit, message: RpcRequest): Response | Promise<Response> {
  const { method } = message;
  if (routedMethods.has(method)) {
    return routeCall(visit, message, (kind, bare) => findOwner(visit, kind, bare));
  }
  const list = listMethods[method];
  const only = transparentBackend(visit);
  if (list !== undefined) {
    const isFiltered =
      only === undefined || visit.route.access.decides || only.backend[`${list.kind}s`] !== undefined;
    return isFiltered ? listCall(visit, message, list) : passCall(visit, message, only);
  }
  if (method === "ping") {
    visit.observer.called(method, undefined, succeeded, 0);
    return jsonResponse(encodeText(writeResult(message.idText, "{}")));
  }
  if (method === "logging/setLevel")
    return only === undefined ? setLevel(visit, message) : passCall(visit, message, only);
  const error = new RpcError(rpcCodes.methodNotFound, `Method not found: ${method}`);
  visit.observer.called(method, undefined, failureOutcome(error), 0);
  throw error;
}

/** The backend of a route that stands for nothing but it. */
function transparentBackend({ route }: SessionVisit): PreparedBackend | undefined {
  return route.naming === "transparent" ? route.backends[0] : undefined;
}

/** By the lists that backends gave before, else by asking them; earlier backends go first. */
async function findOwner(
  visit: SessionVisit,
  kind: "tool" | "prompt",
  bare: string,
): Promise<PreparedBackend | undefined> {
  const { backends } = visit.route;
  const list = listMethods[`${kind}s/list`];
  if (list === undefined) return undefined;
  const known = backends.find(
    (backend) => backend.shows[kind](bare) && backend.lists.offers(list.method, bare),
  );
  if (known !== undefined) return known;
  const options = { list, params: {}, relay: () => undefined, signal: undefined };
  const able = backends.filter(
    ({ name }) => ((visit.session.backend(name)?.capabilities ?? 0) & list.capability) !== 0,
  );
  const lists = await Promise.allSettled(able.map((backend) => collectList(visit, backend, options)));
  return able.find((backend, index) => {
    const result = lists[index];
    if (result?.status !== "fulfilled" || !backend.shows[kind](bare)) return false;
    return result.value.items.some((item) => item.bare === bare);
  });
}

function jsonResponse(bytes: Uint8Array): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { "content-type": "application/json" } });
}
