import { expect, test } from "bun:test";
import { decodeText, encodeText } from "../../dialects/wire/text.ts";
import { writeEvent } from "./write-event.ts";

test.each([
  ['{"a":1}', undefined, 'event: message\ndata: {"a":1}\n\n'],
  ['{"a":1}', "7", 'event: message\nid: 7\ndata: {"a":1}\n\n'],
  ['{\r\n "a": "\\n"\n}\n', undefined, 'event: message\ndata: {   "a": "\\n" } \n\n'],
])("writeEvent writes %j with id %p as one line of data", (message, id, want) => {
  expect(decodeText(writeEvent(encodeText(message), id))).toBe(want);
});
