import { expect, test } from "bun:test";
import { isObject } from "../../dialects/wire/json.ts";
import { decodeText, encodeText } from "../../dialects/wire/text.ts";
import { editPaths } from "../json/edit-paths.ts";
import { itemEdits, resultEdits } from "./rewrite.ts";

const link = '{"type":"resource_link","uri":"file:///a","name":"a","n":1.0}';
const linked = link.replace("file", "b+file");
const embedded = '{"type":"resource","resource":{"uri":"file:///c","text":"see file:///a"}}';
const prefixed = embedded.replace('"file', '"b+file');
const text = '{"type":"text","text":"file:///a","uri":"file:///a"}';

const cases: { name: string; method: string; result: string; want: string }[] = [
  {
    name: "links and resources of a tool, and no text",
    method: "tools/call",
    result: `{"content":[${text},${link},${embedded}],"structuredContent":{"uri":"file:///a"}}`,
    want: `{"content":[${text},${linked},${prefixed}],"structuredContent":{"uri":"file:///a"}}`,
  },
  {
    name: "where a tool's interface is",
    method: "tools/call",
    result: '{"content":[],"_meta":{"ui":{"resourceUri":"ui://x"},"ui/resourceUri":"ui://x"}}',
    want: '{"content":[],"_meta":{"ui":{"resourceUri":"ui://b/x"},"ui/resourceUri":"ui://b/x"}}',
  },
  {
    name: "the messages of a prompt, with one content or several",
    method: "prompts/get",
    result: `{"messages":[{"role":"user","content":${embedded}},{"role":"user","content":[${link}]}]}`,
    want: `{"messages":[{"role":"user","content":${prefixed}},{"role":"user","content":[${linked}]}]}`,
  },
  {
    name: "the contents of a resource",
    method: "resources/read",
    result: '{"contents":[{"uri":"file:///a","blob":"AA=="},{"text":"no uri"}]}',
    want: '{"contents":[{"uri":"b+file:///a","blob":"AA=="},{"text":"no uri"}]}',
  },
  {
    name: "nothing of others",
    method: "completion/complete",
    result: '{"uri":"a:b"}',
    want: '{"uri":"a:b"}',
  },
  {
    name: "nothing of what has another shape",
    method: "tools/call",
    result: '{"content":{"type":"resource","resource":7},"_meta":[]}',
    want: '{"content":{"type":"resource","resource":7},"_meta":[]}',
  },
];

test.each(cases)("resultEdits rewrites $name", ({ method, result, want }) => {
  const parsed: unknown = JSON.parse(result);
  if (!isObject(parsed)) throw new Error("no object");
  const whole = `{"id":1,"result":${result}}`;
  const edited = editPaths(encodeText(whole), resultEdits(method, parsed, "b"));
  expect(decodeText(edited)).toBe(`{"id":1,"result":${want}}`);
});

test.each([
  [
    '{"name":"t","annotations":{"readOnlyHint":false}}',
    true,
    '{"name":"b__t","annotations":{"readOnlyHint":false}}',
  ],
  [
    '{"name":"t","_meta":{"ui":{"resourceUri":"ui://x"}}}',
    false,
    '{"name":"t","_meta":{"ui":{"resourceUri":"ui://b/x"}}}',
  ],
  ['{"name":"r","uri":"file:///a"}', true, '{"name":"b__r","uri":"b+file:///a"}'],
  ['{"name":"r","uriTemplate":"db://{id}"}', true, '{"name":"b__r","uriTemplate":"b+db://{id}"}'],
])("itemEdits makes %s (with prefixed names: %p) %s", (item, hasPrefixedName, want) => {
  const parsed: unknown = JSON.parse(item);
  if (!isObject(parsed)) throw new Error("no object");
  expect(decodeText(editPaths(encodeText(item), itemEdits(parsed, "b", hasPrefixedName)))).toBe(want);
});
