// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files hold such expressions.
import { expect, test } from "bun:test";
import { compileText, findings, gateway, route, service, type TestWorld } from "./testing.ts";

/** One route `r` to one service `s`: sound; Gateway, service, Backend and route begin at lines 6, 14, 21 and 28. */
const sound = gateway + service("s") + route("r", "    - backendRefs: [{name: s}]");
const withoutClass = gateway.slice(gateway.indexOf("---\n") + 4);
const keyPolicy = `apiVersion: aigateway.envoyproxy.io/v1beta1
kind: BackendSecurityPolicy
metadata: {name: p}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: s}]
  type: APIKey
  apiKey: {secretRef: {name: k}}
`;

interface Case {
  readonly name: string;
  readonly text: string;
  readonly world?: TestWorld;
  readonly want: readonly string[];
}

const cases: readonly Case[] = [
  { name: "nothing, for a sound file", text: sound, want: [] },
  {
    name: "a YAML error",
    text: `${gateway}a: [1\nb: 2\n`,
    want: [
      "error gw.yaml:15:1: document 3: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
  },
  {
    name: "a key written twice",
    text: `${gateway}kind: X\nkind: Y\n`,
    want: ["error gw.yaml:15:1: document 3: Map keys must be unique"],
  },
  {
    name: "an empty file",
    text: "",
    want: ["error gw.yaml:1:1: no Gateway resource found in gw.yaml: exactly one Gateway is required"],
  },
  {
    name: "a document that is a list",
    text: "- a\n",
    want: ["error gw.yaml:1:1: document 1: must be a mapping with apiVersion, kind, metadata and spec"],
  },
  {
    name: "a Helm values file",
    text: `${sound}replicas: 1\n`,
    want: [
      "error gw.yaml:36:1: document 6: has no kind: a Helm values file is an Envoy Gateway installation setting, not a gateway resource; every resource needs apiVersion, kind and metadata.name",
    ],
  },
  {
    name: "an unknown kind",
    text: `${gateway}apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\n`,
    want: [
      "error gw.yaml:14:13: document 3 (Thing default/x): unsupported resource example.com/v1 Thing default/x",
    ],
  },
  {
    name: "a version that there is not",
    text: sound.replace(
      "aigateway.envoyproxy.io/v1beta1\nkind: AIGatewayRoute",
      "aigateway.envoyproxy.io/v1\nkind: AIGatewayRoute",
    ),
    want: [
      "error gw.yaml:28:13: document 5 (AIGatewayRoute default/r): unsupported resource aigateway.envoyproxy.io/v1 AIGatewayRoute default/r; write apiVersion: aigateway.envoyproxy.io/v1beta1 or aigateway.envoyproxy.io/v1alpha1",
    ],
  },
  {
    name: "a route to a service that is not there",
    text: gateway + route("r", "    - backendRefs: [{name: nope}]"),
    want: [
      'error gw.yaml:20:28: document 3 (AIGatewayRoute default/r): spec.rules[0].backendRefs[0].name: AIGatewayRoute default/r, rule 0, backendRef 0 references AIServiceBackend "default/nope", which is not in the configuration',
    ],
  },
  {
    name: "a service whose Backend is not there, and goes on",
    text: sound.replace("kind: Backend\nmetadata: {name: s}", "kind: Backend\nmetadata: {name: other}"),
    want: [
      'warning gw.yaml:19:67: document 3 (AIServiceBackend default/s): spec.backendRef.name: AIServiceBackend default/s references Backend "default/s", which is not in the configuration: requests for it answer 500',
    ],
  },
  {
    name: "text where a port belongs",
    text: sound.replace("1975", "http"),
    want: [
      'error gw.yaml:12:42: document 2 (Gateway default/gw): spec.listeners[0].port: must be a number, not the text "http"',
    ],
  },
  {
    name: "a port in quotes",
    text: sound.replace("1975", '"1975"'),
    want: [
      'error gw.yaml:12:42: document 2 (Gateway default/gw): spec.listeners[0].port: must be a number, not the text "1975"; write it without quotes',
    ],
  },
  {
    name: "a number where text belongs",
    text: sound.replace("name: http", "name: 80"),
    want: [
      'error gw.yaml:12:14: document 2 (Gateway default/gw): spec.listeners[0].name: must be text, not the number 80; quote it: "80"',
    ],
  },
  {
    name: "a bad value that came from a variable",
    text: sound.replace("1975", "${PORT}"),
    world: { environment: { PORT: "99999" } },
    want: [
      "error gw.yaml:12:42: document 2 (Gateway default/gw): spec.listeners[0].port: 99999 should be less than or equal to 65535 (from $PORT)",
    ],
  },
  {
    name: "lines of the original where a variable holds several",
    text: `\${LINES}${sound.replace("1975", "0")}`,
    world: { environment: { LINES: "#\n#\n#\n" } },
    want: [
      "error gw.yaml:12:42: document 2 (Gateway default/gw): spec.listeners[0].port: 0 should be greater than or equal to 1",
    ],
  },
  {
    name: "a field that is missing, at what it is missing from",
    text: sound.replace("schema: {name: OpenAI}", "schema: {}"),
    want: [
      'error gw.yaml:18:3: document 3 (AIServiceBackend default/s): spec.schema.name: Unsupported value: "": supported values: "OpenAI", "Cohere", "AWSBedrock", "AzureOpenAI", "GCPVertexAI", "GCPAnthropic", "Anthropic", "AWSAnthropic"',
    ],
  },
  {
    name: "a name that is missing",
    text: sound.replace("kind: Backend\nmetadata: {name: s}", "kind: Backend\nmetadata: {}"),
    want: ["error gw.yaml:23:1: document 4 (Backend default/(unnamed)): metadata.name: is required"],
  },
  {
    name: "everything that is wrong at once",
    text: sound.replace("1975", "0").replace("OpenAI", "OpenAPI").replace("port: 80", "port: x"),
    want: [
      "error gw.yaml:12:42: document 2 (Gateway default/gw): spec.listeners[0].port: 0 should be greater than or equal to 1",
      'error gw.yaml:18:18: document 3 (AIServiceBackend default/s): spec.schema.name: Unsupported value: "OpenAPI": supported values: "OpenAI", "Cohere", "AWSBedrock", "AzureOpenAI", "GCPVertexAI", "GCPAnthropic", "Anthropic", "AWSAnthropic"',
      'error gw.yaml:26:45: document 4 (Backend default/s): spec.endpoints[0].fqdn.port: must be a number, not the text "x"',
    ],
  },
  {
    name: "an unknown field, and goes on",
    text: sound.replace("spec:\n  schema", "spec:\n  timeouts: {request: 3m}\n  schema"),
    want: [
      'warning gw.yaml:18:3: document 3 (AIServiceBackend default/s): unknown field "spec.timeouts" ignored',
    ],
  },
  {
    name: "a word that is no boolean in YAML 1.2, and goes on",
    text: sound.replace("  endpoints:", "  fallback: yes\n  endpoints:"),
    want: [
      'warning gw.yaml:25:13: document 4 (Backend default/s): spec.fallback: "yes" is text in YAML 1.2; read as true; write true',
    ],
  },
  {
    name: "a Gateway without its class",
    text: withoutClass,
    want: [
      'error gw.yaml:5:21: document 1 (Gateway default/gw): spec.gatewayClassName: references GatewayClass "gw", which is not in the configuration; add a GatewayClass gw with controllerName: gateway.envoyproxy.io/gatewayclass-controller',
    ],
  },
  {
    name: "two Gateways",
    text: gateway + withoutClass.replace("metadata: {name: gw}", "metadata: {name: other}"),
    want: [
      "error gw.yaml:14:1: document 3 (Gateway default/other): multiple gateways are not supported: gw; keep one Gateway; give it more listeners instead\n  first defined here: gw.yaml:6:1",
    ],
  },
  {
    name: "one resource twice, and goes on with the first",
    text: sound + service("s").split("---\n")[1],
    want: [
      "warning gw.yaml:36:1: document 6 (Backend default/s): is defined twice; the one in document 4 is used and this one, document 6, is ignored\n  first defined here: gw.yaml:21:1",
    ],
  },
  {
    name: "no Gateway",
    text: service("s"),
    want: ["error gw.yaml:1:1: no Gateway resource found in gw.yaml: exactly one Gateway is required"],
  },
  {
    name: "a Gateway without listeners",
    text: gateway.replace(/ {2}listeners:[\s\S]*$/, "---\n"),
    want: [
      "error gw.yaml:9:1: document 2 (Gateway default/gw): spec.listeners: gateway gw has no listeners configured",
    ],
  },
  {
    name: "a listener without the certificate that it needs",
    text: sound.replace("protocol: HTTP", "protocol: HTTPS"),
    want: [
      "error gw.yaml:12:7: document 2 (Gateway default/gw): spec.listeners[0].tls: an HTTPS listener needs certificateRefs",
    ],
  },
  {
    name: "a listener whose requests nobody could read",
    text: sound.replace("protocol: HTTP", "protocol: TLS"),
    want: [
      "error gw.yaml:12:30: document 2 (Gateway default/gw): spec.listeners[0].protocol: protocol TLS with mode Passthrough is not supported: requests cannot be read; write protocol: HTTP or HTTPS",
    ],
  },
  {
    name: "two listeners for one port and host",
    text: sound.replace("port: 1975}", "port: 1975}\n    - {name: too, protocol: HTTP, port: 1975}"),
    want: [
      'error gw.yaml:13:7: document 2 (Gateway default/gw): spec.listeners[1]: listeners "http" and "too" both take port 1975 without a hostname; give them different ports or hostnames\n  the other one: gw.yaml:12:7',
    ],
  },
  {
    name: "a parent that is not there",
    text: sound.replace("[{name: gw}]", "[{name: gx}]"),
    want: [
      'error gw.yaml:32:23: document 5 (AIGatewayRoute default/r): spec.parentRefs[0].name: AIGatewayRoute default/r references Gateway "default/gx", which is not in the configuration\n  the Gateway that is: gw.yaml:6:1',
    ],
  },
  {
    name: "a listener that is not there",
    text: sound.replace("[{name: gw}]", "[{name: gw, sectionName: https}]"),
    want: [
      'error gw.yaml:32:40: document 5 (AIGatewayRoute default/r): spec.parentRefs[0].sectionName: Gateway gw has no listener of name "https"',
    ],
  },
  {
    name: "a route without parents, and goes on",
    text: sound.replace("[{name: gw}]", "[]"),
    want: [
      "warning gw.yaml:32:15: document 5 (AIGatewayRoute default/r): spec.parentRefs: AIGatewayRoute default/r has no parentRefs and will receive no traffic",
    ],
  },
  {
    name: "a key made of a variable that is not set",
    text: `${sound}apiVersion: v1\nkind: Secret\nmetadata: {name: k}\nstringData:\n  apiKey: \${OPENAI_API_KEY}\n---\n${keyPolicy}`,
    want: [
      "error gw.yaml:40:3: document 6 (Secret default/k): stringData.apiKey: is empty: $OPENAI_API_KEY is not set; set OPENAI_API_KEY, or leave out the BackendSecurityPolicy for a server that wants no key\n  used here: gw.yaml:42:1",
    ],
  },
  {
    name: "a key that is a number, without quoting it",
    text: `${sound}apiVersion: v1\nkind: Secret\nmetadata: {name: k}\nstringData: {apiKey: 12345}\n---\n${keyPolicy}`,
    want: [
      "error gw.yaml:39:22: document 6 (Secret default/k): stringData.apiKey: must be text, not a number; quote it",
    ],
  },
  {
    name: "a Secret that is not there",
    text: sound + keyPolicy,
    want: [
      'error gw.yaml:42:30: document 6 (BackendSecurityPolicy default/p): spec.apiKey.secretRef.name: references Secret "default/k", which is not in the configuration',
    ],
  },
  {
    name: "a Secret without the key",
    text: `${sound}apiVersion: v1\nkind: Secret\nmetadata: {name: k}\nstringData: {key: x}\n---\n${keyPolicy}`,
    want: [
      "error gw.yaml:47:23: document 7 (BackendSecurityPolicy default/p): spec.apiKey.secretRef: secret default/k does not contain 'apiKey' key\n  the Secret: gw.yaml:36:1",
    ],
  },
  {
    name: "expressions that are none, each with its line",
    text: `${sound}a: \${X:?set me}\nb: \${Y.z}\n`,
    want: [
      "error gw.yaml:36:4: $X is not set or empty: set me; set X in the environment",
      'error gw.yaml:37:4: "${Y.z}" is no expression; write $$ for a literal dollar',
    ],
  },
  {
    name: "a variable that became nothing outside of comments, and goes on",
    text: `# \${COMMENT}\n${sound.replace("[{name: s}]", '[{name: s, modelNameOverride: "$OTHER"}]')}`,
    want: [
      "warning gw.yaml:35:51: document 5: $OTHER is not set, so it became empty text; set it, give a default with ${OTHER:-…}, or write $$ for a literal dollar",
    ],
  },
  {
    name: "a reserved name",
    text: `${sound}apiVersion: v1\nkind: Secret\nmetadata: {name: ai-eg-mcp-x}\n`,
    want: [
      "error gw.yaml:38:18: document 6 (Secret default/ai-eg-mcp-x): metadata.name: name ai-eg-mcp-x is reserved; choose another name",
    ],
  },
  {
    name: "cost expressions that do not compile",
    text:
      gateway +
      service("s") +
      route(
        "r",
        "    - backendRefs: [{name: s}]",
        `  llmRequestCosts:
    - {metadataKey: a, type: CEL, cel: input_tokens +}
    - {metadataKey: b, type: CEL}
    - {metadataKey: c, type: CEL, cel: input_tokens - 5u}
`,
      ),
    want: [
      "error gw.yaml:36:40: document 5 (AIGatewayRoute default/r): spec.llmRequestCosts[0].cel: invalid CEL expression: syntax error in line 1, column 14: found + but expecting end of input",
      "error gw.yaml:37:7: document 5 (AIGatewayRoute default/r): spec.llmRequestCosts[1].cel: missing CEL expression",
      "error gw.yaml:38:40: document 5 (AIGatewayRoute default/r): spec.llmRequestCosts[2].cel: invalid CEL expression: uint overflow during _-_",
    ],
  },
  {
    name: "a pattern that is none",
    text:
      gateway +
      service("s") +
      route(
        "r",
        "    - matches: [{headers: [{name: x-team, type: RegularExpression, value: 'a(b'}]}]\n      backendRefs: [{name: s}]",
      ),
    want: [
      "error gw.yaml:34:75: document 5 (AIGatewayRoute default/r): spec.rules[0].matches[0].headers[0].value: invalid regular expression: error parsing regexp: missing closing ): `a(b`",
    ],
  },
];

test.each(cases)("compileGateway reports $name", ({ text, world, want }) => {
  const compiled = compileText(text, world);
  expect(findings(compiled)).toEqual([...want]);
  expect(compiled.model === undefined).toBe(want.some((line) => line.startsWith("error")));
});

test("JSON is read as what it is a part of", () => {
  const resources = Bun.YAML.parse(sound) as unknown[];
  const text = resources
    .filter(Boolean)
    .map((resource) => JSON.stringify(resource))
    .join("\n---\n");
  const compiled = compileText(text);
  expect(findings(compiled)).toEqual([]);
  expect(Object.keys(compiled.model?.rules ?? {})).toEqual(["httproute/default/r/rule/0"]);
});

test("a reference to what was complained about already is not complained about again", () => {
  const broken = sound.replace("kind: AIServiceBackend", "kind: AIServiceBackend\nkind: AIServiceBackend");
  expect(findings(compileText(broken))).toEqual(["error gw.yaml:16:1: document 3: Map keys must be unique"]);
});
