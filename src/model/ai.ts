import type { Key, Keyed, Part, Table } from "./origin.ts";
import type { BodyEdit, Cel, HeaderEdits } from "./values.ts";

export const schemaNames = [
  "OpenAI",
  "Cohere",
  "AWSBedrock",
  "AzureOpenAI",
  "GCPVertexAI",
  "GCPAnthropic",
  "Anthropic",
  "AWSAnthropic",
] as const;
export type SchemaName = (typeof schemaNames)[number];

/** Which wire API an upstream speaks. `prefix` is filled (`v1`) for OpenAI and Anthropic, `version` for the others. */
export interface Schema {
  readonly name: SchemaName;
  readonly version?: string;
  readonly prefix?: string;
}

/**
 * One backend reference of one AI rule. `key` is its long name, `ns/backend/route/ROUTE/rule/I/ref/J`.
 * Edits are those of the AIServiceBackend and of the reference, merged.
 */
export interface AiBackend extends Keyed {
  /** `namespace/name` of the AIServiceBackend. */
  readonly backendName: string;
  /** `namespace/name` of the AIGatewayRoute. */
  readonly routeName: string;
  readonly schema: Schema;
  readonly modelOverride?: string;
  readonly credential?: Key;
  readonly headers: HeaderEdits;
  readonly body: readonly BodyEdit[];
}

/** The counters of token usage that costs can refer to. */
export type Counter = "input" | "cachedInput" | "cacheCreationInput" | "output" | "reasoning" | "total";

export interface Cost extends Part {
  readonly metadataKey: string;
  readonly amount: Counter | Cel;
  /** Only for this AIServiceBackend, `namespace/name`. */
  readonly backend?: string;
  /** Only for this model, as the upstream is asked for it. */
  readonly model?: string;
}

/** A route's own cost of a key wins over the global one of the same key. */
export interface Costs {
  readonly global: readonly Cost[];
  /** By `namespace/name` of the AIGatewayRoute. */
  readonly byRoute: Table<readonly Cost[]>;
}

export interface ModelLists {
  readonly all: readonly ListedModel[];
  /** By host name or `*.suffix`; each list already ends with the unscoped ones. */
  readonly byHost: Table<readonly ListedModel[]>;
  readonly unscoped: readonly ListedModel[];
}

export interface ListedModel extends Part {
  readonly id: string;
  readonly ownedBy: string;
  readonly createdAtMs: number;
}
