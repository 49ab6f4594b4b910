import { expect, test } from "bun:test";
import { resolveDirectories } from "./directories.ts";
import { userId } from "./expand-path.ts";

const place = { environment: { HOME: "/home/me" }, workingDirectory: "/work" };
const unset = {
  "config-home": undefined,
  "data-home": undefined,
  "state-home": undefined,
  "runtime-dir": undefined,
};

test("resolveDirectories has a place for everything", () => {
  expect(resolveDirectories(unset, place)).toEqual({
    config: "/home/me/.config/aigw",
    data: "/home/me/.local/share/aigw",
    state: "/home/me/.local/state/aigw",
    runtime: `/tmp/aigw-${userId()}`,
    isRuntimeDefault: true,
  });
});

test("resolveDirectories expands what was given", () => {
  const given = { "config-home": "~/c", "data-home": "d", "state-home": "$HOME/s/", "runtime-dir": "/r" };
  expect(resolveDirectories(given, place)).toEqual({
    config: "/home/me/c",
    data: "/work/d",
    state: "/home/me/s",
    runtime: "/r",
    isRuntimeDefault: false,
  });
});
