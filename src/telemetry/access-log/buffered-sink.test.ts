import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listeningLog } from "../testing.ts";
import { BufferedSink, type BufferedSinkOptions } from "./buffered-sink.ts";
import { fileTarget, type OpenTarget, type SinkTarget } from "./sink-target.ts";
import { Sinks } from "./sinks.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "aigw-sink-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A target that takes what it is told to take, when it is told to. */
class ScriptedTarget implements SinkTarget {
  readonly name = "scripted";
  calls = 0;
  #bytes: Buffer[] = [];
  /** How many bytes a call takes, or the error it fails with. */
  take: (size: number) => number | Error | Promise<number> = (size) => size;

  get text(): string {
    return Buffer.concat(this.#bytes).toString();
  }

  async open(): Promise<OpenTarget> {
    return { write: (chunks) => this.#write(Buffer.concat(chunks)), close: async () => undefined };
  }

  async #write(bytes: Buffer): Promise<number> {
    this.calls++;
    const taken = await this.take(bytes.length);
    if (taken instanceof Error) throw taken;
    this.#bytes.push(bytes.subarray(0, taken));
    return taken;
  }
}

function sinkTo(target: SinkTarget, options: Partial<BufferedSinkOptions> = {}) {
  const log = listeningLog();
  return { log, sink: new BufferedSink({ target, log, delayMs: 60_000, ...options }) };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await Bun.sleep(5);
  expect(condition()).toBe(true);
}

describe("BufferedSink", () => {
  test("gathers lines and writes them in one call when asked to", async () => {
    const target = new ScriptedTarget();
    const { sink } = sinkTo(target);
    for (let i = 0; i < 100; i++) sink.write(`${i}\n`);
    expect(target.calls).toBe(0);
    await sink.flush();
    expect(target.calls).toBe(1);
    expect(target.text).toBe(Array.from({ length: 100 }, (_, i) => `${i}\n`).join(""));
    await sink.flush();
    expect(target.calls).toBe(1);
  });

  test("writes without being asked when a chunk is full or time is up", async () => {
    const full = new ScriptedTarget();
    sinkTo(full, { chunkLength: 10 }).sink.write("0123456789\n");
    await until(() => full.text === "0123456789\n");
    const late = new ScriptedTarget();
    const { sink } = sinkTo(late, { delayMs: 5 });
    sink.write("a\n");
    await until(() => late.text === "a\n");
    sink.write("b\n");
    await until(() => late.text === "a\nb\n");
  });

  test("keeps order and every byte when a target takes pieces", async () => {
    const target = new ScriptedTarget();
    target.take = (size) => Math.min(size, 3);
    const { sink } = sinkTo(target, { chunkLength: 8 });
    const lines = Array.from({ length: 50 }, (_, i) => `line ${i} é\n`);
    for (const line of lines) sink.write(line);
    await sink.flush();
    expect(target.text).toBe(lines.join(""));
    expect(target.calls).toBeGreaterThan(50);
  });

  test("drops beyond its bound while a target hangs, and says how many once it is over", async () => {
    const target = new ScriptedTarget();
    const gate = Promise.withResolvers<void>();
    target.take = async (size) => {
      await gate.promise;
      return size;
    };
    const { sink, log } = sinkTo(target, { chunkLength: 10, maxBytes: 100 });
    for (let i = 0; i < 30; i++) sink.write("123456789\n");
    expect(log.lines).toEqual([
      'warn Access log takes lines too slowly: some are dropped {"path":"scripted"}',
    ]);
    gate.resolve();
    await sink.flush();
    expect(target.text).toBe("123456789\n".repeat(10));
    expect(log.lines.slice(1)).toEqual(['info Access log is written again {"path":"scripted","dropped":20}']);
    sink.write("x\n");
    await sink.flush();
    expect(target.text.endsWith("x\n")).toBe(true);
    expect(log.lines).toHaveLength(2);
  });

  test("keeps lines over failures, complains once, and finishes the line that was cut", async () => {
    const target = new ScriptedTarget();
    const answers: (number | Error)[] = [
      4,
      new Error("ENOSPC: no space left"),
      new Error("ENOSPC: no space left"),
    ];
    target.take = (size) => answers.shift() ?? size;
    const { sink, log } = sinkTo(target);
    sink.write("first\n");
    await sink.flush();
    expect(target.text).toBe("firs");
    sink.write("second\n");
    await sink.flush();
    await sink.flush();
    expect(target.text).toBe("first\nsecond\n");
    expect(log.lines).toEqual([
      'warn Access log cannot be written: its lines are kept as far as there is room, and tried again {"path":"scripted","reason":"ENOSPC: no space left"}',
      'info Access log is written again {"path":"scripted","dropped":0}',
    ]);
  });

  test("tries a failing target again by itself, but not with each chunk", async () => {
    const target = new ScriptedTarget();
    target.take = () => new Error("EIO");
    const { sink } = sinkTo(target, { chunkLength: 4, delayMs: 500 });
    sink.write("aaaa\n");
    await until(() => target.calls === 1);
    await Bun.sleep(0);
    for (let i = 0; i < 20; i++) sink.write("bbbb\n");
    expect(target.calls).toBe(1);
    target.take = (size) => size;
    await until(() => target.text === `aaaa\n${"bbbb\n".repeat(20)}`);
  });

  test("writes what is left when it is closed, and nothing after", async () => {
    const target = new ScriptedTarget();
    const { sink } = sinkTo(target);
    sink.write("a\n");
    await sink.close();
    sink.write("b\n");
    await sink.flush();
    expect(target.text).toBe("a\n");
  });
});

describe("fileTarget", () => {
  test("appends, with mode 0600 for a new file", async () => {
    const path = join(directory, "access.log");
    for (const line of ["a\n", "b\n"]) {
      const { sink } = sinkTo(fileTarget(path));
      sink.write(line);
      await sink.close();
    }
    expect(readFileSync(path, "utf8")).toBe("a\nb\n");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("reports a directory that is not there, and goes on when it is", async () => {
    const path = join(directory, "later", "access.log");
    const { sink, log } = sinkTo(fileTarget(path));
    sink.write("a\n");
    await sink.flush();
    expect(log.lines[0]).toContain("ENOENT");
    mkdirSync(join(directory, "later"));
    await sink.close();
    expect(readFileSync(path, "utf8")).toBe("a\n");
  });

  test("lets go of a file that was renamed", async () => {
    const path = join(directory, "access.log");
    const { sink } = sinkTo(fileTarget(path), { reopenMs: 0 });
    sink.write("old\n");
    await sink.flush();
    renameSync(path, `${path}.1`);
    sink.write("new\n");
    await sink.close();
    expect([readFileSync(`${path}.1`, "utf8"), readFileSync(path, "utf8")]).toEqual(["old\n", "new\n"]);
  });

  // Linux has a disk that is always full.
  if (existsSync("/dev/full")) {
    test("survives a disk that is full", async () => {
      const { sink, log } = sinkTo(fileTarget("/dev/full"), { maxBytes: 1000 });
      for (let i = 0; i < 500; i++) sink.write("0123456789\n");
      await sink.close();
      expect(log.lines.some((line) => line.includes("ENOSPC"))).toBe(true);
      expect(log.lines.some((line) => line.includes("dropped"))).toBe(true);
    });
  }
});

/** Starts a program that writes to a sink on its stdout. */
async function startEcho(body: string, stdout: "pipe" | number) {
  const file = join(directory, "echo.ts");
  const source = `import { BufferedSink } from ${JSON.stringify(join(import.meta.dir, "buffered-sink.ts"))};
import { descriptorTarget } from ${JSON.stringify(join(import.meta.dir, "sink-target.ts"))};
const quiet = { isOn: () => false, debug() {}, info() {}, warn() {}, error() {} };
${body}`;
  await Bun.write(file, source);
  return Bun.spawn([process.execPath, file], { stdout, stderr: "pipe" });
}

/** Something that takes 64 KiB and no more while nobody reads. */
function makeFifo(): string {
  const fifo = join(directory, "fifo");
  expect(Bun.spawnSync(["mkfifo", fifo]).exitCode).toBe(0);
  return fifo;
}

/** Lets a write that waits go on to its end, so that it leaves no thread behind. */
async function drain(descriptor: number, bytes: number): Promise<void> {
  const buffer = Buffer.alloc(65536);
  for (let rest = bytes; rest > 0; ) {
    rest -= readSync(descriptor, buffer, 0, Math.min(rest, buffer.length), null);
    await Bun.sleep(0);
  }
}

describe("descriptorTarget", () => {
  test("writes to the process's own stdout", async () => {
    const child = await startEcho(
      `const sink = new BufferedSink({ target: descriptorTarget(1, "stdout"), log: quiet });
       for (let i = 0; i < 20000; i++) sink.write("line " + i + "\\n");
       await sink.close();`,
      "pipe",
    );
    const { stdout } = child;
    if (!(stdout instanceof ReadableStream)) throw new Error("no pipe");
    const text = await new Response(stdout).text();
    expect(text.trim().split("\n")).toEqual(Array.from({ length: 20000 }, (_, i) => `line ${i}`));
    expect(await child.exited).toBe(0);
  });

  test("does not hold up a process whose stdout nobody reads", async () => {
    const descriptor = openSync(makeFifo(), "r+");
    const child = await startEcho(
      `const sink = new BufferedSink({ target: descriptorTarget(1, "stdout"), log: quiet, maxBytes: 500000 });
       for (let i = 0; i < 2000; i++) { sink.write("x".repeat(999) + "\\n"); if (i % 100 === 0) await Bun.sleep(1); }
       console.error("alive");
       process.exit(0);`,
      descriptor,
    );
    expect(await new Response(child.stderr).text()).toBe("alive\n");
    child.kill(9);
    await child.exited;
    closeSync(descriptor);
  });
});

describe("Sinks", () => {
  test("send /dev/stdout and /dev/stderr to the files of the run, other paths to themselves, each once", async () => {
    const sinks = new Sinks({
      stdoutLogPath: join(directory, "stdout.log"),
      echoStdout: false,
      log: listeningLog(),
    });
    sinks.get("/dev/stdout").write("out\n");
    sinks.get("/dev/stderr").write("err\n");
    sinks.get(join(directory, "own.log")).write("own\n");
    expect(sinks.get("/dev/stdout")).toBe(sinks.get("/dev/stdout"));
    await sinks.flush();
    const read = (name: string) => readFileSync(join(directory, name), "utf8");
    expect([read("stdout.log"), read("stderr.log"), read("own.log")]).toEqual(["out\n", "err\n", "own\n"]);
    await sinks.close();
  });

  test("end in time when a file takes nothing, and say so", async () => {
    const fifo = makeFifo();
    const log = listeningLog();
    const sinks = new Sinks({
      stdoutLogPath: join(directory, "stdout.log"),
      echoStdout: false,
      log,
      limitMs: 20,
    });
    const reader = openSync(fifo, "r+");
    sinks.get(fifo).write("x".repeat(1_000_000));
    await sinks.close();
    expect(log.lines).toEqual([
      'warn Access log lines may be missing: they could not be written in time {"limitMs":20}',
    ]);
    await drain(reader, 1_000_000);
    closeSync(reader);
  });
});
