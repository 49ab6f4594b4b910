import { expect, test } from "bun:test";
import { lintGateway } from "../compile-gateway.ts";
import { formatDiagnostic } from "../diagnostics.ts";
import { gateway, route, service, testWorld } from "../testing.ts";

function infos(text: string): string[] {
  const { diagnostics } = lintGateway([{ name: "gw.yaml", text, isSubstituted: true }], testWorld());
  return diagnostics.filter(({ code }) => code === "unused").map(formatDiagnostic);
}

const used = gateway + service("s") + route("r", "    - backendRefs: [{name: s}]");
const secret = (name: string) => `apiVersion: v1
kind: Secret
metadata: {name: ${name}}
stringData: {apiKey: sk-x}
---
`;
const policy = (target: string, name = "key") => `apiVersion: aigateway.envoyproxy.io/v1beta1
kind: BackendSecurityPolicy
metadata: {name: p}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: ${target}}]
  type: APIKey
  apiKey: {secretRef: {name: ${name}}}
---
`;

test("what routes lead to is used, and what is used by that", () => {
  expect(infos(used + secret("key") + policy("s"))).toEqual([]);
});

test("what nobody refers to is said, with its line", () => {
  expect(infos(used + service("lonely") + secret("spare"))).toEqual([
    "gw.yaml:38:18: document 6 (AIServiceBackend default/lonely): metadata.name: is used by nothing; remove it, or refer to it",
    "gw.yaml:45:18: document 7 (Backend default/lonely): metadata.name: is used by nothing; remove it, or refer to it",
    "gw.yaml:52:18: document 8 (Secret default/spare): metadata.name: is used by nothing; remove it, or refer to it",
  ]);
});

test("a Secret of a policy for what nobody uses is used by nobody", () => {
  const found = infos(used + service("lonely") + secret("key") + policy("lonely"));
  expect(found.map((line) => /\((\w+) /.exec(line)?.[1])).toEqual(["AIServiceBackend", "Backend", "Secret"]);
});
