import { dirname } from "node:path";
import { stringify } from "yaml";
import type { AiBackend, Cost, Counter, ListedModel } from "../../model/ai.ts";
import type { Credential, CredentialWay } from "../../model/credential.ts";
import type { GatewayModel } from "../../model/gateway.ts";
import type { BodyEdit, HeaderEdits } from "../../model/values.ts";
import type { RunPaths } from "./run-directory.ts";

const redacted = "[REDACTED]";

/** `envoy-gateway-config.yaml`: the settings of a control plane that are true for this process. Never read back. */
export function writeGatewayConfig(paths: RunPaths, isDebug: boolean): string {
  return stringify({
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyGateway",
    gateway: { controllerName: "gateway.envoyproxy.io/gatewayclass-controller" },
    provider: {
      type: "Custom",
      custom: {
        resource: { type: "File", file: { paths: [dirname(paths.resources)] } },
        infrastructure: { type: "Host", host: {} },
      },
    },
    logging: { level: { default: isDebug ? "debug" : "info" } },
    extensionApis: { enableBackend: true },
  });
}

/** `extproc-config.yaml`: what decides about requests, every secret redacted. For people only. */
export function writeProcessorConfig(model: GatewayModel, version: string): string {
  const { costs, models, aiBackends, credentials } = model;
  const backends = Object.values(aiBackends).map((backend) => writeBackend(backend, credentials));
  const byRoute = Object.entries(costs.byRoute).flatMap(([routeName, list]) =>
    list.map((cost) => ({ ...writeCost(cost), routeName })),
  );
  return stringify({
    version,
    uuid: "aigw-translate",
    globalLLMRequestCosts: costs.global.map(writeCost),
    llmRequestCosts: byRoute,
    backends,
    models: models.all.map(writeModel),
    modelsByHost: Object.fromEntries(
      Object.entries(models.byHost).map(([host, list]) => [host, list.map(writeModel)]),
    ),
    unscopedModels: models.unscoped.map(writeModel),
  });
}

const costTypes: Record<Counter, string> = {
  input: "InputToken",
  cachedInput: "CachedInputToken",
  cacheCreationInput: "CacheCreationInputToken",
  output: "OutputToken",
  reasoning: "ReasoningToken",
  total: "TotalToken",
};

function writeCost({ metadataKey, amount }: Cost): object {
  return typeof amount === "string"
    ? { metadataKey, type: costTypes[amount] }
    : { metadataKey, type: "CEL", cel: amount.source };
}

function writeModel({ id, ownedBy, createdAtMs }: ListedModel): object {
  return { Name: id, OwnedBy: ownedBy, CreatedAt: new Date(createdAtMs).toISOString() };
}

function writeBackend(backend: AiBackend, credentials: GatewayModel["credentials"]): object {
  const { key, modelOverride, schema, credential, headers, body } = backend;
  const used = credential === undefined ? undefined : credentials[credential];
  return {
    name: key,
    modelNameOverride: modelOverride ?? "",
    schema,
    ...(used !== undefined && { auth: writeCredential(used) }),
    httpHeaderMutation: writeHeaderEdits(headers),
    httpBodyMutation: writeBodyEdits(body),
  };
}

function writeCredential({ way, override }: Credential): object {
  return {
    ...writeWay(way),
    ...(override !== undefined && {
      credentialOverride: { headerName: override.header, fallbackToConfigured: override.hasFallback },
    }),
  };
}

const keyKinds: { readonly [header: string]: string } = {
  "api-key": "azureAPIKey",
  "x-api-key": "anthropicAPIKey",
};

function writeWay(way: CredentialWay): object {
  switch (way.type) {
    case "header":
      return { [keyKinds[way.name] ?? "apiKey"]: { key: redacted } };
    case "aws":
      return {
        aws: { ...(way.source.type === "file" && { credentialFileLiteral: redacted }), region: way.region },
      };
    case "gcp":
      return {
        gcp: {
          ...(way.source.type !== "ambient" && { accessToken: redacted }),
          region: way.region,
          projectName: way.project,
        },
      };
    case "azure":
      return { azure: { accessToken: redacted } };
  }
}

/** Values are left out whole: a header that somebody sets for an upstream is as likely a key as not. */
function writeHeaderEdits({ set, add, remove }: HeaderEdits): object {
  return { set: [...set, ...add].map(([name]) => ({ name, value: redacted })), remove };
}

function writeBodyEdits(edits: readonly BodyEdit[]): object {
  const path = (edit: BodyEdit) => edit.path.join(".");
  return {
    set: edits.flatMap((edit) => (edit.op === "set" ? [{ path: path(edit), value: edit.json }] : [])),
    remove: edits.filter(({ op }) => op === "remove").map(path),
  };
}
