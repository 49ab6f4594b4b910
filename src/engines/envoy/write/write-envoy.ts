import type { GatewayModel } from "../../../model/gateway.ts";
import type { Secrets } from "../../../model/values.ts";
import { writeAccessLogs } from "./access-logs.ts";
import { writeBootstrap } from "./bootstrap.ts";
import { writeClusters } from "./clusters.ts";
import { writeListener } from "./listeners.ts";
import type { JsonObject, Resource } from "./proto.ts";
import { type WrittenRoutes, writeRoutes } from "./routes.ts";
import { SecretFiles } from "./secret-files.ts";
import type { EnvoySettings } from "./settings.ts";

/** All that Envoy is told, as resources by kind; which file each goes to is not their business. */
export interface EnvoyResources {
  readonly bootstrap: JsonObject;
  readonly listeners: readonly Resource[];
  readonly routes: readonly WrittenRoutes[];
  readonly clusters: readonly Resource[];
  /** The only ones that hold what is not for everybody's eyes. */
  readonly secrets: readonly Resource[];
}

/** Pure: the same model gives the same text. Credentials of AI backends are in none of it. */
export function writeEnvoy(model: GatewayModel, secrets: Secrets, settings: EnvoySettings): EnvoyResources {
  const files = new SecretFiles(secrets, settings.xdsDirectory);
  const logs = writeAccessLogs(model, settings);
  return {
    bootstrap: writeBootstrap(model, settings),
    listeners: model.listeners.map((listener) => writeListener(listener, model, logs, files, settings)),
    routes: model.listeners.map((listener) => writeRoutes(listener, model)),
    clusters: Object.values(model.rules).flatMap((rule) => writeClusters(rule, model, files, settings)),
    secrets: files.resources,
  };
}
