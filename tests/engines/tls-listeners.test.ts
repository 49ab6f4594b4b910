/** HTTPS listeners: names, versions and certificates of clients, on both engines. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { gatewayYaml } from "../support/config.ts";
import { onEachEngine } from "../support/engines.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { chatBody, startLimitMs } from "../support/start.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const fixture = (name: string) =>
  readFileSync(join(import.meta.dir, "../../src/runtime/fixtures", name), "utf8");
const ca = fixture("ca.pem");
const pair = (name: string) => ({ cert: fixture(`${name}.pem`), key: fixture(`${name}.key`) });

interface Ports {
  readonly plain: number;
  readonly tls: number;
  readonly mutual: number;
}

function configuration(upstream: Upstream, { plain, tls, mutual }: Ports): string {
  const documents = gatewayYaml({ port: plain, backends: [{ name: "up", url: upstream.url }] })
    .split("\n---\n")
    .map((text) => JSON.parse(text) as { kind: string; spec: { listeners?: object[] } });
  const certificate = (name: string) => ({ certificateRefs: [{ name }] });
  for (const { kind, spec } of documents) {
    if (kind !== "Gateway") continue;
    spec.listeners?.push(
      { name: "named", protocol: "HTTPS", port: tls, hostname: "up.example.com", tls: certificate("named") },
      { name: "any", protocol: "HTTPS", port: tls, tls: certificate("any") },
      { name: "mutual", protocol: "HTTPS", port: mutual, tls: certificate("any") },
    );
  }
  const secret = (name: string, of: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    stringData: { "tls.crt": fixture(`${of}.pem`), "tls.key": fixture(`${of}.key`) },
  });
  const target = {
    group: "gateway.networking.k8s.io",
    kind: "Gateway",
    name: "tests",
    sectionName: "mutual",
  };
  const more = [
    secret("named", "up.example.com"),
    secret("any", "loopback"),
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ca" }, data: { "ca.crt": ca } },
    {
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "ClientTrafficPolicy",
      metadata: { name: "mutual" },
      spec: {
        targetRefs: [target],
        tls: {
          minVersion: "1.3",
          clientValidation: { caCertificateRefs: [{ kind: "ConfigMap", name: "ca" }] },
        },
      },
    },
  ];
  return [...documents, ...more].map((document) => JSON.stringify(document)).join("\n---\n");
}

/** The name of the certificate that a client gets, and what it agreed upon. */
function greet(port: number, options: object): Promise<{ names: string; version: string | null }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, ...options }, () => {
      resolve({ names: socket.getPeerCertificate().subjectaltname ?? "", version: socket.getProtocol() });
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

function ask(port: number, options: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const place = {
      host: "127.0.0.1",
      port,
      path: "/v1/chat/completions",
      method: "POST",
      headers,
      agent: false,
    };
    const sent = request({ ...place, ca, ...options }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(chatBody("m")));
  });
}

onEachEngine((engine) => {
  let upstream: Upstream;
  let gateway: Gateway;
  const ports = { plain: freePort(), tls: freePort(), mutual: freePort() };

  beforeAll(async () => {
    upstream = startUpstream({ ok: true });
    gateway = await startGateway({ program: "source", engine, config: configuration(upstream, ports) });
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    upstream?.[Symbol.dispose]();
  });

  test("the name that a client asks for chooses the certificate", async () => {
    const named = await greet(ports.tls, { servername: "up.example.com" });
    expect(named.names).toContain("up.example.com");
    const any = await greet(ports.tls, { servername: "" });
    expect(any.names).toContain("127.0.0.1");
  });

  test("requests are served, beside those without TLS", async () => {
    expect(await ask(ports.tls, { servername: "up.example.com", headers: { host: "up.example.com" } })).toBe(
      200,
    );
    expect(await ask(ports.tls, {})).toBe(200);
    expect((await fetch(`${gateway.url}/v1/models`)).status).toBe(200);
  });

  test("old versions are refused", async () => {
    await expect(
      greet(ports.tls, { servername: "up.example.com", maxVersion: "TLSv1.1", minVersion: "TLSv1" }),
    ).rejects.toThrow();
    await expect(greet(ports.mutual, { ...pair("loopback"), maxVersion: "TLSv1.2" })).rejects.toThrow();
  });

  test("where certificates of clients are wanted nobody comes in without one", async () => {
    const before = upstream.seen.length;
    await expect(ask(ports.mutual, {})).rejects.toThrow();
    expect(upstream.seen.length).toBe(before);
    expect(await ask(ports.mutual, pair("up.example.com"))).toBe(200);
  });

  test("no key is in a file that others can read, or in a log", () => {
    const [, line = ""] = fixture("loopback.key").split("\n");
    const grep = Bun.spawnSync(["grep", "-rlF", line, gateway.home]);
    const files = grep.stdout
      .toString()
      .trim()
      .split("\n")
      .map((file) => file.replace(gateway.home, ""));
    expect(files.filter((file) => !/^\/(config\.yaml|.*\/sds-certificate-\w+\.json)$/.test(file))).toEqual(
      [],
    );
    expect(gateway.stderr() + gateway.stdout()).not.toContain(line);
  });
});
