import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { grpcStatus, type ServeCall } from "../call.ts";
import { readGrpcAddress } from "./address.ts";
import { CallServerFailure, startCallServer } from "./call-server.ts";
import { checkHealth } from "./check-health.ts";

const home = mkdtempSync(join(tmpdir(), "aigw-calls-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let sockets = 0;
const newSocket = () => join(home, `${sockets++}.sock`);

/** Answers each message with an empty answer to a response's body. */
const echo: ServeCall = (call) => ({
  message: () => call.send({ kind: "response-body" }),
  ended() {},
});

const start = (address: string, serve = echo, isServing = () => true) =>
  startCallServer({ address: readGrpcAddress(address), serve, isServing });

const bytes = (value: Buffer) => value;
const method = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";

/** A call that sends one message, waits for its answer and is cancelled, as Envoy does it. */
function callOnce(client: grpc.Client): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = client.makeBidiStreamRequest(method, bytes, bytes);
    let isAnswered = false;
    call.on("data", () => {
      isAnswered = true;
      call.cancel();
    });
    call.on("error", (error: grpc.ServiceError) => (isAnswered ? resolve() : reject(error)));
    call.write(Buffer.from([0x2a, 0]));
  });
}

describe("health is", () => {
  test("that of the processor", async () => {
    let isServing = false;
    const server = await start("127.0.0.1:0", echo, () => isServing);
    expect(await checkHealth(server.target, 1000)).toBe("unhealthy status: NOT_SERVING");
    isServing = true;
    expect(await checkHealth(server.target, 1000)).toBeUndefined();
    await server.stop(0);
    expect(await checkHealth(server.target, 200)).toStartWith("health check RPC failed: ");
  });

  test("not to be watched", async () => {
    const server = await start("127.0.0.1:0");
    const client = new grpc.Client(server.target, grpc.credentials.createInsecure());
    const call = client.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      bytes,
      bytes,
      Buffer.alloc(0),
    );
    const error = await new Promise<grpc.ServiceError>((resolve) => call.on("error", resolve));
    expect([error.code, error.details]).toEqual([grpcStatus.unimplemented, "Watch is not implemented"]);
    client.close();
    await server.stop(0);
  });
});

describe("a socket", () => {
  test("is open to Envoy's group and gone afterwards", async () => {
    const path = newSocket();
    const server = await start(`unix://${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o775);
    await server.stop(0);
    expect(existsSync(path)).toBe(false);
  });

  test("that an earlier process left is replaced", async () => {
    const path = newSocket();
    const child = Bun.spawn([
      process.execPath,
      "-e",
      `require("node:net").createServer().listen("${path}", () => process.kill(process.pid, "SIGKILL"))`,
    ]);
    await child.exited;
    expect(statSync(path).isSocket()).toBe(true);
    await (await start(`unix://${path}`)).stop(0);
  });

  test("does not take the place of a file", async () => {
    const path = newSocket();
    writeFileSync(path, "precious");
    await expect(start(`unix://${path}`)).rejects.toThrow(
      `cannot listen on ${path}: there is a file of that name, which is no socket`,
    );
  });

  test("in a directory that is not there is refused", async () => {
    await expect(start(`unix://${join(home, "none/x.sock")}`)).rejects.toThrow(CallServerFailure);
  });
});

test("a port that is taken is named", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await expect(start(`127.0.0.1:${port}`)).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: address already in use`,
  );
  other.close();
});

test("all interfaces are served under both families", async () => {
  const server = await start(":0");
  if (server.address.type !== "tcp") throw new Error("no port");
  const { port } = server.address;
  expect(port).toBeGreaterThan(0);
  expect(await checkHealth(`127.0.0.1:${port}`, 1000)).toBeUndefined();
  await server.stop(0);
});

describe("stopping", () => {
  test("waits for open calls, and cuts them when their time is over", async () => {
    const ended: string[] = [];
    const serve: ServeCall = (call) => ({
      message: () => call.send({ kind: "response-body" }),
      ended: () => ended.push("ended"),
    });
    const server = await start("127.0.0.1:0", serve);
    const client = new grpc.Client(server.target, grpc.credentials.createInsecure());
    const call = client.makeBidiStreamRequest(method, bytes, bytes);
    call.on("error", () => {});
    await new Promise((resolve) => {
      call.on("data", resolve);
      call.write(Buffer.from([0x2a, 0]));
    });
    const stopped = server.stop(200);
    expect(await Promise.race([stopped.then(() => "stopped"), Bun.sleep(50).then(() => "open")])).toBe(
      "open",
    );
    await stopped;
    await Bun.sleep(20);
    expect(ended).toEqual(["ended"]);
    client.close();
  });
});

test("a message that is none ends its call alone", async () => {
  const server = await start("127.0.0.1:0");
  const client = new grpc.Client(server.target, grpc.credentials.createInsecure());
  const call = client.makeBidiStreamRequest(method, bytes, bytes);
  const error = await new Promise<grpc.ServiceError>((resolve) => {
    call.on("error", resolve);
    call.write(Buffer.from([0x2a, 0x7f]));
  });
  expect(error.code).toBe(grpcStatus.internal);
  await callOnce(client);
  client.close();
  await server.stop(0);
});

describe("an address", () => {
  test.each([
    [":1063", { type: "tcp", host: "", port: 1063 }],
    ["localhost:0", { type: "tcp", host: "localhost", port: 0 }],
    ["[::1]:9", { type: "tcp", host: "::1", port: 9 }],
    ["unix:///run/x.sock", { type: "unix", path: "/run/x.sock" }],
    ["unix:/run/x.sock", { type: "unix", path: "/run/x.sock" }],
  ] as const)("%s is read", (text, want) => {
    expect(readGrpcAddress(text)).toEqual(want);
  });

  test.each(["", "1063", "host", "host:", "host:x", ":70000", "::1:80", "unix://"])(
    "%p is refused",
    (text) => {
      expect(() => readGrpcAddress(text)).toThrow(JSON.stringify(text));
    },
  );
});
