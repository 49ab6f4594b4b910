import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { splitAnswers } from "../../dialects/outbound.ts";
import { sendParts } from "./parts.ts";

const never = new AbortController().signal;
const numbers = Array.from({ length: 20 }, (_, index) => index);
const json = (value: unknown, init: ResponseInit = {}) => new Response(JSON.stringify(value), init);

describe("the requests of one attempt", () => {
  test("are answered in their order, whichever is answered first", async () => {
    const answer = await sendParts(numbers, never, async (number) => {
      await Bun.sleep((number * 7) % 5);
      return json(number, { headers: { "x-first": String(number) } });
    });
    expect(splitAnswers(await answer.text())).toEqual(numbers.map(String));
    expect(answer.headers.get("x-first")).toBe("0");
  });

  test("are sent eight at a time", async () => {
    let [running, most] = [0, 0];
    await sendParts(numbers, never, async (number) => {
      most = Math.max(most, ++running);
      await Bun.sleep(1);
      running--;
      return json(number);
    });
    expect(most).toBe(8);
  });

  test("end with the first that fails, and its answer is the answer", async () => {
    const sent: number[] = [];
    let ended = 0;
    const answer = await sendParts(numbers, never, async (number, signal) => {
      sent.push(number);
      if (number === 3)
        return json({ message: "Slow down" }, { status: 429, headers: { "retry-after": "2" } });
      await new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          ended++;
          reject(signal.reason);
        }),
      );
      return json(number);
    });
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe("2");
    expect(await answer.json()).toEqual({ message: "Slow down" });
    expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(ended).toBe(7);
  });

  test("reject with what one of them rejects with", async () => {
    const broken = sendParts(numbers, never, async (number) => {
      if (number === 9) throw new Error("ECONNRESET");
      return json(number);
    });
    expect(broken).rejects.toThrow("ECONNRESET");
  });

  test("end with the request that they are for", async () => {
    const client = new AbortController();
    const asked = sendParts(numbers, client.signal, async (_, signal) => {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      return json(0);
    });
    client.abort("client-gone");
    expect(asked).rejects.toBe("client-gone");
  });

  test("may be answered compressed", async () => {
    const answer = await sendParts([1, 2], never, async (number) =>
      number === 1
        ? new Response(gzipSync("[1]"), { headers: { "content-encoding": "gzip" } })
        : new Response("[2]"),
    );
    expect(answer.headers.has("content-encoding")).toBe(false);
    expect(splitAnswers(await answer.text())).toEqual(["[1]", "[2]"]);
  });
});
