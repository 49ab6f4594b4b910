import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { root } from "../compile.ts";

/** A package that is part of the program. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package says. */
  readonly license: string;
  /** Its licence and notice files, in one. */
  readonly licenseText: string;
  /** Subresource integrity of the archive, from the lock file. */
  readonly integrity: string;
  /** `name@version` of what it needs. */
  readonly needs: readonly string[];
}

type Needs = { readonly [name: string]: string };
interface Lock {
  readonly workspaces: { readonly "": { readonly dependencies: Needs } };
  readonly packages: {
    readonly [key: string]: readonly [id: string, registry: string, facts: Facts, integrity: string];
  };
}
interface Facts {
  readonly dependencies?: Needs;
  readonly optionalDependencies?: Needs;
}

/** What the program needs, directly or not, by the lock file; sorted by name and version. */
export function bundledPackages(): readonly BundledPackage[] {
  const lock = parse(readFileSync(join(root, "bun.lock"), "utf8"), [], { allowTrailingComma: true }) as Lock;
  const found = new Map<string, BundledPackage>();
  const visit = (key: string) => {
    if (found.has(key)) return;
    const [id, , facts, integrity] = entryOf(lock, key);
    const keys = Object.keys({ ...facts.dependencies, ...facts.optionalDependencies }).map((name) =>
      resolve(lock, key, name),
    );
    found.set(key, {
      ...readPackage(key),
      integrity,
      needs: keys.map((other) => entryOf(lock, other)[0]).sort(),
    });
    if (id !== idOf(found.get(key))) throw new Error(`node_modules has not the ${id} of the lock file`);
    for (const other of keys) visit(other);
  };
  for (const name of Object.keys(lock.workspaces[""].dependencies)) visit(name);
  return [...found.values()].sort((a, b) => ((idOf(a) ?? "") < (idOf(b) ?? "") ? -1 : 1));
}

export function idOf(one: Pick<BundledPackage, "name" | "version"> | undefined): string | undefined {
  return one && `${one.name}@${one.version}`;
}

function entryOf(lock: Lock, key: string): Lock["packages"][string] {
  const entry = lock.packages[key];
  if (entry === undefined) throw new Error(`bun.lock has no ${key}`);
  return entry;
}

/** As Node looks it up: beside whoever needs it first, then one level further out each time. */
function resolve(lock: Lock, from: string, name: string): string {
  for (const outer of [from, ...outerKeys(from)]) {
    if (lock.packages[`${outer}/${name}`] !== undefined) return `${outer}/${name}`;
  }
  return name;
}

function outerKeys(key: string): string[] {
  const names = namesIn(key);
  return names.slice(1).map((_, index) => names.slice(0, names.length - 1 - index).join("/"));
}

/** `@a/b/c` is `c` inside `@a/b`. */
function namesIn(key: string): string[] {
  return key.match(/@[^/]+\/[^/]+|[^/]+/g) ?? [];
}

function readPackage(key: string): Pick<BundledPackage, "name" | "version" | "license" | "licenseText"> {
  const folder = join(root, "node_modules", namesIn(key).join("/node_modules/"));
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string;
  };
  const files = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort();
  const texts = files.map((file) => readFileSync(join(folder, file), "utf8").trim());
  return { name, version, license: license ?? "NOASSERTION", licenseText: texts.join("\n\n") };
}
