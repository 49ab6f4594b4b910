import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { compileText, findings, gateway } from "../testing.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../runtime/fixtures/${name}`, import.meta.url), "utf8");

const listener = (more: string) =>
  gateway.replace(
    "    - {name: http, protocol: HTTP, port: 1975}",
    `    - {name: https, protocol: HTTPS, port: 8443, ${more}}`,
  );

const secret = (name: string, crt: string, key: string) =>
  `${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: { "tls.crt": crt, "tls.key": key } })}\n---\n`;

const policy = (tls: string) => `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: ClientTrafficPolicy
metadata: {name: p}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}]
  tls: ${tls}
---
`;

const good = secret("s", fixture("loopback.pem"), fixture("loopback.key"));
const refs = "tls: {certificateRefs: [{name: s}]}";

test("a listener with its certificate, its name and its versions", () => {
  const { model, diagnostics } = compileText(
    listener(`hostname: a.example.com, ${refs}`) + good + policy('{minVersion: Auto, maxVersion: "1.2"}'),
  );
  expect(diagnostics).toEqual([]);
  expect(model?.listeners[0]?.chains[0]?.tls).toMatchObject({
    serverName: "a.example.com",
    certificates: [{ chain: { from: "literal" }, key: { from: "literal" } }],
    minVersion: "1.2",
    maxVersion: "1.2",
  });
  expect(JSON.stringify(model)).not.toContain("PRIVATE KEY");
});

test("a changed certificate is another listener", () => {
  const print = (text: string) => compileText(text).model?.listeners[0]?.print;
  const other = secret("s", fixture("up.example.com.pem"), fixture("up.example.com.key"));
  expect(print(listener(refs) + good)).not.toBe(print(listener(refs) + other));
});

test.each([
  ["no Secret", "", 'references Secret "default/s", which is not in the configuration'],
  [
    "another key",
    secret("s", fixture("loopback.pem"), fixture("up.example.com.key")),
    "is not the key of the certificate in tls.crt",
  ],
  ["no PEM", secret("s", "a", "b"), "tls.crt and tls.key must be PEM, a certificate and its key"],
  [
    "no key at all",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {tls.crt: a}\n---\n",
    "does not contain 'tls.crt' and 'tls.key'",
  ],
  [
    "clients of no authority",
    good + policy("{clientValidation: {}}"),
    "without authorities any certificate would do",
  ],
  ["a listener without TLS on its port", good, "share port 8443, one with TLS and one without"],
])("%s is an error", (name, more, want) => {
  const plain = name.startsWith("a listener")
    ? "}\n    - {name: plain, protocol: HTTP, port: 8443, hostname: b.example.com"
    : "";
  const compiled = compileText(listener(refs + plain) + more);
  expect(compiled.model).toBeUndefined();
  expect(findings(compiled).join("\n")).toContain(want);
});
