import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { differences } from "../vectors/differences.ts";
import type { Json, Outcome, Vector } from "../vectors/vector.ts";

export const vectorsDir = join(import.meta.dir, "../vectors");

interface FiledVector {
  /** The folder that it lies in. */
  readonly area: string;
  readonly vector: Vector;
}

/** All request vectors; the folders of other kinds are left alone, as `run.ts` does. */
export function readVectors(): FiledVector[] {
  return readdirSync(vectorsDir, { recursive: true, encoding: "utf8" })
    .filter((file) => file.includes("/") && file.endsWith(".json"))
    .sort()
    .map((file) => ({
      area: file.slice(0, file.indexOf("/")),
      vector: readJson(join(vectorsDir, file)) as Vector,
    }))
    .filter(({ vector }) => vector.client !== undefined && vector.want?.client !== undefined);
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** By name or pattern (a `*` at the end stands for any ending): a reason that someone can check. */
type Reasons = { readonly [pattern: string]: string };

export const deviations = readJson(join(vectorsDir, "deviations.json")) as Reasons;

export function reasonFor(reasons: Reasons, name: string): string | undefined {
  return reasons[patternFor(reasons, name) ?? ""];
}

export function patternFor(reasons: Reasons, name: string): string | undefined {
  return Object.keys(reasons).find((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

/** Empty where the outcome is the wanted one. */
export function compare(vector: Vector, outcome: Outcome): string[] {
  return differences(vector.want as unknown as Json, JSON.parse(JSON.stringify(outcome)) as Json);
}
