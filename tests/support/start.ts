/** A compiled aigw with a configuration file, for tests that look at what one request does. */
import { type BackendSpec, type GatewaySpec, gatewayYaml } from "./config.ts";
import { type Gateway, type RunOptions, startGateway } from "./gateway.ts";
import { freePort } from "./ports.ts";

export const startLimitMs = 60_000;

/** Each backend takes the model that is called like it. */
export function startWith(
  backends: readonly BackendSpec[],
  more: Partial<GatewaySpec> = {},
  run: RunOptions = {},
): Promise<Gateway> {
  const rules = backends.map(({ name }) => ({
    models: [name],
    backends: [name],
    timeouts: { request: "120s" },
  }));
  return startGateway({ config: gatewayYaml({ port: freePort(), backends, rules, ...more }), ...run });
}

/** The two client families: where they ask for a chat, and how each is told of an error. */
export const families = [
  {
    family: "OpenAI",
    schema: "OpenAI",
    path: "/v1/chat/completions",
    errorType: (body: ErrorBody): boolean => body.type === "error" && typeof body.error?.code === "string",
  },
  {
    family: "Anthropic",
    schema: "Anthropic",
    path: "/anthropic/v1/messages",
    errorType: (body: ErrorBody): boolean => body.type === "error" && typeof body.error?.type === "string",
  },
] as const;

export interface ErrorBody {
  readonly type?: unknown;
  readonly error?: { readonly type?: unknown; readonly code?: unknown; readonly message?: unknown };
}

/** A chat that both families understand. */
export function chatBody(model: string, more: object = {}): object {
  return { model, max_tokens: 100, messages: [{ role: "user", content: "hello" }], ...more };
}

export function post(
  gateway: Gateway,
  path: string,
  body: object | string,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(gateway.url + path, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  });
}
