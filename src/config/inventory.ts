import type { Origin, ResourceId } from "../model/origin.ts";
import { noResource, type Report } from "./diagnostics.ts";
import type { ParsedDocument } from "./documents.ts";
import { isDeprecated, type KindName, kinds, type Tier } from "./kinds.ts";
import { type Reading, readResource } from "./read-resource.ts";
import { originOf, type Resource, type Site } from "./resource.ts";

/** What a reference leads to; `silent` if something that was complained about already might be what is missing. */
export type Lookup<K extends KindName> =
  | { readonly type: "found"; readonly resource: Resource<K> }
  | { readonly type: "missing" }
  | { readonly type: "silent" };

/** All resources by identity: the first of each, in the order they were written. */
export class Inventory {
  readonly tiers: { readonly site: Site; readonly tier: Tier }[] = [];
  readonly #resources = new Map<string, Resource>();
  readonly #sites = new Map<string, Site>();
  readonly #failed = new Set<string>();
  #isComplete = true;

  all<K extends KindName>(kind: K): readonly Resource<K>[] {
    const own = (resource: Resource): resource is Resource<K> => resource.kind === kind;
    return [...this.#resources.values()].filter(own);
  }

  everything(): readonly Resource[] {
    return [...this.#resources.values()];
  }

  find<K extends KindName>(kind: K, namespace: string, name: string): Lookup<K> {
    const { group, isNamespaced } = kinds[kind];
    const key = identity({ group, kind, namespace: isNamespaced ? namespace : "", name });
    const resource = this.#resources.get(key) as Resource<K> | undefined;
    if (resource !== undefined) return { type: "found", resource };
    return this.mayHaveFailed(key) ? { type: "silent" } : { type: "missing" };
  }

  /** Whether one of this kind was written, or might have been, that could not be read. */
  hasFailed(kind: KindName): boolean {
    const start = `${kinds[kind].group}/${kind}/`;
    return !this.#isComplete || [...this.#failed].some((key) => key.startsWith(start));
  }

  mayHaveFailed(key: string): boolean {
    return !this.#isComplete || this.#failed.has(key);
  }

  /** A text that could not be read: anything may have stood in it. */
  markIncomplete(): void {
    this.#isComplete = false;
  }

  add(reading: Reading, report: Report): void {
    if (reading.type === "failed") {
      if (reading.id === undefined) this.#isComplete = false;
      else this.#failed.add(identity(reading.id));
      return;
    }
    const site = reading.type === "tier" ? reading.site : reading.resource.site;
    const first = this.#sites.get(identity(site.id));
    if (first !== undefined) {
      sayDuplicate(site, first, report);
      return;
    }
    this.#sites.set(identity(site.id), site);
    sayReserved(site, report);
    if (reading.type === "tier") this.tiers.push(reading);
    else this.#resources.set(identity(site.id), reading.resource);
  }

  /** The place where a resource of any kind was written. */
  siteOf(id: ResourceId): Site | undefined {
    return this.#sites.get(identity(id));
  }
}

export function identity({ group, kind, namespace, name }: ResourceId): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

export function takeInventory(documents: readonly ParsedDocument[], report: Report): Inventory {
  const inventory = new Inventory();
  for (const document of documents) inventory.add(readResource(document, report), report);
  sayDeprecated(inventory, report);
  return inventory;
}

function sayDuplicate(site: Site, first: Site, report: Report): void {
  const where = first.places.file === site.places.file ? "" : ` of ${first.places.file}`;
  const message = `is defined twice; the one in document ${first.document}${where} is used and this one, document ${site.document}, is ignored`;
  report.warning(originOf({ site }), "duplicate-resource", message, {
    related: [["first defined here", originOf({ site: first })]],
  });
}

/** Names that the gateway gives to what it generates. */
const reservedName = /^ai-eg-(host-rewrite|route-not-found-response|mcp)-/;

function sayReserved(site: Site, report: Report): void {
  if (!reservedName.test(site.id.name)) return;
  const origin = originOf({ site }, ["metadata", "name"]);
  report.error(origin, "reserved-name", `name ${site.id.name} is reserved`, { mend: "choose another name" });
}

function sayDeprecated(inventory: Inventory, report: Report): void {
  const old = inventory.everything().find(({ id, version }) => isDeprecated(id.group, version));
  if (old === undefined) return;
  const { group } = old.id;
  const message = `${group}/${old.version} is deprecated; use ${group}/v1beta1 instead`;
  report.info(originOf(old, ["apiVersion"]), "deprecated-version", message);
}

/** What is said about kinds that are not served: one line a kind, or for those that mean nothing here one for all. */
export function reportTiers(inventory: Inventory, arePoolsUsed: boolean, report: Report): void {
  const byLine = new Map<string, { sites: Site[]; tier: Tier }>();
  const add = (site: Site, tier: Tier) => {
    if (tier.isPool === true && arePoolsUsed) return;
    const line =
      tier.isGrouped === true ? tier.message : tier.severity === "error" ? identity(site.id) : site.id.kind;
    const entry = byLine.get(line);
    if (entry === undefined) byLine.set(line, { sites: [site], tier });
    else entry.sites.push(site);
  };
  for (const { site, tier } of inventory.tiers) add(site, tier);
  for (const { sites, tier } of byLine.values()) sayTier(sites, tier, report);
}

function sayTier(sites: readonly Site[], tier: Tier, report: Report): void {
  const [first, ...others] = sites;
  if (first === undefined) return;
  const origin = originOf({ site: first });
  if (tier.isGrouped === true) {
    const names = sites.map(({ id }) => `${id.kind} ${id.namespace}/${id.name}`).join(", ");
    const whole: Origin = { ...origin, resource: noResource, document: 0 };
    report.add(tier.severity, whole, "unsupported-kind", `${tier.message}: ${names}`);
    return;
  }
  const related = others.map(
    (site) => [`also ${site.id.namespace}/${site.id.name}`, originOf({ site })] as const,
  );
  const message = `${first.id.kind} ${tier.message}`;
  report.add(tier.severity, origin, "unsupported-kind", message, { related });
}
