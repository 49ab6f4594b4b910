/** A configuration of MCP servers on this machine, as people write it. */
import { freePort } from "../support/ports.ts";

/** Server names to their ports. */
export function mcpConfig(servers: Readonly<Record<string, number>>, port = freePort()): string {
  const names = Object.keys(servers);
  const refs = names.map((name) => `    - { group: gateway.envoyproxy.io, kind: Backend, name: ${name} }`);
  const backends = Object.entries(servers).map(([name, serverPort]) => backend(name, serverPort));
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: tests }
spec: { controllerName: gateway.envoyproxy.io/gatewayclass-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: tests }
spec:
  gatewayClassName: tests
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
${names.length === 0 ? "" : route(refs)}${backends.join("")}`;
}

function route(refs: readonly string[]): string {
  return `---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: MCPRoute
metadata: { name: tools }
spec:
  parentRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: tests }]
  backendRefs:
${refs.join("\n")}
`;
}

function backend(name: string, port: number): string {
  return `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: ${name} }
spec: { endpoints: [{ ip: { address: 127.0.0.1, port: ${port} } }] }
`;
}
