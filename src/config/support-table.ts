import { type KindName, kinds, type Tier, tiers } from "./kinds.ts";
import type { Support } from "./resources/support.ts";
import { fieldsOf } from "./schema-walk.ts";

export type SupportWord = "honoured" | "ignored" | "refused";

export interface FieldSupport {
  /** `spec.rules[].name` */
  readonly path: string;
  readonly support: SupportWord;
  /** What is said to whoever sets it; absent for what is honoured. */
  readonly reason?: string;
}

export interface KindSupport {
  readonly kind: string;
  readonly group: string;
  readonly versions: readonly string[];
  readonly fields: readonly FieldSupport[];
}

/** Members that every resource has, and that are read as Kubernetes reads them. */
const common = new Set(["apiVersion", "kind", "metadata", "status"]);

/** Every field of every kind that has a schema, from the schemas themselves. */
export function supportOfKinds(): KindSupport[] {
  return (Object.keys(kinds) as KindName[]).map((kind) => {
    const { group, versions, schema } = kinds[kind];
    const fields = [...fieldsOf(schema)].filter(({ path }) => !common.has(path.split(".")[0] ?? ""));
    return {
      kind,
      group,
      versions: Object.keys(versions),
      fields: fields.map(({ path, notes }) => ({ path, ...describe(notes.support) })),
    };
  });
}

function describe(support: Support | undefined): Omit<FieldSupport, "path"> {
  if (support === undefined) return { support: "honoured" };
  return { support: support.severity === "error" ? "refused" : "ignored", reason: support.message };
}

/** Kinds that are known and not served, by what is said of them. */
export function supportOfOtherKinds(): readonly (readonly [tier: Tier, kinds: readonly string[]])[] {
  const byTier = Map.groupBy(tiers, ([, tier]) => tier);
  return [...byTier].map(
    ([tier, entries]) => [tier, entries.map(([name]) => name.replace(/^\//, ""))] as const,
  );
}
