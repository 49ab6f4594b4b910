import { expect, test } from "bun:test";
import { recordWith } from "../testing.ts";
import { RecordBatch } from "./record-batch.ts";

test("records are handed on together, in order, when enough have come", () => {
  const batch = new RecordBatch();
  const seen: string[] = [];
  const listen = batch.inFrontOf(({ requestId }) => void seen.push(requestId));
  for (let i = 0; i < 33; i++) listen(recordWith({ requestId: `id-${i}` }));
  expect(seen).toEqual(Array.from({ length: 32 }, (_, i) => `id-${i}`));
  batch.flush();
  expect(seen.at(-1)).toBe("id-32");
});

test("a lone record waits for a moment only", async () => {
  const batch = new RecordBatch();
  const seen = Promise.withResolvers<string>();
  batch.inFrontOf(({ requestId }) => seen.resolve(requestId))(recordWith({ requestId: "alone" }));
  expect(await seen.promise).toBe("alone");
});

test("the peer is asked for while its connection is there", () => {
  const batch = new RecordBatch();
  let asked = 0;
  const remoteAddress = () => {
    asked += 1;
    return "192.0.2.1";
  };
  batch.inFrontOf(() => {})(recordWith({ remoteAddress }));
  expect(asked).toBe(1);
  batch.flush();
});
