import { expect, test } from "bun:test";
import { cutEverywhere, runStage } from "../../src/dialects/testing.ts";
import { decodeText } from "../../src/dialects/wire/text.ts";
import { backends, type MatrixBackend } from "./backends.ts";
import { wanted } from "./behaviours.ts";
import {
  expectGolden,
  fixturesOf,
  headOf,
  type MatrixPair,
  openAnswer,
  pairs,
  standStill,
} from "./matrix.ts";

standStill();

const cases = pairs.flatMap((pair) =>
  fixturesOf("streams", pair.backend.api).map((fixture) => ({
    name: `${pair.backend.name}.${fixture.case} to ${pair.client.name}`,
    pair,
    fixture,
  })),
);

test("there is a stream for every pair and behaviour", () => expect(cases.length).toBeGreaterThan(100));

/** Hosts of one API give one golden file: where a model is hosted is nothing to a client. */
test.each(cases)(
  "$name reads the same however it is cut, and says what it should",
  async ({ pair, fixture }) => {
    const bytes = pair.backend.frame(fixture.text);
    const isCut = fixture.case === "cut";
    const whole = play(pair, [bytes], isCut);
    for (const pieces of isTwin(pair.backend) ? [eachByte(bytes)] : cutEverywhere(bytes))
      expect(play(pair, pieces, isCut)).toBe(whole);
    if (pair.isOwn) expectOwn(whole, fixture.text, isCut);
    else expectGolden(`${pair.backend.api}.${fixture.case}.${pair.client.name}.txt`, whole);
    const said = pair.client.readStream(Buffer.from(whole));
    const want = wanted[fixture.case];
    if (want !== undefined) expect(await said).toMatchObject(want);
    else await expect(said).rejects.toThrow(pair.isOwn && isCut ? undefined : /Busy|closed the stream/);
  },
);

/** A backend before it sends the very same bytes. */
function isTwin(backend: MatrixBackend): boolean {
  const { api, frame } = backend;
  return backends.find((other) => other.api === api && other.frame === frame) !== backend;
}

function eachByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

function play(pair: MatrixPair, pieces: readonly Uint8Array[], isCut: boolean): string {
  const head = headOf(200, { "content-type": pair.backend.contentType, "x-amzn-requestid": "r-1" });
  const plan = openAnswer(pair, true).success(head);
  if (plan.type === "rewrite") return decodeText(Buffer.concat(runStage(plan.stage, pieces, isCut)));
  if (plan.type !== "tap") throw new Error(`a stream is not ${plan.type}`);
  expect(runStage(plan.stage, pieces, isCut)).toEqual([]);
  return decodeText(Buffer.concat(pieces));
}

/** Bytes pass; but a stream that has to be taken out of frames can be given the end that it lacks. */
function expectOwn(got: string, sent: string, isCut: boolean): void {
  const plain = (text: string) => text.replace(/^data: (.*)$/gm, (_, data) => `data: ${minified(data)}`);
  if (isCut) expect(plain(got)).toStartWith(plain(sent));
  else expect(plain(got)).toBe(plain(sent));
}

function minified(data: string): string {
  return data === "[DONE]" ? data : JSON.stringify(JSON.parse(data));
}
