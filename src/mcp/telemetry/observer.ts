import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import type { HeaderView } from "../../model/headers.ts";
import type { McpErrorType, McpListener, McpStatus } from "../../telemetry/mcp.ts";
import { BackendFailure } from "../backends/connection.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";

/** What a call came to. */
export interface CallOutcome {
  readonly status: McpStatus;
  readonly errorType?: McpErrorType;
}

export const succeeded: CallOutcome = { status: "success" };

/** Tells of one client's request what becomes of it. Costs nothing while nobody listens. */
export class Observer {
  readonly #listener: McpListener | undefined;
  readonly #headers: HeaderView;
  #attributes: HeaderView | undefined;

  constructor(listener: McpListener | undefined, headers: HeaderView) {
    this.#listener = listener;
    this.#headers = headers;
  }

  /** What comes from here on belongs to a message with these params. */
  about(params: JsonObject | undefined): void {
    const meta = this.#listener === undefined ? undefined : asObject(params?.["_meta"]);
    this.#attributes = meta === undefined ? this.#headers : new MetaView(meta, this.#headers);
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

/** Of a tool that says of itself that it did not succeed. */
export function toolFailure(result: JsonObject): CallOutcome {
  const isInvalid = (firstText(result) ?? "").includes("validating");
  return { status: "failed", errorType: isInvalid ? "invalid_param" : "internal_error" };
}

/** The first text of a tool's result. */
function firstText({ content }: JsonObject): string | undefined {
  const texts = Array.isArray(content) ? content.map((part) => asObject(part)?.["text"]) : [];
  return texts.find((text) => typeof text === "string");
}

export function failureOutcome(error: unknown): CallOutcome {
  return {
    status: "error",
    errorType: error instanceof RpcError ? typeOfCode(error.code) : "internal_error",
  };
}

export function typeOfCode(code: unknown): McpErrorType {
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
