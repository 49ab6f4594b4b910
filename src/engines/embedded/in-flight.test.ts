import { expect, test } from "bun:test";
import { InFlight } from "./in-flight.ts";
import type { EmbeddedTwin } from "./prepare.ts";

const twin = { record: undefined, isDebug: false } as unknown as EmbeddedTwin;
const connection = { remoteAddress: () => "127.0.0.1", allowSilence: () => {} };

function start(onDone: (status: number) => void = () => {}): { inFlight: InFlight; client: AbortController } {
  const client = new AbortController();
  const request = new Request("http://localhost/v1/chat/completions", {
    method: "POST",
    signal: client.signal,
  });
  const done = (_request: InFlight, status: number) => onDone(status);
  return { inFlight: new InFlight(request, "/v1/chat/completions", "id", connection, twin, done), client };
}

test("a request whose long time is over is ended by the next sweep, with its try", () => {
  const { inFlight } = start();
  inFlight.startClock({ requestMs: 60_000, connectMs: 0 });
  const signal = inFlight.newTry({ requestMs: 60_000, connectMs: 0 });
  inFlight.sweep(performance.now() + 59_000);
  expect(signal.aborted).toBe(false);
  inFlight.sweep(performance.now() + 61_000);
  expect([signal.aborted, inFlight.cut, inFlight.isTimedOut]).toEqual([true, "request-timeout", true]);
});

test("a short time has a timer of its own", async () => {
  const { inFlight } = start();
  inFlight.startClock({ requestMs: 5, connectMs: 0 });
  const signal = inFlight.newTry({ requestMs: 5, connectMs: 0 });
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  expect(inFlight.cut).toBe("request-timeout");
});

test("a request without a limit is never swept away", () => {
  const { inFlight } = start();
  inFlight.startClock({ requestMs: 0, connectMs: 0 });
  inFlight.sweep(Number.MAX_SAFE_INTEGER);
  expect(inFlight.cut).toBeUndefined();
});

test("a client that leaves ends the try that runs, and every later one", () => {
  const { inFlight, client } = start();
  const first = inFlight.newTry({ requestMs: 0, connectMs: 0 });
  inFlight.watchClient();
  client.abort();
  expect([first.aborted, inFlight.isClientGone]).toEqual([true, true]);
  expect(inFlight.newTry({ requestMs: 0, connectMs: 0 }).aborted).toBe(true);
});

test("a client that left before anybody looked is seen by the first look", () => {
  const { inFlight, client } = start();
  const signal = inFlight.newTry({ requestMs: 0, connectMs: 0 });
  client.abort();
  expect(signal.aborted).toBe(false);
  inFlight.watchClient();
  expect([signal.aborted, inFlight.isClientGone]).toEqual([true, true]);
});

test("a try that was silent for too long is over, and the request is free for another", async () => {
  const { inFlight } = start();
  const signal = inFlight.newTry({ requestMs: 0, connectMs: 0, perTryIdleMs: 5 });
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  expect([inFlight.isTimedOut, inFlight.cut]).toEqual([true, undefined]);
  expect(inFlight.newTry({ requestMs: 0, connectMs: 0 }).aborted).toBe(false);
  expect(inFlight.isTimedOut).toBe(false);
});

test("it is done once, and what comes later changes nothing", () => {
  const statuses: number[] = [];
  const { inFlight, client } = start((status) => statuses.push(status));
  inFlight.done(200, true);
  inFlight.done(502, false);
  client.abort();
  inFlight.watchClient();
  expect([statuses, inFlight.cut]).toEqual([[200], undefined]);
});
