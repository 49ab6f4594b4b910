import { describe, expect, test } from "bun:test";
import type { Compiled } from "../../model/gateway.ts";
import { compileText, findings, gateway, route, type TestWorld } from "../testing.ts";

const said = (compiled: Compiled) =>
  findings(compiled).map((line) => line.replace(/^(\w+) \S+ document \d+ /, "$1 "));

const ai = `apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIServiceBackend
metadata: {name: s}
spec:
  schema: {name: OpenAI}
  backendRef: {group: gateway.envoyproxy.io, kind: Backend, name: b}
---
`;
const base = gateway + ai + route("r", "    - backendRefs: [{name: s}]");
const backend = (spec: string) =>
  `apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: Backend\nmetadata: {name: b}\nspec: ${spec}\n---\n`;
const tlsPolicy = (
  name: string,
  validation: string,
  section = "",
) => `apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: ${name}}
spec:
  targetRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: b${section}}]
  validation: ${validation}
---
`;
const system = "wellKnownCACertificates: System";
const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const bundle = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca}\ndata: {ca.crt: ${JSON.stringify(pem)}}\n---\n`;

function endpoints(text: string): unknown[] {
  const compiled = compileText(base + text);
  if (compiled.model === undefined) throw new Error(findings(compiled).join("\n"));
  return (compiled.model.backends["default/b"]?.endpoints ?? []).map(({ at: _, ...endpoint }) => endpoint);
}

describe("endpoints", () => {
  test("are names, addresses and sockets", () => {
    expect(endpoints(backend("{endpoints: [{fqdn: {hostname: localhost, port: 1}}]}"))).toEqual([
      { address: { type: "dns", host: "localhost", port: 1 } },
    ]);
    const spec =
      '{endpoints: [{ip: {address: "::1", port: 2}, hostname: h}, {unix: {path: /run/a.sock}, hostname: h}]}';
    expect(endpoints(backend(spec))).toEqual([
      { address: { type: "ip", host: "::1", port: 2 }, hostname: "h" },
      { address: { type: "unix", path: "/run/a.sock" }, hostname: "h" },
    ]);
  });

  const warnings: readonly (readonly [spec: string, message: string])[] = [
    [
      "{endpoints: [{fqdn: {hostname: a.com, port: 443}}]}",
      "spec.endpoints[0].fqdn.port: uses port 443 without TLS settings; add a BackendTLSPolicy that targets this Backend",
    ],
    [
      "{endpoints: [{fqdn: {hostname: a.b.svc.cluster.local, port: 80}}]}",
      "spec.endpoints[0].fqdn.hostname: a.b.svc.cluster.local is a Kubernetes cluster address and will probably not resolve in standalone mode",
    ],
    [
      "{type: DynamicResolver}",
      "spec.type: type DynamicResolver is not supported by aigw yet and is ignored: requests for this Backend answer 500",
    ],
    [
      "{endpoints: [{fqdn: {hostname: a.com, port: 80}}], appProtocols: [gateway.envoyproxy.io/h2c]}",
      "spec.appProtocols: is not supported by aigw yet and is ignored",
    ],
  ];
  test.each(warnings)("of %s are warned of", (spec, message) => {
    expect(said(compileText(base + backend(spec)))).toEqual([`warning (Backend default/b): ${message}`]);
  });
});

describe("upstream TLS", () => {
  const named = "{endpoints: [{fqdn: {hostname: a.com, port: 443}}]";
  const address = "{endpoints: [{ip: {address: 10.0.0.1, port: 443}}]";
  const ca = { id: "ConfigMap default/ca ca.crt", from: "literal", name: "ConfigMap default/ca ca.crt" };
  const cases: readonly (readonly [name: string, text: string, tls: unknown])[] = [
    [
      "by policy, with its name",
      backend(`${named}}`) + tlsPolicy("p", `{${system}, hostname: other.com}`),
      { trust: "system", names: [], serverName: "other.com" },
    ],
    [
      "by policy for an address: no server name, and the address in the certificate",
      backend(`${address}}`) + tlsPolicy("p", `{${system}, hostname: 10.0.0.1}`),
      { trust: "system", names: [{ type: "ip", value: "10.0.0.1" }] },
    ],
    [
      "by policy, with names of its own",
      backend(`${named}}`) +
        tlsPolicy(
          "p",
          `{${system}, hostname: a.com, subjectAltNames: [{type: Hostname, hostname: b.com}, {type: URI, uri: "spiffe://c"}]}`,
        ),
      {
        trust: "system",
        names: [
          { type: "dns", value: "b.com" },
          { type: "uri", value: "spiffe://c" },
        ],
        serverName: "a.com",
      },
    ],
    [
      "by policy, with a bundle",
      bundle +
        backend(`${named}}`) +
        tlsPolicy("p", "{caCertificateRefs: [{kind: ConfigMap, name: ca}], hostname: a.com}"),
      { trust: { ca: [expect.objectContaining(ca)] }, names: [], serverName: "a.com" },
    ],
    [
      "by policy for its port",
      backend(`${named}}`) +
        tlsPolicy("p", `{${system}, hostname: "any.com"}`) +
        tlsPolicy("q", `{${system}, hostname: port.com}`, ', sectionName: "443"'),
      { trust: "system", names: [], serverName: "port.com" },
    ],
    [
      "of the Backend",
      backend(`${named}, tls: {${system}, sni: sni.com}}`),
      { trust: "system", names: [], serverName: "sni.com" },
    ],
    [
      "of the Backend, named by its endpoint",
      backend(
        "{endpoints: [{ip: {address: 10.0.0.1, port: 443}, hostname: h.com}], tls: {wellKnownCACertificates: System}}",
      ),
      { trust: "system", names: [], serverName: "h.com" },
    ],
    [
      "of the Backend, unchecked",
      backend(`${address}, tls: {insecureSkipVerify: true}}`),
      { trust: "insecure", names: [{ type: "ip", value: "10.0.0.1" }] },
    ],
    [
      "of the policy before that of the Backend",
      backend(`${named}, tls: {insecureSkipVerify: true}}`) + tlsPolicy("p", `{${system}, hostname: a.com}`),
      { trust: "system", names: [], serverName: "a.com" },
    ],
  ];
  test.each(cases)("%s", (_, text, tls) => {
    expect(endpoints(text)).toEqual([expect.objectContaining({ tls })]);
  });

  const refused: readonly (readonly [name: string, text: string, message: string])[] = [
    [
      "a bundle that is not there",
      backend(`${named}}`) +
        tlsPolicy("p", "{caCertificateRefs: [{kind: ConfigMap, name: ca}], hostname: a.com}"),
      'error (BackendTLSPolicy default/p): spec.validation.caCertificateRefs[0].name: references ConfigMap "default/ca", which is not in the configuration',
    ],
    [
      "a bundle without certificates",
      bundle.replace("BEGIN", "BEGUN") +
        backend(`${named}}`) +
        tlsPolicy("p", "{caCertificateRefs: [{kind: ConfigMap, name: ca}], hostname: a.com}"),
      'error (ConfigMap default/ca): data["ca.crt"]: holds no PEM certificate',
    ],
    [
      "a Backend that is not there",
      backend(`${named}, tls: {${system}}}`) +
        tlsPolicy("p", `{${system}, hostname: a.com}`).replace("name: b}", "name: c}"),
      'error (BackendTLSPolicy default/p): spec.targetRefs[0].name: references Backend "c", which is not in the configuration',
    ],
  ];
  test.each(refused)("refuses %s", (_, text, message) => {
    expect(said(compileText(base + text))).toEqual([message]);
  });
});

const policy = (spec: string, name = "p") => `apiVersion: aigateway.envoyproxy.io/v1beta1
kind: BackendSecurityPolicy
metadata: {name: ${name}}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: s}]
${spec}
---
`;
const secret = (body: string, annotations = "{}") =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: k, annotations: ${annotations}}\n${body}\n---\n`;
const plain = backend("{endpoints: [{fqdn: {hostname: a.com, port: 80}}]}");
const apiKey = policy("  type: APIKey\n  apiKey: {secretRef: {name: k}}");

describe("credentials", () => {
  const ways: readonly (readonly [spec: string, name: string, scheme: string])[] = [
    ["  type: APIKey\n  apiKey: {secretRef: {name: k}}", "authorization", "Bearer"],
    ["  type: AzureAPIKey\n  azureAPIKey: {secretRef: {name: k}}", "api-key", ""],
    ["  type: AnthropicAPIKey\n  anthropicAPIKey: {secretRef: {name: k}}", "x-api-key", ""],
  ];
  test.each(ways)("of\n%s\ngo into %s", (spec, name, scheme) => {
    const { model, secrets } = compileText(
      base + plain + secret("stringData: {apiKey: ' fixture '}") + policy(spec),
    );
    const credential = model?.credentials["default/p"];
    expect(credential?.way).toMatchObject({ type: "header", name, scheme });
    expect(credential?.way.type === "header" && secrets.value(credential.way.secret)).toBe("fixture");
    expect(Object.values(model?.aiBackends ?? {})[0]?.credential).toBe("default/p");
  });

  const sources: readonly (readonly [
    name: string,
    body: string,
    annotations: string,
    world: TestWorld,
    want: object,
    value: string,
    warning: string,
  ])[] = [
    [
      "base64 data",
      `data: {apiKey: ${btoa("fixture")}}`,
      "{}",
      {},
      { from: "literal", name: "Secret default/k apiKey" },
      "fixture",
      "",
    ],
    [
      "text before base64",
      `data: {apiKey: ${btoa("no")}}\nstringData: {apiKey: fixture}`,
      "{}",
      {},
      { from: "literal" },
      "fixture",
      "",
    ],
    [
      "a variable",
      "stringData: {apiKey: x}",
      "{substitution.aigw.run/env/apiKey: KEY}",
      { environment: { KEY: "fixture" } },
      { from: "environment", name: "KEY" },
      "fixture",
      "",
    ],
    [
      "a file, its line break dropped",
      "stringData: {apiKey: x}",
      "{substitution.aigw.run/file/apiKey: ~/key}",
      { environment: { HOME: "/h" }, files: { "/h/key": "fixture\n" } },
      { from: "file", name: "~/key" },
      "fixture",
      "",
    ],
    [
      "a variable before a file",
      "stringData: {apiKey: x}",
      "{substitution.aigw.run/file/apiKey: f, substitution.aigw.run/env/apiKey: KEY}",
      { environment: { KEY: "fixture" }, files: { f: "no" } },
      { from: "environment" },
      "fixture",
      "",
    ],
    [
      "the text where the variable is not set",
      "stringData: {apiKey: fixture}",
      "{substitution.aigw.run/file/apiKey: f, substitution.aigw.run/env/apiKey: KEY}",
      { environment: { KEY: "" }, files: { f: "no" } },
      { from: "literal" },
      "fixture",
      'environment variable "KEY" is not set; the value in the file is used; set KEY',
    ],
    [
      "the text where the file is not there",
      "stringData: {apiKey: fixture}",
      "{substitution.aigw.run/file/apiKey: /f}",
      {},
      { from: "literal" },
      "fixture",
      "cannot read \"/f\": ENOENT: no such file or directory, open '/f'; the value in the file is used",
    ],
    [
      "no key that the Secret does not have",
      "stringData: {apiKey: fixture}",
      "{substitution.aigw.run/env/other: KEY}",
      {},
      { from: "literal" },
      "fixture",
      "",
    ],
  ];
  test.each(sources)("come from %s", (_, body, annotations, world, want, value, warning) => {
    const compiled = compileText(base + plain + secret(body, annotations) + apiKey, world);
    const way = compiled.model?.credentials["default/p"]?.way;
    if (way?.type !== "header") throw new Error(findings(compiled).join("\n"));
    expect(way.secret).toMatchObject(want);
    expect(compiled.secrets.value(way.secret)).toBe(value);
    expect(
      said(compiled)
        .map((line) => line.replace(/^warning \(Secret default\/k\): metadata\.annotations\[[^\]]*\]: /, ""))
        .join(),
    ).toBe(warning);
  });

  const overrides: readonly (readonly [written: string, want: unknown])[] = [
    ["{}", { header: "x-aigw-api-key", hasFallback: true }],
    ["{header: X-My-Key, fallbackToConfigured: false}", { header: "x-my-key", hasFallback: false }],
  ];
  test.each(overrides)("may come with the request: %s", (written, want) => {
    const text = `${apiKey.replace("\n---", `\n  credentialOverride: {fromRequestHeaders: ${written}}\n---`)}`;
    const { model } = compileText(base + plain + secret("stringData: {apiKey: x}") + text);
    expect(model?.credentials["default/p"]?.override).toEqual(want as never);
    expect(Object.values(model?.aiBackends ?? {})[0]?.headers.remove).toEqual([
      (want as { header: string }).header,
    ]);
  });

  test("of AWS come from a file, by profile", () => {
    const compiled = compileText(
      base +
        plain +
        secret('stringData: {credentials: "[a]\\naws_access_key_id = x\\n"}') +
        policy(
          "  type: AWSCredentials\n  awsCredentials: {region: r, credentialsFile: {secretRef: {name: k}, profile: a}}",
        ),
    );
    expect(said(compiled)).toEqual([]);
    const way = compiled.model?.credentials["default/p"]?.way;
    expect(way).toMatchObject({ type: "aws", region: "r", source: { type: "file", profile: "a" } });
    const secretOf = way?.type === "aws" && way.source.type === "file" ? way.source.secret : undefined;
    expect(secretOf && compiled.secrets.value(secretOf)).toBe("[a]\naws_access_key_id = x");
  });

  test("of Google may come with the request alone", () => {
    const compiled = compileText(
      base +
        plain +
        policy(
          "  type: GCPCredentials\n  gcpCredentials: {projectName: p, region: r}\n  credentialOverride: {fromRequestHeaders: {fallbackToConfigured: false}}",
        ),
    );
    expect(said(compiled)).toEqual([]);
    expect(compiled.model?.credentials["default/p"]).toMatchObject({
      way: { type: "gcp", project: "p", region: "r" },
      override: { header: "x-aigw-gcp-access-token", hasFallback: false },
    });
  });

  const refused: readonly (readonly [name: string, text: string, messages: readonly string[]])[] = [
    [
      "two policies for one service",
      secret("stringData: {apiKey: x}") +
        apiKey +
        policy("  type: APIKey\n  apiKey: {secretRef: {name: k}}", "q"),
      [
        "error (BackendSecurityPolicy default/q): spec.targetRefs[0]: multiple BackendSecurityPolicies found for AIServiceBackend s: default/p, default/q\n  the other one: gw.yaml:39:1",
      ],
    ],
    [
      "a service that is not there",
      secret("stringData: {apiKey: x}") + apiKey.replace("name: s}", "name: t}"),
      [
        'error (BackendSecurityPolicy default/p): spec.targetRefs[0].name: references AIServiceBackend "t", which is not in the configuration',
      ],
    ],
    [
      "a key that no header can carry, without showing it",
      secret('stringData: {apiKey: "top\\nsecret"}') + apiKey,
      [
        "error (Secret default/k): stringData.apiKey: holds a line break or another character that a header cannot carry",
      ],
    ],
    [
      "an empty key",
      secret('stringData: {apiKey: " "}') + apiKey,
      [
        "error (Secret default/k): stringData.apiKey: is empty; give it a value, or leave out the BackendSecurityPolicy for a server that wants no key\n  used here: gw.yaml:39:1",
      ],
    ],
    [
      "data that is no base64, without showing it",
      secret('data: {apiKey: "top secret!"}') + apiKey,
      ["error (Secret default/k): data.apiKey: must be base64; plain text goes into stringData"],
    ],
    [
      "a file of AWS keys that is not in its Secret",
      secret("stringData: {other: x}") +
        policy(
          "  type: AWSCredentials\n  awsCredentials: {region: r, credentialsFile: {secretRef: {name: k}}}",
        ),
      [
        "error (BackendSecurityPolicy default/p): spec.awsCredentials.credentialsFile.secretRef: secret default/k does not contain 'credentials' key\n  the Secret: gw.yaml:34:1",
      ],
    ],
  ];
  test.each(refused)("refuse %s", (_, text, messages) => {
    const all = said(compileText(base + plain + text));
    expect(all.filter((line) => line.startsWith("error"))).toEqual([...messages]);
  });

  test("look for key Secrets in the policy's own namespace only", () => {
    const compiled = compileText(
      base +
        plain +
        secret("stringData: {apiKey: x}") +
        apiKey.replace("{name: k}", "{name: k, namespace: other}"),
    );
    expect(said(compiled)).toEqual([
      "warning (BackendSecurityPolicy default/p): spec.apiKey.secretRef.namespace: is not looked at for this type: the Secret is taken from namespace default",
    ]);
  });

  test("are told apart by namespace", () => {
    const other = secret("stringData: {apiKey: other}").replace("name: k,", "name: k, namespace: other,");
    const { model, secrets } = compileText(
      base + plain + other + secret("stringData: {apiKey: own}") + apiKey,
    );
    const way = model?.credentials["default/p"]?.way;
    expect(way?.type === "header" && secrets.value(way.secret)).toBe("own");
  });
});
