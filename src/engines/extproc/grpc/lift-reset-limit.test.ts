import { expect, test } from "bun:test";
import http2 from "node:http2";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { liftResetLimit } from "./lift-reset-limit.ts";

/** Resolves with whether the server had answered before the client reset the stream. */
function requestAndReset(session: http2.ClientHttp2Session): Promise<boolean> {
  return new Promise((resolve) => {
    let isAnswered = false;
    const stream = session.request({ ":path": "/", ":method": "POST" }, { endStream: false });
    stream.on("data", () => {
      isAnswered = true;
      stream.close(http2.constants.NGHTTP2_CANCEL);
    });
    stream.on("error", () => {});
    stream.on("close", () => resolve(isAnswered));
  });
}

test("a client may reset thousands of streams", async () => {
  liftResetLimit();
  const server = http2.createServer();
  server.on("stream", (stream: http2.ServerHttp2Stream) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200 });
    stream.write("x");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  let answered = 0;
  for (let round = 0; round < 100 && !session.closed; round += 1) {
    const requests = Array.from({ length: 30 }, () => requestAndReset(session));
    for (const isAnswered of await Promise.all(requests)) answered += Number(isAnswered);
  }
  session.destroy();
  server.close();
  expect(answered).toBe(3000);
}, 30_000);

test("the gRPC library makes its servers where the limit is lifted", async () => {
  liftResetLimit();
  const { createServer } = http2;
  const seen: http2.ServerOptions[] = [];
  const spy = (options: http2.ServerOptions) => {
    seen.push(options);
    return createServer(options);
  };
  Object.assign(http2, { createServer: spy });
  const server = new Server();
  await new Promise((resolve) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), resolve),
  );
  server.forceShutdown();
  Object.assign(http2, { createServer });
  expect(seen).toHaveLength(1);
});
