import { expect, test } from "bun:test";
import type { Encoding } from "../../model/traffic.ts";
import { chooseEncoding, compressAnswer } from "./compress.ts";

const cases: readonly [accepted: string, offered: readonly Encoding[], want: Encoding | undefined][] = [
  ["gzip, br", ["br", "gzip"], "br"],
  ["gzip, br;q=0.5", ["br", "gzip"], "gzip"],
  ["gzip;q=0", ["gzip"], undefined],
  ["*", ["zstd", "gzip"], "zstd"],
  ["*, gzip;q=0", ["gzip"], undefined],
  ["identity", ["gzip"], undefined],
  ["", ["gzip"], undefined],
];
test.each(cases)("of %p and %p", (accepted, offered, want) => {
  expect(chooseEncoding(accepted, offered)).toBe(want as Encoding);
});

const request = new Request("http://a/", { headers: { "accept-encoding": "gzip" } });
const answerOf = (type: string, more: Record<string, string> = {}) =>
  new Response("x".repeat(1000), { headers: { "content-type": type, ...more } });

test("an answer of a kind that shrinks is compressed, and says so", async () => {
  const answer = compressAnswer(request, answerOf("application/json; charset=utf-8"), ["gzip"]);
  expect(answer.headers.get("content-encoding")).toBe("gzip");
  expect(answer.headers.get("vary")).toBe("accept-encoding");
  expect(new TextDecoder().decode(Bun.gunzipSync(await answer.bytes()))).toBe("x".repeat(1000));
});

const untouched: readonly [string, Response][] = [
  ["a stream of events", answerOf("text/event-stream")],
  ["an image", answerOf("image/png")],
  ["what is compressed already", answerOf("application/json", { "content-encoding": "br" })],
  ["next to nothing", answerOf("application/json", { "content-length": "12" })],
];
test.each(untouched)("%s stays as it is", (_, answer) => {
  expect(compressAnswer(request, answer, ["gzip"])).toBe(answer);
});
