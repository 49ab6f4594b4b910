import { expect, test } from "bun:test";
import { DownloadProgress } from "./download-progress.ts";
import { FakeTerminal } from "./testing.ts";

test("progress is shown where somebody looks on, not too often, and is gone before other words", () => {
  const terminal = new FakeTerminal();
  terminal.isWatched = true;
  const progress = new DownloadProgress(terminal);
  progress.show(250_000, 1_000_000);
  progress.show(500_000, 1_000_000);
  expect(terminal.stderr).toBe("\r\u001b[K  [======                   ] 25 % of 1.0 MB");
  progress.clear();
  progress.clear();
  expect(terminal.stderr).toEndWith("MB\r\u001b[K");
});

test("progress without a total is in megabytes", () => {
  const terminal = new FakeTerminal();
  terminal.isWatched = true;
  new DownloadProgress(terminal).show(1_234_567, undefined);
  expect(terminal.stderr).toEndWith("  1.2 MB");
});

test("nothing is shown where nobody looks on", () => {
  const terminal = new FakeTerminal();
  const progress = new DownloadProgress(terminal);
  progress.show(1, 2);
  progress.clear();
  expect(terminal.stderr).toBe("");
});
