/** Resources in few words. JSON is YAML. */

const gatewayApi = "gateway.networking.k8s.io/v1";
export const envoyApi = "gateway.envoyproxy.io/v1alpha1";
const aiApi = "aigateway.envoyproxy.io/v1beta1";

export function yaml(...documents: readonly object[]): string {
  return documents.map((document) => JSON.stringify(document)).join("\n---\n");
}

export function resource(apiVersion: string, kind: string, name: string, spec: object): object {
  return { apiVersion, kind, metadata: { name }, spec };
}

/** GatewayClass and Gateway `gw`; a listener without a name is `http`. */
export function gateway(port: number, listeners: readonly object[] = [{}]): object[] {
  const written = listeners.map((listener) => ({ name: "http", protocol: "HTTP", port, ...listener }));
  const controllerName = "gateway.envoyproxy.io/gatewayclass-controller";
  return [
    { apiVersion: gatewayApi, kind: "GatewayClass", metadata: { name: "gw" }, spec: { controllerName } },
    resource(gatewayApi, "Gateway", "gw", { gatewayClassName: "gw", listeners: written }),
  ];
}

export function httpRoute(name: string, rules: readonly object[], more: object = {}): object {
  return resource(gatewayApi, "HTTPRoute", name, { parentRefs: [{ name: "gw" }], rules, ...more });
}

/** A Backend on this machine, by a port or a socket. */
export function backend(name: string, at: number | string, more: object = {}): object {
  const endpoint =
    typeof at === "number" ? { ip: { address: "127.0.0.1", port: at } } : { unix: { path: at } };
  return resource(envoyApi, "Backend", name, { endpoints: [endpoint], ...more });
}

/** What a route says of such a Backend. */
export function ref(name: string, more: object = {}): object {
  return { group: "gateway.envoyproxy.io", kind: "Backend", name, ...more };
}

/** A route for models, and the service behind it, which is the Backend of the same name. */
export function aiRoute(name: string, models: readonly string[], service: string): object[] {
  const matches = models.map((value) => ({ headers: [{ name: "x-ai-eg-model", value }] }));
  return [
    resource(aiApi, "AIGatewayRoute", name, {
      parentRefs: [{ name: "gw" }],
      rules: [{ matches, backendRefs: [{ name: service }] }],
    }),
    resource(aiApi, "AIServiceBackend", service, { schema: { name: "OpenAI" }, backendRef: ref(service) }),
  ];
}
