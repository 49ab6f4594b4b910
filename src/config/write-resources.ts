import { readSources } from "./compile-gateway.ts";
import type { Path } from "./diagnostics.ts";
import { kinds } from "./kinds.ts";
import type { Resource } from "./resource.ts";
import { visitNotes } from "./schema-walk.ts";
import type { Source, World } from "./world.ts";
import { writeDocuments } from "./yaml-writer.ts";

type Fields = { [name: string | number]: unknown };

const redacted = "[REDACTED]";

/**
 * The resources in effect as YAML for people: substituted, with defaults, without what is not honoured.
 * Every secret is redacted; Secrets that nothing refers to are left out.
 */
export function writeResources(sources: readonly Source[], world: World): string {
  const { inventory } = readSources(sources, world);
  const everything = inventory.everything();
  const named = new Set(everything.flatMap((resource) => secretNames(resource.value)));
  const shown = everything.filter(({ kind, id }) => kind !== "Secret" || named.has(id.name));
  return writeDocuments(shown.map(showResource)).text;
}

function showResource(resource: Resource): Fields {
  const { id, kind, version } = resource;
  const shown = structuredClone(resource.value) as Fields;
  delete shown["status"];
  visitNotes(
    kinds[kind].versions[version] ?? kinds[kind].schema,
    resource.value,
    ({ support, isSecret }, path) => {
      if (support !== undefined) edit(shown, path, (parent, step) => delete parent[step]);
      else if (isSecret === true) edit(shown, path, (parent, step) => (parent[step] = redacted));
    },
  );
  const { name, labels, annotations } = resource.value.metadata;
  const metadata = {
    name,
    ...(id.namespace === "" ? {} : { namespace: id.namespace }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  return { ...shown, metadata };
}

function edit(root: Fields, path: Path, change: (parent: Fields, step: string | number) => unknown): void {
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce<unknown>((at, step) => (at as Fields | undefined)?.[step], root);
  if (last !== undefined && typeof parent === "object" && parent !== null) change(parent as Fields, last);
}

/** Names of Secrets that a resource refers to, whatever the field: `secretRef`, `caCertificateRefs`, `clientSecret`, … */
function secretNames(value: unknown, isReference = false): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => secretNames(item, isReference));
  if (typeof value !== "object" || value === null) return [];
  const { kind = "Secret", name } = value as Fields;
  const own = isReference && kind === "Secret" && typeof name === "string" ? [name] : [];
  return [
    ...own,
    ...Object.entries(value).flatMap(([key, member]) =>
      secretNames(member, /Refs?$|^clientSecret$/.test(key)),
    ),
  ];
}
