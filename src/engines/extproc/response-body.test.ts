import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import type { BodyPlan } from "../../dialects/passage.ts";
import type { Stage } from "../../dialects/stage.ts";
import { type Piece, planResponseBody } from "./response-body.ts";

const bytes = (text: string) => Buffer.from(text);
const textOf = ({ body }: Piece) => (body === undefined ? undefined : Buffer.from(body).toString());

/** Holds text until a full stop, then gives it in capitals; ends with a mark of how. */
class Shout implements Stage<Uint8Array, Uint8Array> {
  #held = "";
  push(piece: Uint8Array, emit: (bytes: Uint8Array) => void): void {
    this.#held += Buffer.from(piece).toString();
    if (this.#held.includes("!")) throw new Error("too loud");
    for (let at = this.#held.indexOf("."); at >= 0; at = this.#held.indexOf(".")) {
      emit(bytes(this.#held.slice(0, at + 1).toUpperCase()));
      this.#held = this.#held.slice(at + 1);
    }
  }
  end(emit: (bytes: Uint8Array) => void, isCut: boolean): void {
    emit(bytes(isCut ? "[cut]" : "[end]"));
  }
}

function rewritten(encoding?: string) {
  const plan: BodyPlan = { type: "rewrite", stage: new Shout(), set: [], remove: [] };
  return planResponseBody(plan, encoding, (error) => bytes(`[${(error as Error).message}]`));
}

describe("a body that is rewritten", () => {
  test("swallows pieces that give nothing yet, and joins those of one piece", async () => {
    const body = rewritten();
    expect(textOf(await body.push(bytes("one"), false))).toBe("");
    expect(textOf(await body.push(bytes(". two. three"), false))).toBe("ONE. TWO.");
    expect(textOf(await body.push(bytes("."), true))).toBe(" THREE.[end]");
  });

  test("ends at a last piece that is empty", async () => {
    const body = rewritten();
    await body.push(bytes("one."), false);
    expect(textOf(await body.push(bytes(""), true))).toBe("[end]");
  });

  test("says what went wrong, once, and is silent then", async () => {
    const body = rewritten();
    expect(textOf(await body.push(bytes("one. two!"), false))).toBe("[too loud]");
    expect(textOf(await body.push(bytes("three."), false))).toBe("");
    expect(textOf(await body.push(bytes(""), true))).toBe("");
    body.close(true);
  });

  test("is decoded piece by piece", async () => {
    const encoded = gzipSync("one. two. three.");
    for (const cut of [1, 9, 12, encoded.length - 9, encoded.length]) {
      const body = rewritten("gzip");
      const pieces = [encoded.subarray(0, cut), encoded.subarray(cut), bytes("")];
      let all = "";
      for (const [index, piece] of pieces.entries())
        all += textOf(await body.push(piece, index === 2)) ?? "?";
      expect(all).toBe("ONE. TWO. THREE.[end]");
    }
  });

  test("that is not what its encoding says is an error of the stream", async () => {
    const body = rewritten("gzip");
    expect(textOf(await body.push(bytes("this is no gzip at all, not in the least"), false))).toContain(
      "header",
    );
  });

  test("whose encoding ends too early is an error behind what it gave", async () => {
    const body = rewritten("gzip");
    expect(textOf(await body.push(gzipSync("one.").subarray(0, -4), false))).toBe("ONE.");
    expect(textOf(await body.push(bytes(""), true))).toContain("unexpected end");
  });
});

describe("a body that is looked at", () => {
  const watching = (encoding?: string) => {
    const seen: string[] = [];
    const stage: Stage<Uint8Array, never> = {
      push: (piece) => seen.push(Buffer.from(piece).toString()),
      end: (_emit, isCut) => seen.push(isCut ? "[cut]" : "[end]"),
    };
    const body = planResponseBody({ type: "tap", stage }, encoding, () => undefined);
    return { seen, body };
  };

  test("goes on as it came", async () => {
    const { seen, body } = watching();
    expect(await body.push(bytes("one"), false)).toEqual({});
    expect(await body.push(bytes("two"), true)).toEqual({});
    body.close(true);
    expect(seen).toEqual(["one", "two", "[end]"]);
  });

  test("is told that it was cut", async () => {
    const { seen, body } = watching();
    await body.push(bytes("one"), false);
    body.close(true);
    expect(seen).toEqual(["one", "[cut]"]);
  });

  test("is decoded beside the bytes, and complete when its last piece is answered", async () => {
    const { seen, body } = watching("gzip");
    const encoded = gzipSync("one two");
    expect(body.push(encoded.subarray(0, 12), false)).toEqual({});
    expect(await body.push(encoded.subarray(12), true)).toEqual({});
    expect(seen.join("")).toBe("one two[end]");
  });

  test("goes on even if it cannot be decoded", async () => {
    const { seen, body } = watching("gzip");
    expect(await body.push(bytes("no gzip at all, not in the least"), true)).toEqual({});
    expect(seen).toEqual(["[end]"]);
  });
});

describe("a body that is read whole", () => {
  const whole = (encoding?: string) =>
    planResponseBody(
      {
        type: "whole",
        read: (body) => {
          const text = Buffer.from(body).toString();
          return text === "keep"
            ? undefined
            : { body: bytes(`<${text}>`), contentType: "text/x", status: 502 };
        },
      },
      encoding,
      () => undefined,
    );

  test("is replaced with its head", async () => {
    expect(await whole("gzip").push(gzipSync("a"), true)).toMatchObject({
      body: bytes("<a>"),
      status: 502,
      set: [
        ["content-type", "text/x"],
        ["content-length", "3"],
      ],
      remove: ["content-encoding"],
    });
  });

  test("is kept as it came", async () => {
    expect(await whole().push(bytes("keep"), true)).toEqual({});
  });

  test("is put together again where Envoy sent it in pieces", async () => {
    const body = whole();
    expect(textOf(await body.push(bytes("ke"), false))).toBe("");
    expect(textOf(await body.push(bytes("ep"), true))).toBe("keep");
  });
});
