import { describe, expect, test } from "bun:test";
import { translatedPassages } from "../src/dialects/translated.ts";
import { playInProcess, readVectors } from "./in-process.ts";
import { differences } from "./vectors/differences.ts";
import type { Json, Vector } from "./vectors/vector.ts";

/** Translated pairs by area; a vector with `refBug` shows what the reference does wrong, and only has to be played. */
const pairs = /-(?:awsanthropic|gcpanthropic|gemini)-|^messages-openai-/;

/** Embeddings and token counts of the others follow. */
function isBuilt(file: string): boolean {
  return /^(chat|messages)-/.test(file) || /^(embeddings|tokenize)-gemini-/.test(file);
}

for (const area of ["chat", "messages", "embeddings", "tokenize", "errors"]) {
  const vectors = readVectors(area, (file) => pairs.test(file) && isBuilt(file));

  describe(`vectors of ${area}`, () => {
    test("are there", () => expect(vectors.length).toBeGreaterThan(area === "tokenize" ? 2 : 5));
    test.each(vectors.map((vector): [string, Vector] => [vector.name, vector]))("%s", (_, vector) => {
      const got = playInProcess(vector, translatedPassages);
      expect(got).toBeDefined();
      const found = differences(vector.want as unknown as Json, JSON.parse(JSON.stringify(got)) as Json);
      if (vector.refBug === undefined) expect(found).toEqual([]);
      else if (process.env["SHOW"]) console.log(vector.name, vector.refBug, found);
    });
  });
}
