import type { Access } from "./access.ts";
import type { AccessLog } from "./access-log.ts";
import type { AiBackend, Costs, ModelLists } from "./ai.ts";
import type { Backend } from "./backend.ts";
import type { Credential } from "./credential.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Listener } from "./listener.ts";
import type { McpRoute } from "./mcp.ts";
import type { Origin, ResourceId, Table } from "./origin.ts";
import type { Rule } from "./route.ts";
import type { Quota, RateLimit } from "./traffic.ts";
import type { Secrets } from "./values.ts";

/**
 * All that a gateway does, resolved and frozen: plain data without functions, classes, maps or regular expressions,
 * so that it can be dumped, compared and sent elsewhere. It holds no secret (see `SecretRef`). A reload is a new model.
 */
export interface GatewayModel extends ExchangeModel {
  readonly gateway: ResourceId;
  readonly listeners: readonly Listener[];
  readonly rules: Table<Rule>;
  readonly backends: Table<Backend>;
  readonly mcpRoutes: Table<McpRoute>;
  readonly limits: Table<RateLimit>;
  readonly quotas?: Table<Quota>;
  /** By `namespace/name` of the SecurityPolicy. */
  readonly access: Table<Access>;
  readonly accessLogs: readonly AccessLog[];
  readonly process: ProcessSettings;
  readonly origins: readonly Origin[];
}

/** What exchanges need, whichever engine carries the bytes. */
export interface ExchangeModel {
  readonly aiBackends: Table<AiBackend>;
  readonly credentials: Table<Credential>;
  readonly costs: Costs;
  readonly models: ModelLists;
}

export interface ProcessSettings {
  /** Component to level, from `EnvoyProxy.spec.logging.level`; `default` is always there. */
  readonly logLevels: { readonly [component: string]: string };
  /** Envoy's admin address if the configuration fixes it, `host:port`. */
  readonly adminAddress?: string;
  readonly envoyVersion?: string;
  readonly drainTimeoutMs: number;
}

/** What compiling gives: no model if a diagnostic is an error. */
export interface Compiled {
  readonly model?: GatewayModel;
  readonly secrets: Secrets;
  readonly diagnostics: readonly Diagnostic[];
}
