import type { Compiled, GatewayModel } from "../model/gateway.ts";
import type { Forward } from "../model/route.ts";
import { compileGateway } from "./compile-gateway.ts";
import { formatDiagnostic } from "./diagnostics.ts";
import type { Environment, World } from "./world.ts";

export interface TestWorld {
  readonly environment?: Environment;
  readonly files?: { readonly [path: string]: string };
}

/** A world with a fixed clock and only the files given. */
export function testWorld({ environment = {}, files = {} }: TestWorld = {}): World {
  return {
    environment,
    nowMs: Date.parse("2026-01-02T03:04:05Z"),
    readFile(path) {
      const text = files[path];
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      return text;
    },
  };
}

export function compileText(text: string, world: TestWorld = {}): Compiled {
  return compileGateway([{ name: "gw.yaml", text, isSubstituted: true }], testWorld(world));
}

/** `error gw.yaml:1:2: …`, one for each finding. */
export function findings({ diagnostics }: Compiled): string[] {
  return diagnostics.map((diagnostic) => `${diagnostic.severity} ${formatDiagnostic(diagnostic)}`);
}

/** What the first rule of route `r`, or another one, does with requests: it hands them on. */
export function forwardOf(model: GatewayModel | undefined, rule = "r/rule/0"): Forward {
  const action = model?.rules[`httproute/default/${rule}`]?.action;
  if (action?.type !== "forward") throw new Error(`${rule} forwards nothing`);
  return action;
}

/** GatewayClass and Gateway `gw`, 17 lines with the separator behind them. */
export const gateway = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: gw}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: gw
  listeners:
    - {name: http, protocol: HTTP, port: 1975}
---
`;

/** AIServiceBackend and Backend of one name, 16 lines with the separator behind them. */
export function service(name: string): string {
  return `apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIServiceBackend
metadata: {name: ${name}}
spec:
  schema: {name: OpenAI}
  backendRef: {group: gateway.envoyproxy.io, kind: Backend, name: ${name}}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: ${name}}
spec:
  endpoints:
    - fqdn: {hostname: ${name}.example.com, port: 80}
---
`;
}

/** An AIGatewayRoute of the Gateway with the rules given, each indented by four. */
export function route(name: string, rules: string, more = ""): string {
  return `apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIGatewayRoute
metadata: {name: ${name}}
spec:
  parentRefs: [{name: gw}]
  rules:
${rules.replace(/\n$/, "")}
${more}---
`;
}

/** Fixed by its seed, so that a failure can be had again. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}
