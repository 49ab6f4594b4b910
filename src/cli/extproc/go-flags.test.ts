import { describe, expect, test } from "bun:test";
import { extprocFlags } from "../grammar/extproc-flags.ts";
import { GoFlagError, readGoDurationMs, readGoFlags, readGoInt } from "./go-flags.ts";

const read = (...words: string[]) => readGoFlags(words, extprocFlags);

describe("flags are read as Go reads them", () => {
  const lines: { words: string[]; want: object }[] = [
    { words: ["-configPath", "/a b.yaml"], want: { configPath: "/a b.yaml" } },
    { words: ["--configPath=/x=y"], want: { configPath: "/x=y" } },
    { words: ["-adminPort", "0x10", "--adminPort=1_0"], want: { adminPort: 10 } },
    { words: ["-enableRedaction", "-logFormat", "json"], want: { enableRedaction: true, logFormat: "json" } },
    { words: ["-enableRedaction=F"], want: { enableRedaction: false } },
    { words: ["-rootPrefix", "-x"], want: { rootPrefix: "-x" } },
    { words: ["-logRequestHeaderAttributes="], want: { logRequestHeaderAttributes: "" } },
    { words: ["-adminPort", "1", "word", "-adminPort", "2"], want: { adminPort: 1 } },
    { words: ["-adminPort", "1", "--", "-adminPort", "2"], want: { adminPort: 1 } },
    {
      words: [],
      want: { adminPort: 1064, logFormat: "text", enableRedaction: false, configPath: undefined },
    },
  ];
  test.each(lines)("$words", ({ words, want }) => {
    expect(read(...words)).toMatchObject(want);
  });

  test.each(["-h", "--help", "-help"])("%s asks for help", (word) => {
    expect(read("-adminPort", "1", word)).toBe("help");
  });

  const wrong: [string[], string][] = [
    [["-nope"], "flag provided but not defined: -nope"],
    [["-adminPort"], "flag needs an argument: -adminPort"],
    [["-adminPort", "ten"], 'invalid value "ten" for flag -adminPort: parse error'],
    [["-adminPort", "70000"], 'invalid value "70000" for flag -adminPort: must be from 0 to 65535'],
    [["-enableRedaction=maybe"], 'invalid boolean value "maybe" for -enableRedaction: parse error'],
    [["---x"], "bad flag syntax: ---x"],
    [["-=x"], "bad flag syntax: -=x"],
    [["-constructor", "x"], "flag provided but not defined: -constructor"],
  ];
  test.each(wrong)("%j is refused", (words, message) => {
    expect(() => read(...words)).toThrow(GoFlagError);
    expect(() => read(...words)).toThrow(message);
  });
});

test.each([
  ["0", 0],
  ["42", 42],
  ["-7", -7],
  ["+7", 7],
  ["0x1F", 31],
  ["0b101", 5],
  ["0o17", 15],
  ["017", 15],
  ["1_000_000", 1_000_000],
  ["9223372036854775807", 2 ** 63],
  ["", undefined],
  ["1_", undefined],
  ["09", undefined],
  ["1.5", undefined],
  ["0x", undefined],
] as const)("the number %p is %p", (text, want) => {
  expect(readGoInt(text)).toBe(want as number);
});

test.each([
  ["120s", 120_000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  ["250ms", 250],
  ["0", 0],
  ["-1s", -1000],
  ["", undefined],
  ["120", undefined],
  ["1x", undefined],
] as const)("the duration %p is %p ms", (text, want) => {
  expect(readGoDurationMs(text)).toBe(want as number);
});
