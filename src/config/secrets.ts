import { createHmac, randomBytes } from "node:crypto";
import { homedir } from "node:os";
import type { At, Key } from "../model/origin.ts";
import type { SecretRef, Secrets } from "../model/values.ts";
import type { Path, Report } from "./diagnostics.ts";
import type { Inventory } from "./inventory.ts";
import { originOf, type Resource } from "./resource.ts";
import { variable, type World } from "./world.ts";

/** Lives as long as the process: a fingerprint tells that a secret changed, and nothing to anyone else. */
const processKey = randomBytes(32);

/** Holds the values that the model refers to. Prints as a word, whoever tries. */
export class SecretStore implements Secrets {
  readonly #values = new Map<Key, string>();

  value({ id }: SecretRef): string | undefined {
    return this.#values.get(id);
  }

  /** Takes a value and gives what the model may know of it. */
  add(secret: Omit<SecretRef, "fingerprint">, value: string): SecretRef {
    this.#values.set(secret.id, value);
    const fingerprint = createHmac("sha256", processKey).update(value).digest("hex").slice(0, 32);
    return { ...secret, fingerprint };
  }

  toString(): string {
    return "[secrets]";
  }

  toJSON(): string {
    return "[secrets]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secrets]";
  }

  [Symbol.for("Deno.customInspect")](): string {
    return "[secrets]";
  }
}

/** One entry of a Secret or ConfigMap, after its annotations were followed. */
export interface Entry {
  readonly value: string;
  readonly from: SecretRef["from"];
  /** The variable's name, the file's path, or `Secret ns/name key`. */
  readonly name: string;
  /** Where the text stands. */
  readonly path: Path;
  /** A variable of the text that has no value. */
  readonly unset: string | undefined;
}

/** Entries by the resource that holds them, in the order written. */
export type Entries = ReadonlyMap<Resource, ReadonlyMap<string, Entry>>;

const annotation = "substitution.aigw.run";

/** Reads every Secret and ConfigMap. Warns of annotations that lead nowhere; the text in the file counts then. */
export function readEntries(inventory: Inventory, world: World, report: Report): Entries {
  const entries = new Map<Resource, ReadonlyMap<string, Entry>>();
  for (const secret of inventory.all("Secret")) entries.set(secret, readSecret(secret, world, report));
  for (const map of inventory.all("ConfigMap")) entries.set(map, readConfigMap(map));
  return entries;
}

function readConfigMap(map: Resource<"ConfigMap">): Map<string, Entry> {
  const { data, binaryData } = map.value;
  const entries = new Map<string, Entry>();
  for (const [key, text] of Object.entries(binaryData)) {
    entries.set(key, literal(map, ["binaryData", key], decodeBase64(text)));
  }
  for (const [key, text] of Object.entries(data)) entries.set(key, literal(map, ["data", key], text));
  return entries;
}

function readSecret(secret: Resource<"Secret">, world: World, report: Report): Map<string, Entry> {
  const { data, stringData } = secret.value;
  const entries = new Map<string, Entry>();
  for (const [key, text] of Object.entries(data)) {
    entries.set(key, literal(secret, ["data", key], decodeBase64(text)));
  }
  for (const [key, text] of Object.entries(stringData))
    entries.set(key, literal(secret, ["stringData", key], text));
  for (const [key, entry] of entries) entries.set(key, substituted(secret, key, entry, world, report));
  return entries;
}

function literal(holder: Resource, path: Path, value: string): Entry {
  const { kind, namespace, name } = holder.id;
  return {
    value,
    from: "literal",
    name: `${kind} ${namespace}/${name} ${path.at(-1)}`,
    path,
    unset: holder.site.places.unsetIn(path),
  };
}

function decodeBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

/** Follows the annotations of one key: a variable, else a file. The variable's form wins even if it is not set. */
function substituted(
  secret: Resource<"Secret">,
  key: string,
  entry: Entry,
  world: World,
  report: Report,
): Entry {
  const { annotations } = secret.value.metadata;
  const envKey = `${annotation}/env/${key}`;
  const name = annotations[envKey];
  if (name !== undefined) {
    const value = variable(world.environment, name);
    if (value !== undefined && value !== "") return { ...entry, value, from: "environment", name };
    const origin = originOf(secret, ["metadata", "annotations", envKey]);
    const message = `environment variable ${JSON.stringify(name)} is not set; the value in the file is used`;
    report.warning(origin, "secret-variable-unset", message, { mend: `set ${name}` });
    return entry;
  }
  const fileKey = `${annotation}/file/${key}`;
  const path = annotations[fileKey];
  if (path === undefined) return entry;
  try {
    const value = world.readFile(expandHome(path, world));
    return { ...entry, value, from: "file", name: path };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `cannot read ${JSON.stringify(path)}: ${reason}; the value in the file is used`;
    report.warning(originOf(secret, ["metadata", "annotations", fileKey]), "secret-file-unreadable", message);
    return entry;
  }
}

function expandHome(path: string, { environment }: World): string {
  return path.startsWith("~/") ? `${variable(environment, "HOME") ?? homedir()}${path.slice(1)}` : path;
}

/** A reference to an entry, its value put into the store; trimmed where it becomes a header. */
export function refer(
  entry: Entry,
  holder: Resource,
  at: At,
  store: SecretStore,
  isTrimmed: boolean,
): SecretRef {
  const { kind, namespace, name } = holder.id;
  const id = `${kind} ${namespace}/${name} ${entry.path.at(-1)}`;
  return store.add(
    { id, from: entry.from, name: entry.name, at },
    isTrimmed ? entry.value.trim() : entry.value,
  );
}
