import type { Endpoint, LocalAnswer } from "../endpoints/index.ts";
import { Exchange, isLocalAnswer } from "../exchange/exchange.ts";
import { type ExchangeTwin, prepareExchange } from "../exchange/prepare.ts";
import type { GatewayModel } from "../model/gateway.ts";
import type { Forward } from "../model/route.ts";
import type { Secrets } from "../model/values.ts";
import type { SentRequest } from "./fact.ts";

const hidden = "[configured]";
const noSecrets: Secrets = { value: () => undefined };

/** The exchanges of a model, without anything secret: no credentials, and no values of configured edits. */
export function prepareQuiet(model: GatewayModel): ExchangeTwin {
  const quiet = Object.values(model.aiBackends).map(({ credential: _, headers, body, ...rest }) => ({
    ...rest,
    headers: { ...headers, set: headers.set.map(([name]) => [name, hidden] as const) },
    body: body.map((edit) => (edit.op === "set" ? { ...edit, json: JSON.stringify(hidden) } : edit)),
  }));
  const aiBackends = Object.fromEntries(quiet.map((backend) => [backend.key, backend]));
  const hooks = { onCostFailure() {}, onWarning() {} };
  return prepareExchange({ ...model, aiBackends, credentials: {} }, noSecrets, hooks);
}

export interface ClientCall {
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export function openExchange(
  twin: ExchangeTwin,
  endpoint: Endpoint,
  { method, headers, body }: ClientCall,
): { readonly exchange: Exchange; readonly refusal: LocalAnswer | undefined } {
  const exchange = new Exchange(twin, endpoint, { method, headers, requestId: "explain" });
  return { exchange, refusal: exchange.open(body) };
}

/** What each backend that takes part would be sent, before its credential is put on. */
export async function sendAll(
  exchange: Exchange,
  { refs }: Forward,
  model: GatewayModel,
  call: ClientCall,
): Promise<SentRequest[]> {
  const sent: SentRequest[] = [];
  for (const { ai, weight, backend } of refs) {
    if (ai === undefined || weight === 0 || backend === undefined) continue;
    const [endpoint] = model.backends[backend]?.endpoints ?? [];
    const host =
      endpoint?.hostname ?? (endpoint?.address.type === "unix" ? "localhost" : endpoint?.address.host);
    const message = await exchange.attempt(ai, host);
    if (isLocalAnswer(message)) continue;
    const headers = new Map<string, string>();
    const { remove, removePrefixes } = message;
    call.headers.forEach((value, name) => {
      const isGone = name === "host" || name === "content-length" || remove.includes(name);
      if (!isGone && !removePrefixes.some((prefix) => name.startsWith(prefix))) headers.set(name, value);
    });
    for (const [name, value] of message.set) headers.set(name.toLowerCase(), value);
    const url = `${endpoint?.tls === undefined ? "http" : "https"}://${host ?? ""}${message.path}`;
    const body = new TextDecoder().decode(message.body);
    sent.push({ backend, method: call.method, url, headers: [...headers], body });
  }
  return sent;
}
