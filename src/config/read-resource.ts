import type { z } from "zod";
import type { ResourceId } from "../model/origin.ts";
import { typingErrors } from "../policy/typing-errors.ts";
import { formatPath, type Path, type Report } from "./diagnostics.ts";
import type { ParsedDocument } from "./documents.ts";
import { describeIssue } from "./issues.ts";
import { type KindName, kinds, type Tier, tiers } from "./kinds.ts";
import { keyOriginOf, originOf, type Resource, type Site } from "./resource.ts";
import { fieldsAt, isSecretAt, visitNotes } from "./schema-walk.ts";

type Fields = { [name: string]: unknown };

export type Reading =
  | { readonly type: "resource"; readonly resource: Resource }
  | { readonly type: "tier"; readonly site: Site; readonly tier: Tier }
  /** Something is wrong with it, and has been said; `id` is absent if it could be anything. */
  | { readonly type: "failed"; readonly id?: ResourceId };

interface Head {
  readonly apiVersion: string;
  readonly version: string;
  readonly id: ResourceId;
  readonly isNamed: boolean;
}

/** A document as a resource of a known kind: types, rules of its schema, unknown fields, and fields not honoured. */
export function readResource(document: ParsedDocument, report: Report): Reading {
  const { value, places, index, isSound } = document;
  const head = readHead(value);
  const failed: Reading = head?.isNamed === true ? { type: "failed", id: head.id } : { type: "failed" };
  if (!isSound) return failed;
  if (head === undefined) {
    sayNoHead(document, report);
    return failed;
  }
  const site: Site = { id: head.id, document: index, places };
  const { group, kind } = head.id;
  const tier = tiers.get(`${group}/${kind}`);
  if (tier !== undefined) return { type: "tier", site, tier };
  const row = isKindName(kind) && kinds[kind].group === group ? kinds[kind] : undefined;
  const schema = row && Object.hasOwn(row.versions, head.version) ? row.versions[head.version] : undefined;
  if (schema === undefined || !isKindName(kind)) {
    sayUnsupported(head, site, report);
    return failed;
  }
  const input = withoutNulls(value as Fields, kind);
  const parsed = parse(schema, input, site, report);
  if (parsed === undefined) return failed;
  saySupport(schema, input, site, report);
  const resource = { kind, id: head.id, version: head.version, value: parsed, site };
  return { type: "resource", resource: resource as Resource };
}

function isKindName(kind: string): kind is KindName {
  return Object.hasOwn(kinds, kind);
}

/** Enough to know what a document is about; `undefined` if it is no resource at all. */
function readHead(value: unknown): Head | undefined {
  if (!isFields(value)) return undefined;
  const { apiVersion, kind, metadata } = value;
  if (typeof kind !== "string" || kind === "" || typeof apiVersion !== "string") return undefined;
  const slash = apiVersion.lastIndexOf("/");
  const group = slash === -1 ? "" : apiVersion.slice(0, slash);
  const { name, namespace } = isFields(metadata) ? metadata : ({} as Fields);
  const isClusterWide = isKindName(kind) && !kinds[kind].isNamespaced;
  const given = typeof namespace === "string" && namespace !== "" ? namespace : "default";
  const id = { group, kind, namespace: isClusterWide ? "" : given, name: String(name ?? "(unnamed)") };
  return {
    apiVersion,
    version: apiVersion.slice(slash + 1),
    id,
    isNamed: name !== undefined && name !== null,
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sayNoHead({ value, places, index }: ParsedDocument, report: Report): void {
  const id = { group: "", kind: "", namespace: "", name: "" };
  const origin = originOf({ site: { id, document: index, places } });
  if (!isFields(value)) {
    report.error(origin, "no-resource", "must be a mapping with apiVersion, kind, metadata and spec");
  } else if (typeof value["kind"] === "string" && value["kind"] !== "") {
    report.error(origin, "no-version", `${value["kind"]} has no apiVersion`);
  } else {
    const message =
      "has no kind: a Helm values file is an Envoy Gateway installation setting, not a gateway resource";
    report.error(origin, "no-kind", message, {
      mend: "every resource needs apiVersion, kind and metadata.name",
    });
  }
}

function sayUnsupported({ apiVersion, id }: Head, site: Site, report: Report): void {
  const name = id.namespace === "" ? id.name : `${id.namespace}/${id.name}`;
  const known = isKindName(id.kind) ? kinds[id.kind] : undefined;
  const prefix = known === undefined || known.group === "" ? "" : `${known.group}/`;
  const versions = Object.keys(known?.versions ?? {}).map((version) => `${prefix}${version}`);
  const mend = known === undefined ? undefined : `write apiVersion: ${versions.join(" or ")}`;
  const message = `unsupported resource ${apiVersion} ${id.kind} ${name}`;
  report.error({ ...originOf({ site }, ["apiVersion"]), path: "" }, "unsupported-resource", message, {
    mend,
  });
}

/** As Kubernetes reads it, a member without a value is not set. Texts of Secrets and ConfigMaps are then empty. */
function withoutNulls(value: Fields, kind: KindName): Fields {
  const isStore = kind === "Secret" || kind === "ConfigMap";
  const result = stripNulls(value) as Fields;
  for (const member of isStore ? ["data", "stringData"] : []) {
    const texts = value[member];
    if (!isFields(texts)) continue;
    result[member] = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, text ?? ""]));
  }
  return result;
}

function stripNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripNulls);
  if (!isFields(value)) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([key, member]) => [key, stripNulls(member)]));
}

/** Unknown fields are cut out and words like `yes` understood, each with a warning; then it is read again. */
function parse(schema: z.ZodObject, input: Fields, site: Site, report: Report): unknown {
  for (;;) {
    // Read once at start: to compile parsers first takes longer than to interpret them.
    const result = schema.safeParse(input, { jitless: true });
    if (result.success) return result.data;
    const { issues } = result.error;
    if (issues.filter((issue) => mend(schema, issue, input, site, report)).length > 0) continue;
    for (const issue of issues) {
      const path = issue.path as Path;
      const { message, mend } = describeIssue(issue, valueAt(input, path), isSecretAt(schema, path));
      report.error(originOf({ site }, path), "invalid-field", message, { mend });
    }
    return undefined;
  }
}

/** A field that was misspelt in one of these would leave open what it was to protect. */
const protectingKinds = new Set<string>(["SecurityPolicy"] satisfies KindName[]);

function mend(
  schema: z.ZodObject,
  issue: z.core.$ZodIssue,
  input: Fields,
  site: Site,
  report: Report,
): boolean {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) {
      const origin = { ...keyOriginOf({ site }, [...path, key]), path: "" };
      const field = JSON.stringify(formatPath([...path, key]));
      const nearest = { mend: didYouMean(key, fieldsAt(schema, path)) };
      if (protectingKinds.has(site.id.kind)) {
        const message = `unknown field ${field}; refusing to start because ignoring it could weaken security`;
        report.error(origin, "unknown-field", message, nearest);
      } else report.warning(origin, "unknown-field", `unknown field ${field} ignored`, nearest);
      delete (valueAt(input, path) as Fields)[key];
    }
    return true;
  }
  if (issue.code !== "invalid_type" || issue.expected !== "boolean") return false;
  const word = valueAt(input, path);
  const meaning = typeof word === "string" ? booleanWords[word.toLowerCase()] : undefined;
  const last = path.at(-1);
  if (meaning === undefined || last === undefined) return false;
  (valueAt(input, path.slice(0, -1)) as Fields)[last] = meaning;
  const message = `${JSON.stringify(word)} is text in YAML 1.2; read as ${meaning}`;
  report.warning(originOf({ site }, path), "boolean-word", message, { mend: `write ${meaning}` });
  return true;
}

/** The field that is most like the one that was written, if it is like it at all. */
function didYouMean(word: string, known: readonly string[]): string | undefined {
  const distance = (name: string) => typingErrors(word.toLowerCase(), name.toLowerCase());
  const [nearest] = known.toSorted((a, b) => distance(a) - distance(b));
  const isNear = nearest !== undefined && distance(nearest) <= Math.max(1, Math.floor(word.length / 3));
  return isNear ? `did you mean ${JSON.stringify(nearest)}?` : undefined;
}

const booleanWords: { readonly [word: string]: boolean } = { yes: true, on: true, no: false, off: false };

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (at as { [step: string | number]: unknown } | undefined)?.[step],
    value,
  );
}

/** Fields that are set and not honoured, each with what its schema says about it. */
function saySupport(schema: z.ZodObject, input: Fields, site: Site, report: Report): void {
  visitNotes(schema, input, ({ support }, path) => {
    if (support === undefined) return;
    const value = valueAt(input, path);
    const isHollow = typeof value === "object" && value !== null && Object.keys(value).length === 0;
    if (isHollow && support.severity !== "error") return;
    report.add(support.severity, keyOriginOf({ site }, path), "unsupported-field", support.message);
  });
}
