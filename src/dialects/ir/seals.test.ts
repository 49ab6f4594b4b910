import { describe, expect, test } from "bun:test";
import { markSeal, readSeal, sealAsBase64, sealAsText } from "./seals.ts";
import type { IrSeal } from "./values.ts";

const seals: { name: string; seal: IrSeal; marked: string }[] = [
  { name: "its own raw", seal: { value: "a.b\nc", form: "text", family: "anthropic" }, marked: "a.b\nc" },
  {
    name: "another family's with a mark",
    seal: { value: "x.y\nz", form: "base64", family: "google" },
    marked: "aigw.google.base64.x.y\nz",
  },
  {
    name: "an item's with its id",
    seal: { value: "v", form: "text", family: "openai", itemId: "rs_1" },
    marked: "aigw.openai.text@rs_1.v",
  },
];

describe("seals", () => {
  test.each(seals)("a client gets $name, and gives it back", ({ seal, marked }) => {
    expect(markSeal(seal, "anthropic")).toBe(marked);
    expect(readSeal(marked, "anthropic", "text")).toEqual(seal);
  });

  test("nobody's goes out raw and comes back as the client's own", () => {
    expect(markSeal({ value: "v", form: "text" }, "anthropic")).toBe("v");
    expect(readSeal("v", "anthropic", "text").family).toBe("anthropic");
  });

  test("a provider gets its own and nobody's, in its form", () => {
    expect(sealAsText({ value: "v", form: "text", family: "google" }, "anthropic")).toBeUndefined();
    expect(sealAsText({ value: "SGk=", form: "base64", family: "anthropic" }, "anthropic")).toBe("Hi");
    expect(sealAsText({ value: "/w==", form: "base64" }, "anthropic")).toBe("/w==");
    expect(sealAsBase64({ value: "Hi", form: "text" }, "aws")).toBe("SGk=");
    expect(sealAsBase64({ value: "SGk=", form: "base64", family: "aws" }, "aws")).toBe("SGk=");
    expect(sealAsText(undefined, "anthropic")).toBeUndefined();
  });
});
