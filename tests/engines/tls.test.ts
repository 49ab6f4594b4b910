/** TLS towards providers, from the lines of a file to the certificate on the wire. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gatewayYaml } from "../support/config.ts";
import { onEachEngine } from "../support/engines.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { chatBody, type ErrorBody, post, startLimitMs } from "../support/start.ts";

const fixture = (name: string) =>
  readFileSync(join(import.meta.dir, "../../src/runtime/fixtures", name), "utf8");

/** Certificates of one CA: one for a name, one for 127.0.0.1. Both servers listen on loopback. */
const certificates = ["up.example.com", "loopback"] as const;

interface Case {
  readonly name: string;
  readonly certificate: (typeof certificates)[number];
  /** `validation` of a BackendTLSPolicy; absent: none. */
  readonly validation?: object;
  /** `tls` of the Backend. */
  readonly tls?: object;
  readonly isAccepted: boolean;
}

const ca = { caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "ca" }] };
const cases: readonly Case[] = [
  {
    name: "own-ca-and-name",
    certificate: "up.example.com",
    validation: { hostname: "up.example.com", ...ca },
    isAccepted: true,
  },
  {
    name: "ip-address",
    certificate: "loopback",
    validation: { hostname: "127.0.0.1", ...ca },
    isAccepted: true,
  },
  {
    name: "another-name",
    certificate: "up.example.com",
    validation: { hostname: "down.example.com", ...ca },
    isAccepted: false,
  },
  {
    name: "names-of-its-own",
    certificate: "up.example.com",
    validation: {
      hostname: "down.example.com",
      subjectAltNames: [{ type: "Hostname", hostname: "up.example.com" }],
      ...ca,
    },
    isAccepted: true,
  },
  {
    name: "unknown-ca",
    certificate: "up.example.com",
    validation: { hostname: "up.example.com", wellKnownCACertificates: "System" },
    isAccepted: false,
  },
  {
    name: "unchecked",
    certificate: "up.example.com",
    tls: { insecureSkipVerify: true },
    isAccepted: true,
  },
  { name: "plain-text", certificate: "up.example.com", isAccepted: false },
];

const servers: Server[] = [];
async function startTls(certificate: string): Promise<number> {
  const pair = { cert: fixture(`${certificate}.pem`), key: fixture(`${certificate}.key`) };
  const server = createServer(pair, (_request, response) => {
    response.setHeader("content-type", "application/json").end('{"object":"chat.completion","choices":[]}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** What the helper for configurations does not say: the Backend's own TLS, and its policy. */
function withTls(yaml: string): string {
  const documents = yaml.split("\n---\n").map((text) => JSON.parse(text) as Document);
  for (const document of documents) {
    const own = cases.find(({ name }) => document.kind === "Backend" && name === document.metadata.name);
    if (own?.tls !== undefined) document.spec = { ...document.spec, tls: own.tls };
  }
  const policies = cases.flatMap(({ name, validation }) => {
    const targetRefs = [{ group: "gateway.envoyproxy.io", kind: "Backend", name }];
    const head = { apiVersion: "gateway.networking.k8s.io/v1", kind: "BackendTLSPolicy", metadata: { name } };
    return validation === undefined ? [] : [{ ...head, spec: { targetRefs, validation } }];
  });
  const bundle = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "ca" },
    data: { "ca.crt": fixture("ca.pem") },
  };
  return [...documents, ...policies, bundle].map((one) => JSON.stringify(one)).join("\n---\n");
}

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  spec: object;
}

onEachEngine((engine) => {
  let gateway: Gateway;

  beforeAll(async () => {
    const ports = new Map<string, number>();
    for (const certificate of certificates) ports.set(certificate, await startTls(certificate));
    const backends = cases.map(({ name, certificate }) => ({
      name,
      url: `http://127.0.0.1:${ports.get(certificate)}`,
    }));
    const rules = cases.map(({ name }) => ({ models: [name], backends: [name] }));
    gateway = await startGateway({
      engine,
      config: withTls(gatewayYaml({ port: freePort(), backends, rules })),
    });
  }, startLimitMs);

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    for (const server of servers) server.close();
  });

  test.each(cases)("a provider with $name is accepted: $isAccepted", async ({ name, isAccepted }) => {
    const response = await post(gateway, "/v1/chat/completions", chatBody(name));
    const body = (await response.json()) as ErrorBody;
    expect(response.status, JSON.stringify(body)).toBe(isAccepted ? 200 : 503);
    if (!isAccepted) expect(body).toMatchObject({ type: "error", error: { code: "503" } });
  });

  test("a connection to a provider is used again", async () => {
    for (let round = 0; round < 3; round++) {
      const response = await post(gateway, "/v1/chat/completions", chatBody("own-ca-and-name"));
      expect(response.status).toBe(200);
      await response.text();
    }
    const [first] = servers;
    const open = await new Promise<number>((resolve, reject) =>
      first?.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    );
    expect(open).toBeLessThan(6);
  });
});
