import { encodeText } from "../../dialects/wire/text.ts";
import { defaultMcpLimits, type McpStdioTransport } from "../../model/mcp.ts";
import type { LogFields, Logger } from "../../telemetry/logger.ts";
import type { BackendAnswer, BackendCall, BackendConnection } from "../backends/connection.ts";
import { connectStdio, type StdioOptions } from "./connect-stdio.ts";

/**
 * A server as a program: it says what it is told on request, and answers everything else with what it was asked.
 * Words in its arguments make it misbehave.
 */
const program = `
const write = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\\n");
const held = [];
const heard = [];
const words = process.argv.slice(1);
if (words.includes("banner")) process.stdout.write("Welcome!\\n\\n{\\"half\\": \\n");
if (words.includes("stubborn")) { process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); }
if (words.includes("family")) {
  const { spawn } = require("node:child_process");
  spawn("sleep", ["1000"], { stdio: "ignore" });
}
process.stderr.write("started " + process.pid + "\\n");
let rest = "";
process.stdin.on("data", (piece) => {
  const lines = (rest + piece).split("\\n");
  rest = lines.pop();
  for (const line of lines) receive(line);
});
process.stdin.on("end", () => { if (!words.includes("stubborn")) process.exit(0); });
function receive(line) {
  const message = JSON.parse(line);
  const { id, method, params = {} } = message;
  heard.push(message);
  const raw = (text) => process.stdout.write(text.replaceAll("ID", JSON.stringify(id)) + "\\n");
  if (method === "initialize")
    return write({ id, result: { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "fixture", version: String(process.pid) }, seen: params } });
  if (id === undefined) return;
  switch (method) {
    case "hold": return held.push(id);
    case "release": { for (const one of held.reverse()) write({ id: one, result: { released: one } }); held.length = 0; return write({ id, result: {} }); }
    case "heard": return write({ id, result: { heard } });
    case "exact": return raw('{"result": {"n": 12345678901234567890, "f": 1.10, "unknown": [ ]}, "jsonrpc": "2.0", "id": ID}');
    case "progress": { const progressToken = params._meta.progressToken; for (const progress of [1, 2]) write({ method: "notifications/progress", params: { progressToken, progress } }); return write({ id, result: { progressToken } }); }
    case "say": { write(params.message); return write({ id, result: {} }); }
    case "crash": { process.stderr.write("so long\\n"); process.exit(3); }
    case "huge": { process.stdout.write('{"result": {"text": "'); process.stdout.write("x".repeat(params.bytes)); return raw('"}, "jsonrpc": "2.0", "id": ID}'); }
    case "environment": return write({ id, result: { ...process.env } });
    case "flood": { for (let n = 0; n < params.count; n++) write({ method: "notifications/message", params: { level: "info", data: n } }); return write({ id, result: {} }); }
    default: return write({ id, result: { method, length: line.length, pid: process.pid } });
  }
}
`;

interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

function testLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (message: string, fields?: LogFields) => {
    lines.push({ level, message, fields });
  };
  return {
    lines,
    isOn: () => true,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}

interface TestOptions extends Partial<Pick<StdioOptions, "limits" | "environment">> {
  readonly words?: readonly string[];
  readonly transport?: Partial<McpStdioTransport>;
}

/** A connection to that program. */
export function testConnection({ words = [], transport, ...options }: TestOptions = {}) {
  const log = testLogger();
  const connection = connectStdio({
    name: "fixture",
    transport: {
      type: "stdio",
      command: process.execPath,
      arguments: ["-e", program, ...words],
      environment: [],
      inheritsEnvironment: true,
      mode: "shared",
      isFailFast: false,
      ...transport,
    },
    secrets: { value: ({ name }) => `value of ${name}` },
    limits: defaultMcpLimits,
    log,
    clientInfo: { name: "aigw", version: "1" },
    stopTimes: { inputMs: 200, termMs: 200 },
    ...options,
  });
  return { connection, log };
}

export function callWith(change: Partial<BackendCall> = {}): BackendCall {
  const { signal } = new AbortController();
  return { sessionId: undefined, protocolVersion: undefined, headers: [], signal, ...change };
}

export async function readAll({ messages }: BackendAnswer): Promise<string[]> {
  const texts: string[] = [];
  for (let next = await messages.next(); next !== undefined; next = await messages.next())
    texts.push(new TextDecoder().decode(next.bytes));
  return texts;
}

/** The texts of all messages that come with the answer to one request. */
export async function ask(
  connection: BackendConnection,
  message: object | string,
  call?: Partial<BackendCall>,
) {
  const text = typeof message === "string" ? message : JSON.stringify({ jsonrpc: "2.0", id: 1, ...message });
  return readAll(await connection.send(encodeText(text), callWith(call)));
}

/** The result of one request. */
export async function resultOf(connection: BackendConnection, message: object, call?: Partial<BackendCall>) {
  const last = (await ask(connection, message, call)).at(-1) ?? "{}";
  return (JSON.parse(last) as { readonly result: { readonly [name: string]: unknown } }).result;
}

/** Begins a session, and gives its id. */
export async function open(connection: BackendConnection): Promise<string> {
  const message = {
    jsonrpc: "2.0",
    id: "init",
    method: "initialize",
    params: { capabilities: { roots: {} } },
  };
  const answer = await connection.send(encodeText(JSON.stringify(message)), callWith());
  await readAll(answer);
  if (answer.sessionId === undefined) throw new Error("no session");
  return answer.sessionId;
}
