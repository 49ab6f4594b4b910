import { expect, test } from "bun:test";
import { joinPath } from "./path.ts";

test.each([
  [["v1", "chat/completions"], "/v1/chat/completions"],
  [["/openai/v1/", "/responses"], "/openai/v1/responses"],
  [["", "rerank"], "/rerank"],
  [["/", "//a//b/"], "/a/b"],
])("joinPath of %j is %s", (parts, want) => {
  expect(joinPath(...parts)).toBe(want);
});
