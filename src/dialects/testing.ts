/** Helpers for tests of dialects. */
import type { Emit, Stage } from "./stage.ts";

/** All that a stage emits for these pieces, its end included. */
export function runStage<In, Out>(stage: Stage<In, Out>, items: Iterable<In>, isCut = false): Out[] {
  const out: Out[] = [];
  const emit: Emit<Out> = (item) => out.push(item);
  for (const item of items) {
    stage.push(item, emit);
    stage.flush?.(emit);
  }
  stage.end(emit, isCut);
  return out;
}

/** A body in two pieces for every place where it can be cut, and byte by byte. */
export function* cutEverywhere(body: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= body.length; at++) yield [body.slice(0, at), body.slice(at)];
  yield Array.from(body, (byte) => Uint8Array.of(byte));
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (!ArrayBuffer.isView(value)) Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
