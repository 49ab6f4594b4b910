import { expect, test } from "bun:test";
import { resolveDirectories } from "./directories.ts";
import { userId } from "./expand-path.ts";

const place = { environment: { HOME: "/home/nonroot" }, workingDirectory: "/srv" };
const unset = {
  "config-home": undefined,
  "data-home": undefined,
  "state-home": undefined,
  "runtime-dir": undefined,
};

test("resolveDirectories has a place for everything", () => {
  expect(resolveDirectories(unset, place)).toEqual({
    config: "/home/nonroot/.config/aigw",
    data: "/home/nonroot/.local/share/aigw",
    state: "/home/nonroot/.local/state/aigw",
    runtime: `/tmp/aigw-${userId()}`,
    isRuntimeDefault: true,
  });
});

test("resolveDirectories expands what was given", () => {
  const given = { "config-home": "~/c", "data-home": "d", "state-home": "$HOME/s/", "runtime-dir": "/r" };
  expect(resolveDirectories(given, place)).toEqual({
    config: "/home/nonroot/c",
    data: "/srv/d",
    state: "/home/nonroot/s",
    runtime: "/r",
    isRuntimeDefault: false,
  });
});
