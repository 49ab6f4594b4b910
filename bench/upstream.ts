/**
 * The provider of the benchmark: raw HTTP/1.1 over TCP with answers made beforehand, so that it costs as little as it
 * can. Prints its port.
 */
import { answerBody, events, messageBody, messageEvents, messagesPath, paceMs } from "./traffic.ts";

const encoder = new TextEncoder();
const streamHead = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${encoder.encode(text).length.toString(16)}\r\n${text}\r\n`;
const lastChunk = "0\r\n\r\n";

const whole = (body: string) =>
  encoder.encode(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${encoder.encode(body).length}\r\n\r\n${body}`,
  );
const burst = (all: readonly string[]) => encoder.encode(streamHead + all.map(chunk).join("") + lastChunk);
const chat = { whole: whole(answerBody), burst: burst(events) };
const messages = { whole: whole(messageBody), burst: burst(messageEvents) };
const pacedPieces = [streamHead + chunk(events[0] ?? ""), ...events.slice(1).map(chunk)].map((text) =>
  encoder.encode(text),
);
const pacedEnd = encoder.encode(lastChunk);

interface Connection {
  /** What of a request has come; requests do not overlap on a connection. */
  received: Buffer;
  /** What the system would not take yet. */
  unsent: Uint8Array | undefined;
  timer: Timer | undefined;
}
type Socket = Bun.Socket<Connection>;

const server = Bun.listen<Connection>({
  hostname: "127.0.0.1",
  port: Number(process.env["BENCH_PORT"] ?? 0),
  socket: {
    open(socket) {
      socket.data = { received: Buffer.alloc(0), unsent: undefined, timer: undefined };
    },
    data(socket, piece) {
      const { data } = socket;
      const received = data.received.length === 0 ? piece : Buffer.concat([data.received, piece]);
      const length = requestLength(received);
      if (length === undefined || received.length < length) {
        // The piece's memory is used again after this call.
        data.received = Buffer.from(received);
        return;
      }
      data.received = Buffer.alloc(0);
      answer(socket, received);
    },
    drain(socket) {
      const { unsent } = socket.data;
      socket.data.unsent = undefined;
      if (unsent) send(socket, unsent);
    },
    close(socket) {
      clearInterval(socket.data.timer);
    },
  },
});
console.log(server.port);

/** Of head and body together; `undefined` while the head is incomplete. */
function requestLength(received: Buffer): number | undefined {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = received.toString("latin1", 0, headEnd);
  return headEnd + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
}

function answer(socket: Socket, request: Buffer): void {
  const answers = request.includes(`POST ${messagesPath} `) ? messages : chat;
  if (!request.includes('"stream":true')) send(socket, answers.whole);
  else if (request.includes('"model":"paced"')) pace(socket);
  else send(socket, answers.burst);
}

function pace(socket: Socket): void {
  let next = 0;
  const step = () => {
    const piece = pacedPieces[next++];
    if (piece) return send(socket, piece);
    clearInterval(socket.data.timer);
    send(socket, pacedEnd);
  };
  step();
  socket.data.timer = setInterval(step, paceMs);
}

function send(socket: Socket, bytes: Uint8Array): void {
  if (socket.data.unsent) {
    socket.data.unsent = Buffer.concat([socket.data.unsent, bytes]);
    return;
  }
  const sent = socket.write(bytes);
  if (sent >= 0 && sent < bytes.length) socket.data.unsent = bytes.subarray(sent);
}
