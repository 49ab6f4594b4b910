import type { AiBackend, Schema } from "../../model/ai.ts";
import { overrideHeaders } from "../../policy/override-headers.ts";
import { keyOriginOf, originOf, type Resource } from "../resource.ts";
import type { BackendRef } from "../resources/ai-gateway/ai-gateway-route.ts";
import type { Context } from "./context.ts";
import type { Credentials } from "./credentials.ts";
import { mergeBodyEdits, mergeHeaderEdits } from "./edits.ts";
import { printOf } from "./print.ts";

type Service = Resource<"AIServiceBackend">;

/** One reference of a route's rule, as written. */
export interface RefSite {
  readonly route: Resource<"AIGatewayRoute">;
  readonly rule: number;
  readonly index: number;
  readonly written: BackendRef;
}

/** What is worth saying of an AIServiceBackend by itself, once, however often it is referred to. */
export function checkServices({ inventory, report }: Context): void {
  for (const service of inventory.all("AIServiceBackend")) {
    const { schema, backendRef } = service.value.spec;
    const namespace = backendRef.namespace ?? service.id.namespace;
    if (inventory.find("Backend", namespace, backendRef.name).type === "missing") {
      const message = `AIServiceBackend ${service.id.namespace}/${service.id.name} references Backend "${namespace}/${backendRef.name}", which is not in the configuration: requests for it answer 500`;
      report.warning(originOf(service, ["spec", "backendRef", "name"]), "missing-backend", message);
    }
    const hasPrefix = schema.name === "OpenAI" || schema.name === "Anthropic";
    if (hasPrefix && schema.version !== undefined && schema.version !== "" && schema.prefix === undefined) {
      const message = `is ignored for schema ${schema.name}`;
      report.warning(keyOriginOf(service, ["spec", "schema", "version"]), "version-ignored", message, {
        mend: "a path before the endpoint goes into schema.prefix",
      });
    }
    if (hasPrefix && schema.prefix === "") {
      const origin = originOf(service, ["spec", "schema", "prefix"]);
      report.info(origin, "empty-prefix", 'an empty prefix means v1; "/" is the way to have none');
    }
  }
}

function compileSchema({ name, version, prefix }: Service["value"]["spec"]["schema"]): Schema {
  if (name !== "OpenAI" && name !== "Anthropic") return { name, ...(version ? { version } : {}) };
  const trimmed = (prefix ?? "").replace(/^\/+|\/+$/g, "");
  return { name, prefix: trimmed !== "" ? trimmed : prefix ? "/" : "v1" };
}

/** A reference to a service as exchanges see it: the service's settings with those of the reference over them. */
export function compileAiBackend(
  context: Context,
  credentials: Credentials,
  site: RefSite,
  service: Service,
): AiBackend {
  const { route, rule, index, written } = site;
  const path = ["spec", "rules", rule, "backendRefs", index];
  const { spec } = service.value;
  const credential = credentials.of(service);
  const headers = mergeHeaderEdits(
    { mutation: spec.headerMutation, resource: service, path: ["spec", "headerMutation"] },
    { mutation: written.headerMutation, resource: route, path: [...path, "headerMutation"] },
    context.report,
  );
  const body = mergeBodyEdits(
    { mutation: spec.bodyMutation, resource: service, path: ["spec", "bodyMutation"] },
    { mutation: written.bodyMutation, resource: route, path: [...path, "bodyMutation"] },
    context.report,
  );
  // A credential that comes with the request is for the gateway, not for the provider.
  const own = credential === undefined ? [] : overrideHeaders(credential);
  const parts = {
    backendName: `${service.id.namespace}/${service.id.name}`,
    routeName: `${route.id.namespace}/${route.id.name}`,
    schema: compileSchema(spec.schema),
    headers: { ...headers, remove: [...new Set([...headers.remove, ...own])] },
    body,
    ...(written.modelNameOverride === "" ? {} : { modelOverride: written.modelNameOverride }),
  };
  const ruleName = route.value.spec.rules[rule]?.name;
  return {
    key: `${route.id.namespace}/${written.name}/route/${route.id.name}/rule/${rule}/ref/${index}`,
    print: printOf({ ...parts, ruleName, credential: credential?.print }),
    at: context.origins.at(route, path),
    why: { schema: context.origins.at(service, ["spec", "schema"]) },
    ...parts,
    ...(credential === undefined ? {} : { credential: credential.key }),
  };
}
