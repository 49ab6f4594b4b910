import { describe, expect, test } from "bun:test";
import { ExchangeFailure } from "../../model/failure.ts";
import type { BodyEdit } from "../../model/values.ts";
import { appendMember, editJson, setMember } from "./json-edit.ts";
import { memberName } from "./json-scan.ts";
import { bytesOf, randomNumbers, textOf } from "./testing.ts";

const set = (path: string, json: string): BodyEdit => ({ op: "set", path: path.split("."), json });
const remove = (path: string): BodyEdit => ({ op: "remove", path: path.split(".") });

const cases: { name: string; text: string; edits: BodyEdit[]; want: string }[] = [
  {
    name: "replaces a value and nothing else",
    text: '{ "n" : 1.0,\n "model" : "a" , "big":12345678901234567890 }',
    edits: [set("model", '"b"')],
    want: '{ "n" : 1.0,\n "model" : "b" , "big":12345678901234567890 }',
  },
  {
    name: "replaces every duplicate",
    text: '{"a":1,"b":2,"a":3}',
    edits: [set("a", "0")],
    want: '{"a":0,"b":2,"a":0}',
  },
  { name: "knows an escaped key", text: '{"\\u0061":1}', edits: [set("a", "0")], want: '{"\\u0061":0}' },
  { name: "appends what is absent", text: '{"a":1 }', edits: [set("b", "2")], want: '{"a":1,"b":2 }' },
  { name: "appends to an empty object", text: "{ }", edits: [set("b", "2")], want: '{"b":2 }' },
  { name: "keeps a byte order mark", text: '\uFEFF{"a":1}', edits: [set("a", "2")], want: '\uFEFF{"a":2}' },
  {
    name: "goes down a path",
    text: '{"a":{"b":1,"c":2}}',
    edits: [set("a.b", "0")],
    want: '{"a":{"b":0,"c":2}}',
  },
  {
    name: "makes the objects on the way",
    text: "{}",
    edits: [set("a.b.c", "1")],
    want: '{"a":{"b":{"c":1}}}',
  },
  {
    name: "makes an object of what is none",
    text: '{"a":null,"b":7}',
    edits: [set("a.x", "1"), set("b.y", "2")],
    want: '{"a":{"x":1},"b":{"y":2}}',
  },
  { name: "quotes the names it makes", text: "{}", edits: [set('a"\u00e9', "1")], want: '{"a\\"\u00e9":1}' },
  { name: "sets an element", text: '{"a":[1,2,3]}', edits: [set("a.1", '"x"')], want: '{"a":[1,"x",3]}' },
  { name: "appends an element with -1", text: '{"a":[1 ]}', edits: [set("a.-1", "2")], want: '{"a":[1,2 ]}' },
  { name: "begins an array with -1", text: "{}", edits: [set("a.-1.b", "2")], want: '{"a":[{"b":2}]}' },
  {
    name: "fills up to a later index",
    text: '{"a":[]}',
    edits: [set("a.2", "1")],
    want: '{"a":[null,null,1]}',
  },
  {
    name: "takes a number for a name in an object",
    text: '{"a":{"0":1}}',
    edits: [set("a.0", "2")],
    want: '{"a":{"0":2}}',
  },
  {
    name: "goes into objects of an array",
    text: '{"m":[{"r":"u"},{"r":"a"}]}',
    edits: [set("m.1.r", '"x"')],
    want: '{"m":[{"r":"u"},{"r":"x"}]}',
  },
  { name: "removes the first member", text: '{ "a":1 , "b":2 }', edits: [remove("a")], want: '{ "b":2 }' },
  { name: "removes the last member", text: '{ "a":1 , "b":2 }', edits: [remove("b")], want: '{ "a":1 }' },
  { name: "removes the only member", text: '{"a":{"b":[1,"}"]}}', edits: [remove("a")], want: "{}" },
  {
    name: "removes every duplicate",
    text: '{"a":1,"a":2,"b":3,"a":4}',
    edits: [remove("a")],
    want: '{"b":3}',
  },
  {
    name: "removes duplicates behind what stays",
    text: '{"b":3,"a":1,"a":2}',
    edits: [remove("a")],
    want: '{"b":3}',
  },
  {
    name: "removes down a path, in duplicates too",
    text: '{"a":{"x":1,"y":2},"a":{"y":3}}',
    edits: [remove("a.y")],
    want: '{"a":{"x":1},"a":{}}',
  },
  { name: "removes an element", text: '{"a":[1,2,3]}', edits: [remove("a.1")], want: '{"a":[1,3]}' },
  {
    name: "removes the last element with -1",
    text: '{"a":[1,2,3]}',
    edits: [remove("a.-1")],
    want: '{"a":[1,2]}',
  },
  {
    name: "does nothing where there is nothing to remove",
    text: '{"a":7}',
    edits: [remove("b"), remove("a.b"), remove("a.0")],
    want: '{"a":7}',
  },
  {
    name: "removes before it sets, whatever the order",
    text: '{"a":1}',
    edits: [set("a", "2"), remove("a")],
    want: '{"a":2}',
  },
];

test.each(cases)("editJson $name", ({ text, edits, want }) => {
  expect(textOf(editJson(bytesOf(text), edits))).toBe(textOf(bytesOf(want)));
});

test.each([
  { name: "a body that is no object", text: "[1]", path: "a" },
  { name: "a name inside an array", text: '{"a":[]}', path: "a.b" },
  { name: "an index far beyond the end", text: '{"a":[]}', path: "a.4294967295" },
])("editJson refuses $name", ({ text, path }) => {
  expect(() => editJson(bytesOf(text), [set(path, "1")])).toThrow(ExchangeFailure);
});

test("appendMember writes before the last brace without looking at the rest", () => {
  for (const [text, want] of [
    ['{"a":1}\n', '{"a":1,"s":{}}\n'],
    ["{ }", '{"s":{}}'],
    ['{"a":"{" }', '{"a":"{","s":{} }'],
  ] as const) {
    const appended = textOf(appendMember(bytesOf(text), memberName("s"), "{}"));
    expect(JSON.parse(appended)).toEqual(JSON.parse(want));
  }
  expect(() => appendMember(bytesOf("[]"), memberName("s"), "{}")).toThrow(ExchangeFailure);
});

describe("on random objects", () => {
  const random = randomNumbers(11);
  const names = ["a", "b", 'q"uote', "b\\s", "ü", "0"];
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

  function randomValue(depth: number): unknown {
    const kind = Math.floor(random() * (depth > 3 ? 4 : 6));
    if (kind === 4) return Array.from({ length: Math.floor(random() * 4) }, () => randomValue(depth + 1));
    if (kind === 5) return randomObject(depth + 1);
    return [null, random() * 100, `}]\\"${"y".repeat(Math.floor(random() * 80))}`, true][kind];
  }

  function randomObject(depth: number): { [name: string]: unknown } {
    const entries = Array.from({ length: Math.floor(random() * 5) }, () => [pick(names), randomValue(depth)]);
    return Object.fromEntries(entries);
  }

  test("edits at the top do what they do to the parsed object", () => {
    for (let i = 0; i < 3000; i++) {
      const object = randomObject(0);
      const name = pick(names);
      const text = bytesOf(JSON.stringify(object, null, pick([0, 1, "\t"])));
      expect(JSON.parse(textOf(setMember(text, memberName(name), '{"new":1}')))).toEqual({
        ...object,
        [name]: { new: 1 },
      });
      delete object[name];
      expect(JSON.parse(textOf(editJson(text, [{ op: "remove", path: [name] }])))).toEqual(object);
    }
  });

  test("a removed path is gone and a set path is there", () => {
    for (let i = 0; i < 3000; i++) {
      const object = randomObject(0);
      const path = [pick(names), pick(names), pick(names)].slice(0, 1 + Math.floor(random() * 3));
      const text = bytesOf(JSON.stringify(object));
      let edited: Uint8Array;
      try {
        edited = editJson(text, [{ op: "set", path, json: '"here"' }]);
      } catch (cause) {
        expect(cause).toBeInstanceOf(ExchangeFailure);
        continue;
      }
      expect(valueAt(JSON.parse(textOf(edited)), path)).toBe("here");
      const removed = JSON.parse(textOf(editJson(edited, [{ op: "remove", path }])));
      expect(valueAt(removed, path)).not.toBe("here");
    }
  });

  function valueAt(value: unknown, path: readonly string[]): unknown {
    return path.reduce<unknown>((at, name) => (at as { [name: string]: unknown } | undefined)?.[name], value);
  }
});
