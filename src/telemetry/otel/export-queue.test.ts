import { describe, expect, test } from "bun:test";
import { listeningLog } from "../testing.ts";
import { ExportQueue, type ExportQueueOptions, type SendResult } from "./export-queue.ts";

const sent: SendResult = { type: "sent", lost: 0 };
const later: SendResult = { type: "later", reason: "busy", afterMs: 1 };

/** A queue of numbers whose receiver answers as it is told, and then well. */
function queueWith(answers: SendResult[], options: Partial<ExportQueueOptions<number>> = {}) {
  const log = listeningLog();
  const batches: number[][] = [];
  const queue = new ExportQueue<number>({
    name: "numbers",
    log,
    sizeOf: (item) => item,
    delayMs: 1,
    maxItems: 100,
    maxBatchItems: 10,
    firstBackOffMs: 1,
    send(batch) {
      batches.push([...batch]);
      return Promise.resolve(answers.shift() ?? sent);
    },
    ...options,
  });
  return { queue, log, batches };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("ExportQueue", () => {
  test("hands items over in order, in batches of at most so many items and bytes", async () => {
    const { queue, batches } = queueWith([], { maxBatchItems: 3, maxBatchBytes: 10 });
    for (const item of [1, 2, 3, 4, 5, 6, 20, 1]) queue.push(item);
    await queue.flush();
    expect(batches).toEqual([[1, 2, 3], [4, 5], [6], [20], [1]]);
  });

  test("hands over by itself after its delay", async () => {
    const { queue, batches } = queueWith([]);
    queue.push(1);
    await until(() => batches.length === 1);
    expect(batches).toEqual([[1]]);
  });

  test("tries a batch again that is wanted later, and says so once", async () => {
    const { queue, log, batches } = queueWith([later, later]);
    queue.push(7);
    await until(() => batches.length === 3);
    await until(() => log.lines.length === 2);
    expect(batches).toEqual([[7], [7], [7]]);
    expect(log.lines).toEqual([
      'warn Export of numbers fails: they are kept as far as there is room, and tried again {"reason":"busy"}',
      'info Export of numbers works again {"lost":0}',
    ]);
  });

  test("waits as long as the receiver asks for", async () => {
    const { queue, batches } = queueWith([{ type: "later", reason: "busy", afterMs: 80 }]);
    const startedAt = performance.now();
    queue.push(1);
    await until(() => batches.length === 2);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(79);
  });

  test("gives a batch up after its time, counts it, and goes on", async () => {
    const { queue, log, batches } = queueWith([{ type: "later", reason: "gone", afterMs: 60_000 }], {
      giveUpMs: 0,
      maxBatchItems: 1,
    });
    queue.push(1);
    queue.push(2);
    await until(() => log.lines.length === 2);
    expect(batches).toEqual([[1], [2]]);
    expect(log.lines[1]).toBe('info Export of numbers works again {"lost":1}');
  });

  test("does not try again what is refused", async () => {
    const { queue, log, batches } = queueWith([{ type: "refused", reason: "400" }]);
    queue.push(1);
    await queue.flush();
    queue.push(2);
    await queue.flush();
    expect(batches).toEqual([[1], [2]]);
    expect(log.lines.at(-1)).toBe('info Export of numbers works again {"lost":1}');
  });

  test("drops and counts what there is no room for while a receiver hangs", async () => {
    const hanging = Promise.withResolvers<SendResult>();
    const { queue, log } = queueWith([], { maxItems: 20, send: () => hanging.promise });
    for (let item = 0; item < 50; item++) queue.push(item);
    expect(queue.dropped).toBe(30);
    expect(log.lines).toEqual(["warn There are more numbers than can be exported: some are dropped"]);
    hanging.resolve(sent);
    await queue.flush();
    expect(log.lines.at(-1)).toBe('info Export of numbers works again {"lost":30}');
  });

  test("bounds bytes as well as items", () => {
    const { queue } = queueWith([], { maxBytes: 100, send: () => new Promise(() => {}) });
    queue.push(90);
    queue.push(20);
    expect(queue.dropped).toBe(1);
  });

  test("counts what a receiver says it refused of a batch", async () => {
    const { queue, log } = queueWith([{ type: "sent", lost: 2, reason: "some were refused" }]);
    queue.push(1);
    await queue.flush();
    expect(queue.dropped).toBe(2);
    expect(log.lines[0]).toContain("some were refused");
  });

  test("ends within its time although the receiver hangs, and says what is lost", async () => {
    const { queue, log } = queueWith([], {
      send: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve(later));
        }),
    });
    queue.push(1);
    queue.push(2);
    await queue.close(20);
    expect(log.lines.at(-1)).toBe('warn Some numbers were never exported {"lost":2}');
    queue.push(3);
    expect(queue.dropped).toBe(3);
  });

  test("hands over what is left when it closes", async () => {
    const { queue, log, batches } = queueWith([], { delayMs: 60_000 });
    queue.push(1);
    await queue.close(1000);
    expect(batches).toEqual([[1]]);
    expect(log.lines).toEqual([]);
  });
});
