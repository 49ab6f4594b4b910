/** The engines, and how one suite of cases is run against all of them. */
import { describe, test } from "bun:test";
import { envoyPath } from "./envoy.ts";

export type EngineName = "embedded" | "envoy";

/** Variables by which a run takes this engine, and no other. */
export function engineVariables(engine: EngineName = "embedded"): { readonly [name: string]: string } {
  return { AIGW_ENGINE: engine, ...(engine === "envoy" && { ENVOY_PATH: envoyPath ?? "" }) };
}

/** Declares the same cases for each engine. Where there is no Envoy its cases are left out; `envoy.ts` says why. */
export function onEachEngine(declare: (engine: EngineName) => void): void {
  describe("embedded:", () => declare("embedded"));
  describe.skipIf(envoyPath === undefined)("envoy:", () => declare("envoy"));
}

/** A case that holds on one engine only; where it is left out, its name says why. */
export function testUnless(
  isLeftOut: boolean,
  why: string,
): (name: string, run: () => Promise<void> | void, limitMs?: number) => void {
  const label = isLeftOut ? ` (left out: ${why})` : "";
  return (name, run, limitMs) => test.skipIf(isLeftOut)(name + label, run, limitMs);
}
