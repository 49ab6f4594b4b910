/** The server's side of HTTP/2 with `node:http2` as the client, and with frames that no library would send. */
import { afterEach, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Connection } from "./connection.ts";
import { errorCode, frameType, preface } from "./frames.ts";
import { writeHeaders } from "./hpack.ts";
import type { ServerStream } from "./server-stream.ts";

const servers: Server[] = [];
const clients: { destroy(): void }[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  for (const server of servers.splice(0)) server.close();
});

const head = Uint8Array.from(writeHeaders([[":status", "200"]]));
const trailers = Uint8Array.from(writeHeaders([["x-end", "yes"]]));

interface Running {
  readonly port: number;
  readonly connections: Connection[];
  readonly ends: string[];
}

/** Sends every body back as it came, and trailers. */
async function startEcho(): Promise<Running> {
  const connections: Connection[] = [];
  const ends: string[] = [];
  const accept = (stream: ServerStream) => ({
    data(piece: Buffer) {
      stream.head(head);
      stream.data(Buffer.from(piece));
    },
    end() {
      stream.head(head);
      stream.finish(trailers);
      ends.push("end");
    },
    aborted: () => void ends.push("aborted"),
  });
  const server = createServer((socket) => {
    connections.push(new Connection(socket, accept, () => ends.push("closed")));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, connections, ends };
}

function openSession({ port }: Running, settings: http2.Settings = {}): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings });
  session.on("error", () => {});
  clients.push(session);
  return session;
}

async function echo(session: http2.ClientHttp2Session, body: Buffer): Promise<Buffer> {
  const stream = session.request({ ":method": "POST", ":path": "/echo" });
  const pieces: Buffer[] = [];
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  const ended = new Promise((resolve, reject) => stream.on("end", resolve).on("error", reject));
  stream.end(body);
  await ended;
  return Buffer.concat(pieces);
}

describe("a client of node:http2", () => {
  test("gets back what it sends, however large, on many streams at once", async () => {
    const session = openSession(await startEcho());
    const bodies = [0, 1, 16_384, 65_536, 3_000_000].map((length, i) => Buffer.alloc(length, 97 + i));
    const answers = await Promise.all(bodies.map((body) => echo(session, body)));
    expect(answers.map((answer, i) => answer.equals(bodies[i] ?? Buffer.alloc(0)))).toEqual(
      bodies.map(() => true),
    );
  });

  test("is sent no more than it takes", async () => {
    const session = openSession(await startEcho(), { initialWindowSize: 1000 });
    const body = Buffer.alloc(50_000, 1);
    expect((await echo(session, body)).equals(body)).toBe(true);
  });

  test("may reset thousands of streams", async () => {
    const running = await startEcho();
    const session = openSession(running);
    for (let count = 0; count < 3000; count += 1) {
      const stream = session.request({ ":method": "POST", ":path": "/" });
      stream.on("error", () => {});
      await new Promise((resolve) => {
        stream.on("data", resolve);
        stream.write("x");
      });
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    expect((await echo(session, Buffer.from("still here"))).toString()).toBe("still here");
    expect(running.ends).toHaveLength(3001);
  }, 20_000);

  test("finishes what is open when the server drains, and opens nothing new", async () => {
    const running = await startEcho();
    const session = openSession(running);
    const stream = session.request({ ":method": "POST", ":path": "/" });
    const ended = new Promise((resolve) => stream.on("end", resolve));
    await new Promise((resolve) => {
      stream.on("data", resolve);
      stream.write("x");
    });
    running.connections[0]?.drain();
    stream.end();
    await ended;
    await new Promise<void>((resolve) => (session.closed ? resolve() : session.on("close", () => resolve())));
    expect(running.ends).toContain("end");
  });
});

/** A frame as it goes over the wire. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, 9);
  return bytes;
}

const request = Uint8Array.from(
  writeHeaders([
    [":method", "POST"],
    [":path", "/"],
  ]),
);
const settings = frame(frameType.settings, 0, 0);

/** Sends bytes, and collects frames until the server has said goodbye or `count` of them came. */
async function exchange(running: Running, bytes: Buffer | Buffer[], count: number): Promise<Buffer[]> {
  const socket: Socket = connect(running.port, "127.0.0.1");
  clients.push(socket);
  const frames: Buffer[] = [];
  let received = Buffer.alloc(0);
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("close", () => resolve());
  socket.on("data", (piece: Buffer) => {
    received = Buffer.concat([received, piece]);
    while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
      const end = 9 + received.readUIntBE(0, 3);
      frames.push(received.subarray(0, end));
      received = received.subarray(end);
    }
    if (frames.length >= count) resolve();
  });
  for (const piece of Array.isArray(bytes) ? bytes : [bytes]) {
    socket.write(piece);
    await Bun.sleep(1);
  }
  await promise;
  return frames;
}

const typesOf = (frames: readonly Buffer[]) => frames.map((bytes) => bytes[3] ?? -1);
const greeting = [frameType.settings, frameType.windowUpdate];

describe("frames", () => {
  test("may come byte by byte", async () => {
    const running = await startEcho();
    const bytes = Buffer.concat([
      preface,
      settings,
      frame(frameType.headers, 4, 1, request),
      frame(frameType.data, 1, 1, Buffer.from("hi")),
    ]);
    const pieces = Array.from(bytes, (byte) => Buffer.from([byte]));
    const frames = await exchange(running, pieces, 6);
    const { settings: ack, headers, data } = frameType;
    expect(typesOf(frames)).toEqual([...greeting, ack, headers, data, headers]);
  });

  test("may be padded, have priorities, and be continued", async () => {
    const running = await startEcho();
    const padded = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 9]), request.subarray(0, 8), Buffer.alloc(3)]);
    const frames = await exchange(
      running,
      Buffer.concat([
        preface,
        settings,
        frame(frameType.priority, 0, 3, Buffer.alloc(5)),
        frame(0x77, 0, 0, Buffer.from("unknown")),
        frame(frameType.headers, 0x28, 1, padded),
        frame(frameType.continuation, 4, 1, request.subarray(8)),
        frame(frameType.data, 9, 1, Buffer.from("\u0002hi\0\0", "latin1")),
      ]),
      6,
    );
    expect(frames[4]?.subarray(9).toString()).toBe("hi");
  });

  test("that reset a stream end it, and what comes for it later is of no consequence", async () => {
    const running = await startEcho();
    const frames = await exchange(
      running,
      Buffer.concat([
        preface,
        settings,
        frame(frameType.headers, 4, 1, request),
        frame(frameType.rstStream, 0, 1, Buffer.alloc(4)),
        frame(frameType.data, 1, 1, Buffer.from("late")),
        frame(frameType.rstStream, 0, 1, Buffer.alloc(4)),
        frame(frameType.ping, 0, 0, Buffer.alloc(8)),
      ]),
      4,
    );
    expect(typesOf(frames)).toEqual([...greeting, frameType.settings, frameType.ping]);
    expect(running.ends).toEqual(["aborted"]);
  });

  test("of a ping come back", async () => {
    const ping = frame(frameType.ping, 0, 0, Buffer.from("12345678"));
    const frames = await exchange(await startEcho(), Buffer.concat([preface, settings, ping]), 4);
    expect(frames.at(-1)).toEqual(frame(frameType.ping, 1, 0, Buffer.from("12345678")));
  });

  const broken: readonly { name: string; bytes: Buffer; code: number }[] = [
    { name: "another protocol", bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n"), code: errorCode.protocol },
    {
      name: "a frame that is too large",
      bytes: frame(0, 0, 1, Buffer.alloc(70_000)),
      code: errorCode.frameSize,
    },
    { name: "data without a request", bytes: frame(0, 0, 5, Buffer.from("x")), code: errorCode.protocol },
    { name: "a head that is none", bytes: frame(1, 4, 1, Buffer.from([0x80])), code: errorCode.compression },
    {
      name: "a head that is interrupted",
      bytes: Buffer.concat([frame(1, 0, 1, request), frame(0, 0, 1)]),
      code: errorCode.protocol,
    },
    { name: "a continuation of nothing", bytes: frame(9, 4, 1, request), code: errorCode.protocol },
    {
      name: "more padding than frame",
      bytes: frame(1, 12, 1, Buffer.from([9, 0])),
      code: errorCode.protocol,
    },
    { name: "a push", bytes: frame(5, 0, 1, Buffer.alloc(4)), code: errorCode.protocol },
    { name: "an even stream", bytes: frame(1, 4, 2, request), code: errorCode.protocol },
    {
      name: "a window that is too large",
      bytes: frame(8, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
      code: errorCode.flowControl,
    },
    { name: "broken settings", bytes: frame(4, 0, 0, Buffer.alloc(5)), code: errorCode.frameSize },
    {
      name: "an endless head",
      bytes: Buffer.concat([
        frame(1, 0, 1, Buffer.alloc(60_000)),
        ...Array.from({ length: 5 }, () => frame(9, 0, 1, Buffer.alloc(60_000))),
      ]),
      code: errorCode.enhanceYourCalm,
    },
  ];
  test.each(broken)("end the connection, which is told why: $name", async ({ name, bytes, code }) => {
    const running = await startEcho();
    const isPlain = name === "another protocol";
    const frames = await exchange(running, isPlain ? bytes : Buffer.concat([preface, settings, bytes]), 99);
    const last = frames.at(-1);
    expect([last?.[3], last?.readUInt32BE(13)]).toEqual([frameType.goAway, code]);
    expect(running.ends.at(-1)).toBe("closed");
  });
});
