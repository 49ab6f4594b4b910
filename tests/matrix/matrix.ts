/**
 * Every client with every backend, through the passages that the gateway uses, with a clock that stands still.
 *
 * A new client is a line in `clients.ts` and its requests in `requests/`; a new backend a line in `backends.ts` and, for
 * an API of its own, its answers. `UPDATE_GOLDEN=1 bun test matrix` writes golden files anew; look at what changed.
 */
import { afterAll, beforeAll, expect, setSystemTime, spyOn } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AnswerReader, EndpointName, Meter, Passage, UpstreamHead } from "../../src/dialects/passage.ts";
import { passageFor } from "../../src/dialects/registry.ts";
import { clientRequest } from "../../src/dialects/testing.ts";
import { backends, type MatrixBackend } from "./backends.ts";
import { clients, type MatrixClient } from "./clients.ts";

export interface MatrixPair {
  readonly client: MatrixClient;
  readonly backend: MatrixBackend;
  readonly passage: Passage;
  /** The bytes of client and backend pass. */
  readonly isOwn: boolean;
}

export const pairs: readonly MatrixPair[] = clients.flatMap((client) =>
  backends.flatMap((backend) => {
    if (backend.passes === client.name) return [];
    const passage = passageFor(client.name, backend.schema.name);
    if (passage === undefined) throw new Error(`nothing serves ${client.name} at ${backend.name}`);
    return [{ client, backend, passage, isOwn: backend.own === client.name }];
  }),
);

let ids = 0;

/** Stops the clock and counts ids, for the tests of the file that calls it. */
export function standStill(): void {
  beforeAll(() => {
    setSystemTime(new Date(1_750_000_000_000));
    spyOn(crypto, "randomUUID").mockImplementation(() => `0-0-0-0-${ids++}`);
  });
  afterAll(() => {
    setSystemTime();
    spyOn(crypto, "randomUUID").mockRestore();
  });
}

const meter: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };

/** A reader for an answer; ids count from 0 anew. All backends answer as one model, so that goldens can be shared. */
export function openAnswer({ client, backend, passage }: MatrixPair, isStream: boolean): AnswerReader {
  ids = 0;
  const request = clientRequest(client.name, {
    ...client.question,
    ...(isStream ? { stream: true, stream_options: { include_usage: true } } : {}),
  });
  return passage.answer(request, { schema: backend.schema, model: "model-1" }, meter);
}

export function headOf(status: number, headers: Record<string, string>): UpstreamHead {
  return { status, headers: new Headers(headers), isEncoded: false };
}

export interface Fixture {
  /** `anthropic.tools.txt` is the case `tools` of `anthropic`. */
  readonly case: string;
  readonly text: string;
}

export function fixturesOf(
  folder: "requests" | "streams" | "answers" | "errors",
  owner: EndpointName | MatrixBackend["name"],
): Fixture[] {
  const files = readdirSync(join(import.meta.dirname, folder)).filter((file) => file.startsWith(`${owner}.`));
  if (files.length === 0) throw new Error(`no ${folder} of ${owner}`);
  return files.sort().map((file) => ({
    case: file.split(".")[1]!,
    text: readFileSync(join(import.meta.dirname, folder, file), "utf8"),
  }));
}

/** Under continuous integration a golden file that is missing fails. */
export function expectGolden(name: string, got: string): void {
  const path = join(import.meta.dirname, "golden", name);
  if (process.env["UPDATE_GOLDEN"] || !existsSync(path)) {
    if (process.env["CI"]) throw new Error(`${name} is missing`);
    writeFileSync(path, got);
  }
  expect(got).toBe(readFileSync(path, "utf8"));
}
