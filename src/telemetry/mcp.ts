import type { HeaderView } from "../model/headers.ts";

export type McpStatus = "success" | "failed" | "error";

export type McpErrorType =
  | "unsupported_protocol_version"
  | "invalid_json_rpc"
  | "unsupported_method"
  | "unsupported_response"
  | "invalid_param"
  | "invalid_session_id"
  | "internal_error";

/** One JSON-RPC message that was dealt with: of a client, or for one backend of several that it went to. */
export interface McpCall {
  /** Absent for answers, which have no method, and for what could not be read. */
  readonly method: string | undefined;
  /** Absent where no backend was asked or is known. */
  readonly backend: string | undefined;
  /** `failed`: a tool that says of itself that it did not succeed. */
  readonly status: McpStatus;
  readonly errorType: McpErrorType | undefined;
  /** Absent for messages that take no time: those of servers. */
  readonly durationMs: number | undefined;
  /** What mapped attributes are looked up in: `_meta` over the client's headers. */
  readonly attributes: HeaderView;
}

/** What is told about MCP. Must not throw and must be quick. */
export interface McpListener {
  called(call: McpCall): void;
  /** A session with a backend has begun; `capabilities` are the server's groups. */
  initialized(
    backend: string,
    durationMs: number,
    capabilities: readonly string[],
    attributes: HeaderView,
  ): void;
  /** The groups that a client declared. */
  clientDeclared(capabilities: readonly string[], attributes: HeaderView): void;
  progressed(backend: string | undefined, attributes: HeaderView): void;
}
