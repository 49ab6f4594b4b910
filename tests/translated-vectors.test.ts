import { describe, expect, test } from "bun:test";
import { translatedPassages } from "../src/dialects/translated.ts";
import { playInProcess, readVectors } from "./in-process.ts";
import { deviations, reasonFor } from "./support/vectors.ts";
import { differences } from "./vectors/differences.ts";
import type { Json, Vector } from "./vectors/vector.ts";

/** Translated pairs by area; a vector with `refBug` shows what the reference does wrong, and only has to be played. */
const pairs =
  /^(?:chat|messages|embeddings|tokenize)-(?:awsanthropic|gcpanthropic|gemini)-|^messages-openai-|^(?:chat|messages|count-tokens|embeddings|tokenize)-bedrock[-.]|^count-tokens-(?:aws|gcp)anthropic|^renamed-.*-(?:bedrock|gemini|(?:aws|gcp)anthropic)\./;

for (const area of ["chat", "messages", "errors", "embeddings", "tokenize", "mutation"]) {
  const vectors = readVectors(area, (file) => pairs.test(file));

  describe(`vectors of ${area}`, () => {
    test("are there", () => expect(vectors.length).toBeGreaterThan(1));
    test.each(vectors.map((vector): [string, Vector] => [vector.name, vector]))("%s", (_, vector) => {
      const got = playInProcess(vector, translatedPassages);
      expect(got).toBeDefined();
      const found = differences(vector.want as unknown as Json, JSON.parse(JSON.stringify(got)) as Json);
      const isRequired = vector.refBug === undefined && reasonFor(deviations, vector.name) === undefined;
      if (isRequired) expect(found).toEqual([]);
      else if (process.env["SHOW"]) console.log(vector.name, vector.refBug, found);
    });
  });
}
