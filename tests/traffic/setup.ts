/** Gateways for the traffic suite: one route `r`, a rule a model, and the policy that a case is about. */
import { envoyPath } from "../support/envoy.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";

export type EngineName = "embedded" | "envoy";
export const engines: readonly EngineName[] = envoyPath === undefined ? ["embedded"] : ["embedded", "envoy"];

export interface Place {
  readonly name: string;
  readonly urls: readonly string[];
  readonly schema?: string;
}

export interface Ref {
  readonly name: string;
  readonly weight?: number;
  readonly priority?: number;
}

export interface RuleSpec {
  readonly model: string;
  readonly refs: readonly Ref[];
  readonly name?: string;
  readonly timeouts?: object;
  readonly streamIdleTimeout?: string;
}

export interface TrafficSetup {
  readonly places: readonly Place[];
  /** By default model `m` goes to all places. */
  readonly rules?: readonly RuleSpec[];
  /** `spec` of BackendTrafficPolicies, each for the route unless it has targets of its own. */
  readonly policies?: readonly object[];
  readonly costs?: readonly object[];
  /** Further resources. */
  readonly more?: readonly object[];
}

const ai = "aigateway.envoyproxy.io/v1beta1";
const eg = "gateway.envoyproxy.io/v1alpha1";
const gw = "gateway.networking.k8s.io/v1";

const routeTarget = { group: "gateway.networking.k8s.io", kind: "HTTPRoute", name: "r" };

export function configuration(setup: TrafficSetup, port = freePort()): string {
  const { places, policies = [], costs = [], more = [] } = setup;
  const rules = setup.rules ?? [{ model: "m", refs: places.map(({ name }) => ({ name })) }];
  const documents = [
    {
      apiVersion: gw,
      kind: "GatewayClass",
      metadata: { name: "gw" },
      spec: { controllerName: "gateway.envoyproxy.io/gatewayclass-controller" },
    },
    {
      apiVersion: gw,
      kind: "Gateway",
      metadata: { name: "gw" },
      spec: { gatewayClassName: "gw", listeners: [{ name: "http", protocol: "HTTP", port }] },
    },
    ...places.flatMap(placeOf),
    {
      apiVersion: ai,
      kind: "AIGatewayRoute",
      metadata: { name: "r" },
      spec: {
        parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "gw" }],
        rules: rules.map(({ model, refs, ...rest }) => ({
          ...rest,
          matches: [{ headers: [{ name: "x-ai-eg-model", value: model }] }],
          backendRefs: refs,
        })),
        ...(costs.length === 0 ? {} : { llmRequestCosts: costs }),
      },
    },
    ...policies.map((spec, index) => ({
      apiVersion: eg,
      kind: "BackendTrafficPolicy",
      metadata: { name: `p${index}` },
      spec: { targetRefs: [routeTarget], ...spec },
    })),
    ...more,
  ];
  return documents.map((document) => JSON.stringify(document)).join("\n---\n");
}

function placeOf({ name, urls, schema = "OpenAI" }: Place): object[] {
  const endpoints = urls.map((url) => ({ ip: { address: "127.0.0.1", port: Number(new URL(url).port) } }));
  return [
    { apiVersion: eg, kind: "Backend", metadata: { name }, spec: { endpoints } },
    {
      apiVersion: ai,
      kind: "AIServiceBackend",
      metadata: { name },
      spec: {
        schema: { name: schema },
        backendRef: { group: "gateway.envoyproxy.io", kind: "Backend", name },
      },
    },
  ];
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: number;
}

/** From source: these suites are about what the gateway does, not about how it is built. */
export function startTraffic(
  engine: EngineName,
  setup: TrafficSetup,
  { env = {}, port }: StartOptions = {},
): Promise<Gateway> {
  return startGateway({
    program: "source",
    config: configuration(setup, port),
    env: { AIGW_ENGINE: engine, ENVOY_PATH: envoyPath ?? "", ...env },
  });
}

export interface AskOptions {
  readonly model?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isStream?: boolean;
  readonly path?: string;
}

export function ask(gateway: Pick<Gateway, "url">, options: AskOptions = {}): Promise<Response> {
  const { model = "m", headers = {}, isStream = false, path = "/v1/chat/completions" } = options;
  return fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({
      model,
      max_tokens: 10,
      messages: [{ role: "user", content: "hi" }],
      ...(isStream ? { stream: true } : {}),
    }),
  });
}

/** What a provider of chats answers, with so many tokens in all. */
export function completion(text: string, tokens = 10): object {
  return {
    id: "c",
    object: "chat.completion",
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: tokens - 1, total_tokens: tokens },
  };
}

const encode = (event: object | string) =>
  new TextEncoder().encode(`data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);

export function chunk(content: string): Uint8Array {
  return encode({
    id: "c",
    object: "chat.completion.chunk",
    model: "m",
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  });
}

/** The events of a whole stream that ends with what it has used. */
export function streamOf(tokens: number): Response {
  const usage = { prompt_tokens: 1, completion_tokens: tokens - 1, total_tokens: tokens };
  const events = [
    chunk("hello"),
    encode({ id: "c", object: "chat.completion.chunk", model: "m", choices: [], usage }),
    encode("[DONE]"),
  ];
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const event of events) controller.enqueue(event);
        controller.close();
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
}
