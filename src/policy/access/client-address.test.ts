import { expect, test } from "bun:test";
import { clientAddress } from "./client-address.ts";

test.each([
  ["no proxy is trusted", "1.1.1.1", 0, "9.9.9.9"],
  ["one is, and says whom it was asked by", "1.1.1.1, 2.2.2.2", 1, "2.2.2.2"],
  ["two are", "1.1.1.1,2.2.2.2", 2, "1.1.1.1"],
  [
    "two are, and what stands before theirs is the client's own word",
    "8.8.8.8, 1.1.1.1, 2.2.2.2",
    2,
    "1.1.1.1",
  ],
  ["more are than there are entries", "1.1.1.1", 2, "9.9.9.9"],
  ["there is no header", null, 1, "9.9.9.9"],
  ["its entry is empty", "1.1.1.1, ", 1, "9.9.9.9"],
])("%s", (_, header, hops, want) => {
  expect(clientAddress("9.9.9.9", header, hops)).toBe(want);
});
