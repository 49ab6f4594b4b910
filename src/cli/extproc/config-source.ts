import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isAbsolute, join, normalize } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { FilterConfig, readFilterConfig } from "../../config/index.ts";
import { systemReason } from "../failure.ts";
import type { ExtprocSettings } from "./settings.ts";

/** A configuration that cannot be had. */
export class ConfigLoadFailure extends Error {
  override readonly name = "ConfigLoadFailure";
  /** A bundle that is just being written: the next look may find it whole. */
  readonly isPassing: boolean;

  constructor(message: string, isPassing = false) {
    super(message);
    this.isPassing = isPassing;
  }
}

/** Which versions of configurations are taken. */
export interface VersionGate {
  /** What a refusal calls expected. */
  readonly expected: string;
  accepts(version: string): boolean;
}

/** Control planes whose configurations this program knows: their releases, and builds behind one. */
const knownVersions = /^(?:v1\.[01]\.\d\S*|[0-9a-f]+ \(v1\.[01]\.\d[^)]*\))$/;

/**
 * The reference takes configurations of its own version alone, so that during a rolling update nobody reads what a
 * newer control plane has written. This program's versions are its own; it goes by what it is compatible with.
 */
export function versionGate(own: string, wanted: string | undefined): VersionGate {
  if (wanted !== undefined) return { expected: wanted, accepts: (version) => version === wanted };
  return {
    expected: `v1.1.x, v1.0.x, dev${own === "dev" ? "" : ` or ${own}`}`,
    accepts: (version) => version === own || version === "dev" || knownVersions.test(version),
  };
}

/** Reads a configuration from where the settings say. Throws `ConfigLoadFailure`. */
export function loadConfig(
  { type, path }: ExtprocSettings["config"],
  gate: VersionGate,
  read: typeof readFilterConfig,
): FilterConfig {
  const text = type === "file" ? readText(path) : readBundle(path);
  let config: FilterConfig;
  try {
    config = read(text);
  } catch (error) {
    throw new ConfigLoadFailure(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!gate.accepts(config.version)) {
    throw new ConfigLoadFailure(
      `config version mismatch: expected ${JSON.stringify(gate.expected)}, got ${JSON.stringify(config.version)}. Likely in the middle of rolling update`,
    );
  }
  return config;
}

/** The files that a configuration may be in, as far as can be told without being able to read it. */
export function filesOf({ type, path }: ExtprocSettings["config"]): readonly string[] {
  if (type === "file") return [path];
  const index = join(path, "index.yaml");
  try {
    return [index, ...partsOf(path, readIndex(index))];
  } catch {
    return [index];
  }
}

const Index = z.object({
  checksum: z.string().min(1),
  parts: z.array(z.object({ path: z.string().min(1) })).min(1),
});

function readBundle(directory: string): string {
  const { checksum, parts } = readIndex(join(directory, "index.yaml"));
  const bytes = Buffer.concat(partsOf(directory, { parts }).map(readPart));
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== checksum.toLowerCase()) {
    throw new ConfigLoadFailure(
      `${directory}: the parts have the checksum ${found}, the index says ${checksum}`,
      true,
    );
  }
  return bytes.toString("utf8");
}

function readIndex(path: string): z.infer<typeof Index> {
  let value: unknown;
  try {
    value = parse(readText(path));
  } catch (error) {
    if (error instanceof ConfigLoadFailure) throw error;
    throw new ConfigLoadFailure(`${path}: ${String(error).split("\n")[0]}`);
  }
  const result = Index.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ConfigLoadFailure(`${path}: ${issue?.path.map(String).join(".")}: ${issue?.message}`);
}

function partsOf(directory: string, { parts }: Pick<z.infer<typeof Index>, "parts">): string[] {
  return parts.map(({ path }) => {
    const inside = normalize(path);
    if (isAbsolute(inside) || inside.startsWith("..")) {
      throw new ConfigLoadFailure(`${directory}: the part ${JSON.stringify(path)} lies outside the bundle`);
    }
    return join(directory, inside);
  });
}

function readPart(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigLoadFailure(`${path}: ${systemReason(error)}`, true);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigLoadFailure(`${path}: ${systemReason(error)}`);
  }
}
