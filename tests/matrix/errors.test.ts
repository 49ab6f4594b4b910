import { expect, test } from "bun:test";
import { bytesOf } from "../../src/dialects/testing.ts";
import { decodeText } from "../../src/dialects/wire/text.ts";
import { expectGolden, fixturesOf, headOf, openAnswer, pairs, standStill } from "./matrix.ts";

standStill();

interface ProviderError {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const cases = pairs
  .filter(({ backend }) => !/-[\d.]+$|-nova$/.test(backend.name))
  .map((pair) => ({ name: `${pair.backend.name}.${pair.client.name}`, pair }));

test.each(cases)("errors of $name are written as its golden file has them", ({ name, pair }) => {
  const lines = fixturesOf("errors", pair.backend.name).flatMap(({ text }) =>
    (JSON.parse(text) as ProviderError[]).map(({ status, headers, body }) => {
      const replacement = openAnswer(pair, false).error(headOf(status, headers), bytesOf(body));
      if (replacement === undefined) return `${status} as it came`;
      expect(JSON.parse(decodeText(replacement.body))).toHaveProperty("error");
      const set = (replacement.set ?? []).map((header) => `${header.join(": ")} `);
      return `${replacement.status ?? status} ${set.join("")}${decodeText(replacement.body)}`;
    }),
  );
  expect(lines.length).toBeGreaterThan(2);
  expectGolden(`errors.${name}.txt`, `${lines.join("\n")}\n`);
});
