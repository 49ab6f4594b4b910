import { describe, expect, test } from "bun:test";
import { FormFailure, formValue, partText, readForm, writeForm } from "./multipart.ts";
import { bytesOf, textOf } from "./testing.ts";

const type = 'multipart/form-data; boundary="b o"';

function form(...parts: string[]): string {
  return `${parts.map((part) => `--b o\r\n${part}\r\n`).join("")}--b o--\r\n`;
}

const field = (name: string, value: string) =>
  `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;

function read(text: string, contentType = type): [string, string | undefined, string][] {
  const body = bytesOf(text);
  return readForm(body, contentType).parts.map((part) => [part.name, part.fileName, partText(body, part)]);
}

const cases: {
  name: string;
  text: string;
  contentType?: string;
  want: [string, string | undefined, string][];
}[] = [
  {
    name: "fields",
    text: form(field("model", "m"), field("n", "1")),
    want: [
      ["model", undefined, "m"],
      ["n", undefined, "1"],
    ],
  },
  {
    name: "a file with headers",
    text: form(
      'content-type: audio/wav\r\nCONTENT-DISPOSITION: form-data; filename="a;b.wav"; name=file\r\n\r\n\r\n--b ox\r\n',
    ),
    want: [["file", "a;b.wav", "\r\n--b ox\r\n"]],
  },
  { name: "an empty value", text: form(field("model", "")), want: [["model", undefined, ""]] },
  {
    name: "a value with the boundary inside a line",
    text: form(field("p", "x --b o--")),
    want: [["p", undefined, "x --b o--"]],
  },
  {
    name: "escaped quotes in names",
    text: form('Content-Disposition: form-data; name="a\\"b%22c"\r\n\r\nx'),
    want: [['a"b"c', undefined, "x"]],
  },
  { name: "a part without headers", text: "--b o\r\n\r\nbare\r\n--b o--", want: [["", undefined, "bare"]] },
  {
    name: "text around the parts",
    text: `before\r\n${form(field("a", "1"))}after`,
    want: [["a", undefined, "1"]],
  },
  {
    name: "lines that end with LF",
    text: form(field("a", "1")).replaceAll("\r\n", "\n"),
    want: [["a", undefined, "1"]],
  },
  {
    name: "white space after a boundary",
    text: '--b o \t\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b o--',
    want: [["a", undefined, "1"]],
  },
  {
    name: "a boundary without quotes",
    text: `--x\r\n${field("a", "1")}\r\n--x--\r\n`,
    contentType: "multipart/form-data; charset=utf-8; Boundary=x",
    want: [["a", undefined, "1"]],
  },
  { name: "no parts", text: "--b o--\r\n", want: [] },
];

test.each(cases)("readForm reads $name", ({ text, contentType, want }) => {
  expect(read(text, contentType)).toEqual(want);
});

test.each([
  { name: "no boundary in the content type", text: form(), contentType: "multipart/form-data" },
  { name: "another boundary", text: form(field("a", "1")), contentType: "multipart/form-data; boundary=c" },
  { name: "no last boundary", text: `--b o\r\n${field("a", "1")}\r\n` },
  { name: "a part without a blank line", text: form('Content-Disposition: form-data; name="a"') },
  { name: "an endless head", text: form(`${"x".repeat(20_000)}\r\n\r\n`) },
  { name: "an empty body", text: "" },
])("readForm refuses $name", ({ text, contentType }) => {
  expect(() => read(text, contentType)).toThrow(FormFailure);
});

describe("writeForm", () => {
  const binary = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
  const text = form(
    field("model", "old"),
    `Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\nX-Own: 1\r\n\r\n${binary}`,
    field("model", "older"),
    field("language", "de"),
  );
  const body = Uint8Array.from(text, (char) => char.charCodeAt(0));

  test("replaces each part of the name and keeps the bytes of the others", () => {
    const before = readForm(body, type);
    const written = writeForm(body, before, { name: "model", value: "new" });
    expect(written.contentType).toMatch(/^multipart\/form-data; boundary=aigw-[-\da-f]{36}$/);
    const after = readForm(written.body, written.contentType);
    expect(after.parts.map((part) => part.name)).toEqual(["model", "file", "model", "language"]);
    after.parts.forEach((part, i) => {
      const old = before.parts[i];
      if (old === undefined || part.name === "model") expect(partText(written.body, part)).toBe("new");
      else {
        expect(written.body.slice(part.headStart, part.contentEnd)).toEqual(
          body.slice(old.headStart, old.contentEnd),
        );
      }
    });
    expect(formValue(written.body, after, "model")).toBe("new");
  });

  test("takes a new boundary each time", () => {
    const change = { name: "model", value: "new" };
    const [one, other] = [1, 2].map(() => writeForm(body, readForm(body, type), change).contentType);
    expect(one).not.toBe(other);
  });
});

test("formValue takes the last of several", () => {
  const body = bytesOf(form(field("model", "a"), field("model", "b")));
  expect(formValue(body, readForm(body, type), "model")).toBe("b");
  expect(formValue(body, readForm(body, type), "none")).toBeUndefined();
  expect(textOf(body)).toContain("model");
});
