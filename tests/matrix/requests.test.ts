import { expect, test } from "bun:test";
import { clientRequest, deepFreeze } from "../../src/dialects/testing.ts";
import { decodeText } from "../../src/dialects/wire/text.ts";
import { ExchangeFailure } from "../../src/model/failure.ts";
import { expectGolden, fixturesOf, type MatrixPair, pairs, standStill } from "./matrix.ts";

standStill();

const cases = pairs.flatMap((pair) =>
  fixturesOf("requests", pair.client.name).map(({ case: behaviour, text }) => ({
    name: `${pair.client.name}.${behaviour}.${pair.backend.name}`,
    pair,
    text,
  })),
);

test("there is a request for every pair and behaviour", () => expect(cases.length).toBeGreaterThan(100));

test.each(cases)("$name is written as its golden file has it", ({ name, pair, text }) => {
  expectGolden(`${name}.json`, written(pair, text));
});

function written({ client, backend, passage }: MatrixPair, text: string): string {
  const request = deepFreeze(clientRequest(client.name, text));
  try {
    const target = deepFreeze({ schema: backend.schema, model: backend.model });
    const { path, set, remove, body, warnings = [] } = passage.request(request, target);
    const lines = [path, ...set.map((header) => header.join(": ")), ...remove.map((name) => `-${name}`)];
    const said = warnings.map(({ level, path, message }) => `${level} ${path}: ${message}`);
    const shown = body === undefined ? '"as it came"' : spacedOut(decodeText(body));
    return `{ "request": ${JSON.stringify(lines, null, 1)},\n "warnings": ${JSON.stringify(said, null, 1)},\n "body": ${shown} }\n`;
  } catch (error) {
    if (!(error instanceof ExchangeFailure)) throw error;
    return `${JSON.stringify({ refused: { code: error.code, message: error.message } }, null, 1)}\n`;
  }
}

/** A line for each member and item at the top, so that differences can be read; numbers stay as they are. */
function spacedOut(json: string): string {
  let depth = 0;
  let out = "";
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[^"]/g)) {
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
    out += token === "," && depth <= 2 ? `,\n${"  ".repeat(depth)}` : token;
  }
  return out;
}
