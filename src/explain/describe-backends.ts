import type { Endpoint as ClientEndpoint } from "../endpoints/index.ts";
import type { ExchangeTwin } from "../exchange/prepare.ts";
import type { Endpoint, UpstreamTls } from "../model/backend.ts";
import type { Credential, CredentialWay } from "../model/credential.ts";
import type { GatewayModel } from "../model/gateway.ts";
import type { BackendRef, Forward } from "../model/route.ts";
import type { SecretRef } from "../model/values.ts";
import { sayEdits } from "./describe-rule.ts";
import type { Facts } from "./fact.ts";

/** Every reference of a rule: its share, where it leads, and what is done to requests on the way. */
export function describeBackends(
  facts: Facts,
  { refs }: Forward,
  model: GatewayModel,
  twin: ExchangeTwin,
  endpoint: ClientEndpoint | undefined,
): void {
  if (refs.length === 0) facts.say("backend", "none: requests answer 500");
  for (const ref of refs) {
    describeShare(facts, ref, refs);
    const backend = ref.backend === undefined ? undefined : model.backends[ref.backend];
    for (const one of backend?.endpoints ?? []) facts.say("  endpoint", describeEndpoint(one), one.at);
    sayEdits(facts, "  headers", ref.requestHeaders, ref.at);
    sayEdits(facts, "  answer headers", ref.responseHeaders, ref.at);
    if (ref.injected !== undefined)
      facts.say(
        "  credential",
        `${ref.injected.name} from ${nameOf(ref.injected.value)}`,
        ref.injected.value.at,
      );
    if (ref.ai !== undefined) describeAi(facts, ref.ai, model, twin, endpoint);
  }
}

function describeShare(facts: Facts, ref: BackendRef, refs: readonly BackendRef[]): void {
  const name = ref.backend ?? ref.name;
  if (ref.broken !== undefined) {
    facts.say(
      "backend",
      `${name}, weight ${ref.weight}: answers ${ref.broken.status}, ${ref.broken.reason}`,
      ref.at,
    );
    return;
  }
  const level = refs.filter(({ priority, weight }) => priority === ref.priority && weight > 0);
  const sum = level.reduce((total, { weight }) => total + weight, 0);
  const share =
    ref.weight === 0 ? "never" : `${Math.round((ref.weight / sum) * 100)} % of priority ${ref.priority}`;
  facts.say("backend", `${name}, weight ${ref.weight}: ${share}`, ref.at);
}

function describeEndpoint({ address, hostname, tls }: Endpoint): string {
  const host =
    address.type === "unix"
      ? address.path
      : `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
  const name = hostname === undefined ? "" : `, called ${hostname}`;
  return `${host}${name}, ${tls === undefined ? "plain" : describeTls(tls)}`;
}

function describeTls({ trust, serverName, names }: UpstreamTls): string {
  const whom =
    trust === "system"
      ? "authorities of this machine"
      : trust === "insecure"
        ? "any certificate"
        : "own authorities";
  const checked = names.length === 0 ? "" : `, named ${names.map(({ value }) => value).join(" or ")}`;
  return `TLS${serverName === undefined ? "" : ` to ${serverName}`}, ${whom}${checked}`;
}

function describeAi(
  facts: Facts,
  key: string,
  model: GatewayModel,
  twin: ExchangeTwin,
  endpoint: ClientEndpoint | undefined,
): void {
  const ai = model.aiBackends[key];
  if (ai === undefined) return;
  const { schema, modelOverride, headers, body } = ai;
  const extra = schema.prefix ?? schema.version;
  const name = `${schema.name}${extra === undefined ? "" : ` (${extra})`}`;
  const canServe = endpoint === undefined || twin.backend(key)?.passage(endpoint.name) !== undefined;
  const pair = endpoint === undefined ? name : `${endpoint.path} of ${endpoint.family} to ${name}`;
  facts.say("  schema", canServe ? pair : `${pair}: not supported, answers 501`, ai.why?.["schema"] ?? ai.at);
  if (modelOverride !== undefined) facts.say("  model", `becomes ${modelOverride}`, ai.at);
  sayEdits(facts, "  headers", headers, ai.at);
  if (body.length > 0) {
    const edits = body.map(({ op, path }) => `${op === "set" ? "=" : "-"}${path.join(".")}`);
    facts.say("  body", edits.join(" "), ai.at);
  }
  const credential = ai.credential === undefined ? undefined : model.credentials[ai.credential];
  facts.say(
    "  credential",
    credential === undefined ? "none" : describeCredential(credential),
    credential?.at,
  );
}

function describeCredential({ way, override }: Credential): string {
  const own =
    override === undefined
      ? ""
      : `; ${override.header} of the request instead${override.hasFallback ? ", if it is there" : ", or 401"}`;
  return `${describeWay(way)}${own}`;
}

function describeWay(way: CredentialWay): string {
  switch (way.type) {
    case "header":
      return `${way.name}: ${way.scheme === "" ? "" : `${way.scheme} `}from ${nameOf(way.secret)}`;
    case "aws":
      return `AWS signature for ${way.region}, ${way.source.type === "file" ? `profile ${way.source.profile} from ${nameOf(way.source.secret)}` : "default chain"}`;
    case "azure":
      return `Entra ID token of ${way.clientId} (${way.source.type})`;
    case "gcp":
      return `Google token for ${way.project}, ${way.region} (${way.source.type})`;
  }
}

/** Where a secret comes from, never what it is. */
function nameOf({ from, name }: SecretRef): string {
  return from === "environment" ? `$${name}` : from === "file" ? `file ${name}` : name;
}
