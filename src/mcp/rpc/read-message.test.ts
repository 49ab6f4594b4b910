import { expect, test } from "bun:test";
import { encodeText } from "../../dialects/wire/text.ts";
import { RpcError } from "./errors.ts";
import { readClientMessage, readServerMessage } from "./read-message.ts";

const deep = (levels: number) =>
  `{"jsonrpc":"2.0","method":"m","params":{"a":${"[".repeat(levels)}${"]".repeat(levels)}}}`;

test.each([
  ['{"jsonrpc":"2.0","id":1,"method":"m","params":{}}', { kind: "request", id: 1, idText: "1", method: "m" }],
  ['{"jsonrpc":"2.0","id":"a\\u0062","method":"m"}', { kind: "request", id: "ab", idText: '"a\\u0062"' }],
  [
    '{"id":12345678901234567890,"jsonrpc":"2.0","method":"m"}',
    { kind: "request", idText: "12345678901234567890" },
  ],
  ['{"jsonrpc":"2.0","method":"m"}', { kind: "notification", method: "m" }],
  ['{"jsonrpc":"2.0","id":1,"result":{}}', { kind: "response", id: 1 }],
  ['{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}', { kind: "response", id: 1 }],
  ['\ufeff {"jsonrpc":"2.0","method":"m"}', { kind: "notification" }],
  [deep(250), { kind: "notification" }],
])("readClientMessage reads %s", (text, want) => {
  expect(readClientMessage(encodeText(text))).toMatchObject(want);
});

test.each([
  ["", -32700],
  ["{", -32700],
  ['{"jsonrpc":"2.0","method":"m",}', -32700],
  ["[]", -32600],
  ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600],
  ["7", -32600],
  ['{"id":1,"method":"m"}', -32600],
  ['{"jsonrpc":"1.0","id":1,"method":"m"}', -32600],
  ['{"jsonrpc":"2.0","id":1.5,"method":"m"}', -32600],
  ['{"jsonrpc":"2.0","id":null,"method":"m"}', -32600],
  ['{"jsonrpc":"2.0","id":{},"method":"m"}', -32600],
  ['{"jsonrpc":"2.0","id":1}', -32600],
  ['{"jsonrpc":"2.0","id":1,"method":7}', -32600],
  ['{"jsonrpc":"2.0","id":1,"method":"m","result":1}', -32600],
  ['{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}', -32600],
  ['{"jsonrpc":"2.0","result":1}', -32600],
  ['{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}', -32600],
  ['{"jsonrpc":"2.0","id":1,"method":"m","\\u006dethod":"n"}', -32600],
  ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}', -32600],
  [deep(300), -32600],
])("readClientMessage refuses %s with %d", (text, code) => {
  const read = () => readClientMessage(encodeText(text));
  expect(read).toThrow(RpcError);
  expect(read).toThrow(expect.objectContaining({ code, status: 400 }));
});

test.each(["", "7", "[]", '{"id":1}', '{"jsonrpc":"2.0","id":null,"error":{}}'])(
  "readServerMessage takes %p for no message",
  (text) => {
    expect(readServerMessage(encodeText(text))).toBeUndefined();
  },
);

test("readServerMessage keeps an id that a number cannot hold", () => {
  const text = '{"jsonrpc":"2.0","result":{"id":1},"id":98765432109876543210}';
  expect(readServerMessage(encodeText(text))).toMatchObject({ idText: "98765432109876543210" });
});
