import { describe, expect, test } from "bun:test";
import type { AiBackend } from "../../model/ai.ts";
import { compileText, findings, gateway, route, service } from "../testing.ts";

/** The edits of a service and of the reference to it, compiled; and what was said. */
function compile(ofService: string, ofReference: string): { ai: AiBackend | undefined; said: string[] } {
  const services = service("s").replace("  backendRef:", `${ofService}  backendRef:`);
  const compiled = compileText(
    gateway + services + route("r", `    - backendRefs:\n        - name: s\n${ofReference}`),
  );
  const said = findings(compiled).map((line) =>
    line.replace(/^(\w+) \S+ document \d+ \(\S+ default\/\w\): /, "$1 "),
  );
  return { ai: Object.values(compiled.model?.aiBackends ?? {})[0], said };
}

const headers = (indent: number, set: string, remove: string) =>
  `${" ".repeat(indent)}headerMutation: {set: [${set}], remove: [${remove}]}\n`;
const body = (indent: number, set: string, remove: string) =>
  `${" ".repeat(indent)}bodyMutation: {set: [${set}], remove: [${remove}]}\n`;

describe("header edits", () => {
  test("of the reference win for a whole name, the service's coming first", () => {
    const { ai } = compile(
      headers(2, "{name: X-A, value: s}, {name: X-B, value: s}, {name: X-C, value: s}", "X-D, X-E"),
      headers(10, "{name: x-d, value: r}, {name: X-A, value: r}", "x-b, x-f"),
    );
    expect(ai?.headers).toEqual({
      remove: ["x-e", "x-b", "x-f"],
      set: [
        ["x-c", "s"],
        ["x-d", "r"],
        ["x-a", "r"],
      ],
      add: [],
    });
  });

  test("of one level may remove and set one name", () => {
    const { ai } = compile(headers(2, "{name: x-a, value: s}", "X-A"), "");
    expect(ai?.headers).toEqual({ remove: ["x-a"], set: [["x-a", "s"]], add: [] });
  });

  test("leave the gateway's own headers alone", () => {
    const { ai, said } = compile(
      headers(2, "{name: x-ai-eg-model, value: m}", '":path", X-Envoy-Original-Path'),
      "",
    );
    expect(ai?.headers).toEqual({ remove: [], set: [], add: [] });
    expect(said).toEqual([
      'warning spec.headerMutation.set[0].name: "x-ai-eg-model" belongs to the gateway and is left alone',
      'warning spec.headerMutation.remove[0]: ":path" belongs to the gateway and is left alone',
      'warning spec.headerMutation.remove[1]: "x-envoy-original-path" belongs to the gateway and is left alone',
    ]);
  });

  test("cannot hold a line break, which is not shown", () => {
    const { said } = compile(headers(2, '{name: x-a, value: "topsecret\\r\\nx-b: 1"}', ""), "");
    expect(said).toEqual([
      "error spec.headerMutation.set[0].value: holds a character that a header value cannot have",
    ]);
  });
});

describe("body edits", () => {
  const values: readonly (readonly [written: string, json: string])[] = [
    ["'\"scale\"'", '"scale"'],
    ["scale", '"scale"'],
    ['"0.7"', "0.7"],
    ['"[1,2]"', "[1,2]"],
    ['"null"', "null"],
    ['""', '""'],
    ['" {\\"a\\": 1} "', '{"a": 1}'],
    ['"2024-01-01"', '"2024-01-01"'],
    ['"+5"', '"+5"'],
    ['"1.2.3"', '"1.2.3"'],
    ['"-"', '"-"'],
    ['"true "', "true"],
    ["' two '", '" two "'],
  ];
  test.each(values)("set %s as the JSON %s", (written, json) => {
    const { ai, said } = compile(body(2, `{path: x, value: ${written}}`, ""), "");
    expect(ai?.body).toEqual([{ op: "set", path: ["x"], json }]);
    expect(said).toEqual([]);
  });

  test("set broken JSON as text, with a warning", () => {
    const { ai, said } = compile(body(2, "{path: x, value: '{oops}'}", ""), "");
    expect(ai?.body).toEqual([{ op: "set", path: ["x"], json: '"{oops}"' }]);
    expect(said).toEqual([
      "warning spec.bodyMutation.set[0].value: looks like JSON but is none, so it is set as text",
    ]);
  });

  const paths: readonly (readonly [written: string, path: string[]])[] = [
    ["a", ["a"]],
    ["a.b.0", ["a", "b", "0"]],
    ["a.-1", ["a", "-1"]],
    ["a\\.b.c", ["a.b", "c"]],
    ["a\\*b", ["a*b"]],
  ];
  test.each(paths)("read the path %s", (written, path) => {
    expect(compile(body(2, "", `'${written}'`), "").ai?.body).toEqual([{ op: "remove", path }]);
  });

  test.each(["a.*", "a?", "#", "a|b", "a..b", ".a"])("refuse the path %s", (written) => {
    expect(compile(body(2, "", `'${written}'`), "").said[0]).toStartWith(
      `error spec.bodyMutation.remove[0]: "${written}" `,
    );
  });

  test("of the reference win for a whole path, removals first", () => {
    const { ai } = compile(
      body(2, "{path: a, value: s}, {path: b, value: s}", "c, d"),
      body(10, "{path: d, value: r}, {path: a, value: r}", "b"),
    );
    expect(ai?.body).toEqual([
      { op: "remove", path: ["c"] },
      { op: "remove", path: ["b"] },
      { op: "set", path: ["d"], json: '"r"' },
      { op: "set", path: ["a"], json: '"r"' },
    ]);
  });
});
