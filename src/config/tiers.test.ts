import { describe, expect, test } from "bun:test";
import { compileText, findings, forwardOf, gateway, route, service } from "./testing.ts";

const kind = (apiVersion: string, name: string, resource = "x", spec = "") =>
  `apiVersion: ${apiVersion}\nkind: ${name}\nmetadata: {name: ${resource}}\n${spec}---\n`;
const base = gateway + service("s") + route("r", "    - backendRefs: [{name: s}]");
const said = (text: string) => findings(compileText(base + text));

test("kinds that mean something only in Kubernetes share one line", () => {
  const text = [
    kind("apps/v1", "Deployment"),
    kind("v1", "Service", "web"),
    kind("v1", "Namespace"),
    kind("rbac.authorization.k8s.io/v1", "ClusterRole"),
    kind("monitoring.coreos.com/v1", "ServiceMonitor"),
  ].join("");
  expect(said(text)).toEqual([
    "info gw.yaml:36:1: ignoring Kubernetes-only resources in standalone mode: Deployment default/x, Service default/web, Namespace default/x, ClusterRole default/x, ServiceMonitor default/x",
  ]);
});

describe("one line a kind for", () => {
  const gatewayApi = "gateway.networking.k8s.io/v1";
  const eg = "gateway.envoyproxy.io/v1alpha1";
  const cases: readonly (readonly [apiVersion: string, name: string, message: string])[] = [
    [gatewayApi, "GRPCRoute", "GRPCRoute is not supported in standalone mode and is ignored"],
    [gatewayApi, "TLSRoute", "TLSRoute is not supported in standalone mode and is ignored"],
    [
      "gateway.networking.x-k8s.io/v1alpha1",
      "XListenerSet",
      "XListenerSet is not supported in standalone mode and is ignored",
    ],
    [
      eg,
      "EnvoyPatchPolicy",
      "EnvoyPatchPolicy is ignored: direct Envoy configuration patches are not supported",
    ],
  ];
  test.each(cases)("%s %s", (apiVersion, name, message) => {
    expect(said(kind(apiVersion, name, "x") + kind(apiVersion, name, "y"))).toEqual([
      `warning gw.yaml:36:1: document 6 (${name} default/x): ${message}\n  also default/y: gw.yaml:40:1`,
    ]);
  });
});

describe("a refusal for", () => {
  const eg = "gateway.envoyproxy.io/v1alpha1";
  const cases: readonly (readonly [name: string, message: string])[] = [
    ["EnvoyExtensionPolicy", "EnvoyExtensionPolicy is not supported in standalone mode"],
    ["EnvoyGateway", "EnvoyGateway is an Envoy Gateway installation setting, not a gateway resource"],
  ];
  test.each(cases)("%s", (name, message) => {
    expect(said(kind(eg, name))).toEqual([`error gw.yaml:36:1: document 6 (${name} default/x): ${message}`]);
  });
});

test("an InferencePool is an information, and a warning where something refers to it", () => {
  const pool = kind("inference.networking.k8s.io/v1", "InferencePool", "p");
  const message =
    "InferencePool is only available on Kubernetes; use an AIServiceBackend with a Backend instead";
  expect(said(pool)).toEqual([`info gw.yaml:36:1: ${message}: InferencePool default/p`]);
  const user = route(
    "u",
    "    - backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: p}]",
  );
  const { model, diagnostics } = compileText(
    base +
      pool +
      user.replace(
        "- backendRefs",
        "- name: pool\n      matches: [{headers: [{name: a, value: b}]}]\n      backendRefs",
      ),
  );
  expect(diagnostics.map(({ severity, message: text }) => `${severity} ${text}`)).toEqual([
    `warning ${message}`,
  ]);
  expect(forwardOf(model, "u/rule/0").refs[0]?.broken).toEqual({
    status: 500,
    reason: "InferencePool p exists only on Kubernetes",
  });
});

test("an HTTPRoute must not have the name of an AIGatewayRoute", () => {
  expect(
    said(kind("gateway.networking.k8s.io/v1", "HTTPRoute", "r", "spec: {parentRefs: [{name: gw}]}\n"))[0],
  ).toBe(
    "error gw.yaml:28:1: document 5 (AIGatewayRoute default/r): HTTPRoute default/r has the name that this route needs; rename one of them\n  the HTTPRoute: gw.yaml:36:1",
  );
});

test("GatewayConfig says what of it means nothing here", () => {
  const spec =
    "spec:\n  extProc: {kubernetes: {env: [{name: A, value: b}], resources: {limits: {cpu: 1}}}}\n  forwardProxy: {address: p:3128}\n";
  expect(said(kind("aigateway.envoyproxy.io/v1beta1", "GatewayConfig", "x", spec))).toEqual([
    "warning gw.yaml:40:26: document 6 (GatewayConfig default/x): spec.extProc.kubernetes.env: is not supported by aigw yet and is ignored",
    "info gw.yaml:40:54: document 6 (GatewayConfig default/x): spec.extProc.kubernetes.resources: extProc.kubernetes container settings have no effect in standalone mode",
    "warning gw.yaml:41:3: document 6 (GatewayConfig default/x): spec.forwardProxy: is not supported by aigw yet and is ignored",
  ]);
});
