import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { editJson } from "../../dialects/wire/json-edit.ts";
import type { HeaderView } from "../../model/headers.ts";
import type { McpErrorType, McpListener, McpSpan, McpStatus } from "../../telemetry/mcp.ts";
import { BackendFailure } from "../backends/connection.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";

/** What a call came to. */
export interface CallOutcome {
  readonly status: McpStatus;
  readonly errorType?: McpErrorType | undefined;
  /** For spans: what the gateway says of it, what somebody else said, and the code of JSON-RPC. */
  readonly message?: string | undefined;
  readonly detail?: string | undefined;
  readonly code?: number | undefined;
}

/** Messages that one server answers. */
export const routedMethods = new Set([
  "tools/call",
  "prompts/get",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "completion/complete",
]);

/** A client's message, as far as its span needs it. */
interface TracedMessage {
  readonly method: string;
  readonly params: JsonObject | undefined;
  readonly idText?: string;
}

export const succeeded: CallOutcome = { status: "success" };

/** Tells of one client's request what becomes of it. Costs nothing while nobody listens. */
export class Observer {
  readonly #listener: McpListener | undefined;
  readonly #headers: HeaderView;
  #attributes: HeaderView | undefined;
  /** Absent while nobody traces. */
  #span: McpSpan | undefined;

  constructor(listener: McpListener | undefined, headers: HeaderView) {
    this.#listener = listener;
    this.#headers = headers;
  }

  /** What comes from here on belongs to a message with these params. */
  about(params: JsonObject | undefined): void {
    const meta = this.#listener === undefined ? undefined : asObject(params?.["_meta"]);
    this.#attributes = meta === undefined ? this.#headers : new MetaView(meta, this.#headers);
  }

  /** Begins the span of a message, which `end` ends, or `listed`. */
  begin({ method, params = {}, idText }: TracedMessage, protocolVersion: string): void {
    const trace = this.#listener?.trace;
    if (trace === undefined) return;
    this.about(params);
    this.#span = trace({
      method,
      idText,
      params,
      headers: this.#headers,
      attributes: this.#view,
      protocolVersion,
      sessionId: this.#headers.get("mcp-session-id") ?? undefined,
    });
  }

  /** The message with the trace's context in it. */
  carry(message: Uint8Array): Uint8Array {
    const carried = this.#span?.carried;
    if (carried === undefined || carried.length === 0) return message;
    const edits = carried.map(([name, value]) => ({
      op: "set" as const,
      path: ["params", "_meta", name],
      json: JSON.stringify(value),
    }));
    return editJson(message, edits);
  }

  routed(backend: string, sessionId: string | undefined, isNew: boolean): void {
    this.#span?.routed(backend, sessionId, isNew);
  }

  /** A client's session has begun. */
  began(sessionId: string): void {
    this.#span?.began(sessionId);
  }

  /** All servers have listed what they have. */
  listed(count: number): void {
    this.#span?.listed(count);
    this.#span?.end();
  }

  answered(result: JsonObject): void {
    this.#span?.answered(result);
  }

  /** Ends the span if that has not happened yet. */
  end(outcome: CallOutcome = succeeded): void {
    if (this.#span === undefined) return;
    const { status, errorType = "internal_error", message = errorType, detail, code } = outcome;
    this.#span.end(status === "success" ? undefined : { type: errorType, message, detail, code });
  }

  called(
    method: string | undefined,
    backend: string | undefined,
    outcome: CallOutcome,
    durationMs?: number,
  ): void {
    this.#listener?.called({
      method,
      backend,
      status: outcome.status,
      errorType: outcome.errorType,
      durationMs,
      attributes: this.#view,
    });
  }

  initialized(backend: string, durationMs: number, capabilities: unknown): void {
    if (this.#listener === undefined) return;
    this.#listener.initialized(backend, durationMs, groupsOf(capabilities), this.#view);
  }

  clientDeclared(capabilities: unknown): void {
    this.#listener?.clientDeclared(groupsOf(capabilities), this.#view);
  }

  progressed(backend: string): void {
    this.#listener?.progressed(backend, this.#view);
  }

  get #view(): HeaderView {
    return this.#attributes ?? this.#headers;
  }
}

/** Of a tool that says of itself that it did not succeed. `tool` is its own name, without prefix. */
export function toolFailure(result: JsonObject, tool: string, backend: string): CallOutcome {
  const text = firstText(result);
  return {
    status: "failed",
    errorType: text?.includes("validating") === true ? "invalid_param" : "internal_error",
    message: `tool call failed: tool=${tool}, backend=${backend}: tool returned isError=true`,
    detail: text,
  };
}

/** The first text of a tool's result. */
function firstText({ content }: JsonObject): string | undefined {
  const texts = Array.isArray(content) ? content.map((part) => asObject(part)?.["text"]) : [];
  return texts.find((text) => typeof text === "string");
}

/** Of an answer that is an error. */
export function errorOutcome(error: unknown): CallOutcome {
  const { code, message } = asObject(error) ?? {};
  return {
    status: "error",
    errorType: typeOfCode(code),
    message: `JSON-RPC error ${String(code)}`,
    detail: typeof message === "string" ? message : undefined,
    code: typeof code === "number" ? code : undefined,
  };
}

export function failureOutcome(error: unknown): CallOutcome {
  if (!(error instanceof RpcError)) return { status: "error", errorType: "internal_error" };
  const { code, message } = error;
  return { status: "error", errorType: typeOfCode(code), message, code };
}

function typeOfCode(code: unknown): McpErrorType {
  if (code === rpcCodes.invalidParams) return "invalid_param";
  if (code === rpcCodes.methodNotFound) return "unsupported_method";
  return code === rpcCodes.invalidRequest || code === rpcCodes.parseError
    ? "invalid_json_rpc"
    : "internal_error";
}

/** `roots` counts only where changes are told, `experimental` once for each of its entries. */
function groupsOf(capabilities: unknown): string[] {
  return Object.entries(asObject(capabilities) ?? {}).flatMap(([name, group]) => {
    if (name === "experimental") return Object.keys(asObject(group) ?? {}).map(() => name);
    if (name === "roots" && asObject(group)?.["listChanged"] !== true) return [];
    return groups.has(name) ? [name] : [];
  });
}

const groups = new Set([
  "tools",
  "resources",
  "prompts",
  "sampling",
  "roots",
  "elicitation",
  "completions",
  "logging",
]);

/** Values of `_meta` over headers; its names may be written in any case. */
class MetaView implements HeaderView {
  readonly #meta: ReadonlyMap<string, string>;
  readonly #headers: HeaderView;

  constructor(meta: JsonObject, headers: HeaderView) {
    const entries = Object.entries(meta).sort(([a], [b]) => (a < b ? 1 : -1));
    this.#meta = new Map(entries.map(([name, value]) => [name.toLowerCase(), textOf(value)]));
    this.#headers = headers;
  }

  get(name: string): string | null {
    return this.#meta.get(name) ?? this.#headers.get(name);
  }

  has(name: string): boolean {
    return this.#meta.has(name) || this.#headers.has(name);
  }

  forEach(visit: (value: string, name: string) => void): void {
    this.#headers.forEach((value, name) => {
      visit(this.#meta.get(name) ?? value, name);
    });
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Why a backend could not be used, in words for logs. */
export function describeFailure(error: unknown): string {
  if (error instanceof BackendFailure) {
    const { cause } = error;
    return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}
