import { expect, test } from "bun:test";
import { bytesOf } from "../../src/dialects/testing.ts";
import { decodeText } from "../../src/dialects/wire/text.ts";
import { wanted } from "./behaviours.ts";
import { expectGolden, fixturesOf, headOf, openAnswer, pairs, standStill } from "./matrix.ts";

standStill();

const cases = pairs.flatMap((pair) =>
  fixturesOf("answers", pair.backend.api).map((fixture) => ({
    name: `${pair.backend.name}.${fixture.case} to ${pair.client.name}`,
    pair,
    fixture,
  })),
);

test("there is an answer for every pair and behaviour", () => expect(cases.length).toBeGreaterThan(70));

test.each(cases)("$name says what its stream says", async ({ pair, fixture }) => {
  const head = headOf(200, { "content-type": "application/json", "x-amzn-requestid": "r-1" });
  const plan = openAnswer(pair, false).success(head);
  if (plan.type !== "whole") throw new Error(`a whole answer is not ${plan.type}`);
  const replacement = plan.read(bytesOf(fixture.text));
  if (pair.isOwn) expect(replacement).toBeUndefined();
  else {
    const got = decodeText(replacement!.body);
    expectGolden(`${pair.backend.api}.${fixture.case}.${pair.client.name}.json`, `${got}\n`);
  }
  const said = await pair.client.readWhole(replacement?.body ?? bytesOf(fixture.text));
  expect(said).toMatchObject(wanted[fixture.case]!);
});
