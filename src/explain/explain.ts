import { createEndpointTable, type Lookup } from "../endpoints/index.ts";
import type { GatewayModel } from "../model/gateway.ts";
import type { FilterChain, Listener, VirtualHost } from "../model/listener.ts";
import type { Forward, RouteMatch, Rule } from "../model/route.ts";
import { HostTable } from "../policy/host.ts";
import { aiEntry, MatchTable, type RequestFacts } from "../policy/match.ts";
import { compileTextMatch } from "../policy/text-match.ts";
import { describeBackends } from "./describe-backends.ts";
import { describeMatch } from "./describe-match.ts";
import { describeRedirect, describeRule } from "./describe-rule.ts";
import { type Explanation, Facts, writeBytes } from "./fact.ts";
import { openExchange, prepareQuiet, sendAll } from "./send.ts";

export interface ExplainedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Of the Host header. */
  readonly host: string;
  /** 0: the first listener's. */
  readonly port: number;
  readonly headers: Headers;
  readonly model: string | undefined;
  readonly body: Uint8Array | undefined;
}

interface Matched {
  readonly match: RouteMatch;
  readonly rule: Rule;
}

/** What a gateway with this model does with a request, in the order in which it decides. Nothing is sent. */
export async function explain(model: GatewayModel, request: ExplainedRequest): Promise<Explanation> {
  const facts = new Facts(model);
  const refuse = (text: string): Explanation => {
    facts.note("answer", text);
    return { outcome: "refused", facts: facts.list, sent: [] };
  };
  const listener = model.listeners.find(({ port }) => request.port === 0 || port === request.port);
  if (listener === undefined) return refuse(`nothing listens on port ${request.port}`);
  const chain = sayListener(facts, listener);
  const host = chooseHost(listener, request.host);
  if (host === undefined) return refuse("404: no route is for this host");
  facts.say("host", `${host.domains.join(", ")} takes ${request.host}`, host.at);

  const [path = "/", query = ""] = splitOnce(request.path, "?");
  const mcp = findMcp(host, model, path, request.headers);
  if (mcp !== undefined) return explainMcp(facts, mcp);
  const found = createEndpointTable().lookup(request.method, request.path, "explain");
  const table = prepareMatches(host, model);
  const own: RequestFacts = {
    method: request.method,
    path,
    query,
    headers: request.headers,
    model: undefined,
  };
  const isAiPath = found.type !== "answer" || found.isForeign !== true;
  const entered = table.enter(own, isAiPath);
  if (entered === undefined)
    return refuse(host.isAi ? `404: unsupported path: ${request.path}` : "404: no rule matches");
  if (entered !== aiEntry) return explainPlain(facts, model, entered);
  return explainAi(facts, model, request, { found, table, own, chain }, refuse);
}

function sayListener(facts: Facts, { key, address, port, at, chains }: Listener): FilterChain | undefined {
  facts.say("listener", `${key}, ${address}:${port}`, at);
  const [chain] = chains;
  if (chain !== undefined)
    facts.say("body", `at most ${writeBytes(chain.client.maxBufferedBytes)}`, chain.client.at);
  return chain;
}

function chooseHost({ chains }: Listener, host: string): VirtualHost | undefined {
  const entries = chains.flatMap(({ hosts }) => hosts.map((value) => ({ domains: value.domains, value })));
  return new HostTable(entries).find(host);
}

function splitOnce(text: string, at: string): string[] {
  const end = text.indexOf(at);
  return end < 0 ? [text] : [text.slice(0, end), text.slice(end + 1)];
}

function prepareMatches(host: VirtualHost, { rules }: GatewayModel): MatchTable<Matched> {
  return new MatchTable(
    host.matches.flatMap((match) => {
      const rule = rules[match.rule];
      if (rule === undefined) return [];
      const isAi = rule.action.type === "forward" && rule.action.isAi;
      return [{ match, value: { match, rule }, isAi }];
    }),
  );
}

function sayMatched(facts: Facts, { match, rule }: Matched): void {
  const { kind, namespace, name } = rule.route;
  const own = rule.name === undefined ? "" : ` (${rule.name})`;
  facts.say("rule", `${kind} ${namespace}/${name} rule ${rule.index}${own}`, rule.at);
  facts.say("match", describeMatch(match), match.at);
}

function explainPlain(facts: Facts, model: GatewayModel, matched: Matched): Explanation {
  sayMatched(facts, matched);
  const { rule } = matched;
  const { action } = rule;
  if (action.type === "redirect") facts.say("redirect", describeRedirect(action), rule.at);
  if (action.type === "answer")
    facts.say("answer", `${action.answer.status}, ${action.answer.body.length} characters`, rule.at);
  describeRule(facts, rule, model);
  if (action.type === "forward") describeBackends(facts, action, model, prepareQuiet(model), undefined);
  return { outcome: action.type, facts: facts.list, sent: [] };
}

interface AiRequest {
  readonly found: Lookup;
  readonly table: MatchTable<Matched>;
  readonly own: RequestFacts;
  readonly chain: FilterChain | undefined;
}

async function explainAi(
  facts: Facts,
  model: GatewayModel,
  request: ExplainedRequest,
  { found, table, own, chain }: AiRequest,
  refuse: (text: string) => Explanation,
): Promise<Explanation> {
  if (found.type === "answer") return refuse(`${found.answer.status}: ${found.answer.body}`);
  if (found.type === "models") {
    facts.note("answer", `the models of this host: ${model.models.all.length} in all`);
    return { outcome: "models", facts: facts.list, sent: [] };
  }
  facts.note("endpoint", `${found.endpoint.path} of ${found.endpoint.family}`);
  const twin = prepareQuiet(model);
  const { method, headers, body } = request;
  if (body !== undefined && chain !== undefined && body.length > chain.client.maxBufferedBytes)
    return refuse("413: the body is larger than the listener accepts");
  const call = { method, headers, body: body ?? new Uint8Array(0) };
  const opened = body === undefined ? undefined : openExchange(twin, found.endpoint, call);
  if (opened?.refusal !== undefined) return refuse(`${opened.refusal.status}: ${opened.refusal.body}`);
  const name = opened?.exchange.model ?? request.model ?? "";
  facts.note("model", name === "" ? "none named" : name);
  const matched = table.find({ ...own, model: name });
  if (matched === undefined) return refuse(`404: no rule takes model ${JSON.stringify(name)}`);
  const { action } = matched.rule;
  if (action.type !== "forward" || !action.isAi) return explainPlain(facts, model, matched);
  sayMatched(facts, matched);
  describeRule(facts, matched.rule, model);
  describeBackends(facts, action, model, twin, found.endpoint);
  const sent =
    opened === undefined ? [] : await sendAll(opened.exchange, action satisfies Forward, model, call);
  return { outcome: "forward", facts: facts.list, sent };
}

function findMcp({ mcp = [] }: VirtualHost, { mcpRoutes }: GatewayModel, path: string, headers: Headers) {
  const fits = ({ headers: wanted }: (typeof mcp)[number]) =>
    wanted.every(({ name, value, isInverted = false }) => {
      const own = headers.get(name);
      return own !== null && compileTextMatch(value)(own) !== isInverted;
    });
  const mount = mcp.find((one) => mcpRoutes[one.route]?.path === path && fits(one));
  return mount === undefined ? undefined : mcpRoutes[mount.route];
}

function explainMcp(facts: Facts, route: NonNullable<ReturnType<typeof findMcp>>): Explanation {
  facts.say("rule", `MCPRoute ${route.key}, path ${route.path}`, route.at);
  for (const { name, transport, at } of route.backends) {
    const place = transport.type === "http" ? `${transport.backend}${transport.path}` : transport.command;
    facts.say("server", `${name} at ${place}`, at);
  }
  return { outcome: "mcp", facts: facts.list, sent: [] };
}
