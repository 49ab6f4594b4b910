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

/** A client's message, as its span shows it. */
export interface McpMessage {
  readonly method: string;
  /** As the client wrote it; absent for notifications. */
  readonly idText: string | undefined;
  readonly params: { readonly [member: string]: unknown };
  /** Of the client's request. */
  readonly headers: HeaderView;
  /** What mapped attributes are looked up in. */
  readonly attributes: HeaderView;
  readonly protocolVersion: string;
  /** The client's session, where it has one. */
  readonly sessionId: string | undefined;
}

/** Why a message came to nothing; `detail` quotes what a server or client said. */
export interface McpFailure {
  readonly type: McpErrorType;
  readonly message: string;
  readonly detail?: string | undefined;
  /** Of JSON-RPC. */
  readonly code?: number | undefined;
}

/** Follows one message of a client that is traced. Must not throw. */
export interface McpSpan {
  /** Goes into `params._meta` of what is sent to servers. */
  readonly carried: readonly (readonly [name: string, value: string])[];
  /** The message goes to a server; `isNew`: by a session that begins with it. */
  routed(backend: string, sessionId: string | undefined, isNew: boolean): void;
  /** A client's session has begun. */
  began(sessionId: string): void;
  /** What all servers together have in a list. */
  listed(count: number): void;
  answered(result: object): void;
  /** Once; more calls do nothing. */
  end(failure?: McpFailure): void;
}

/** Begins the span of a message; `undefined` for methods that have none. */
export type TraceMcp = (message: McpMessage) => McpSpan | undefined;

/** What is told about MCP. Must not throw and must be quick. */
export interface McpListener {
  /** Absent while nobody traces. */
  readonly trace?: TraceMcp | undefined;
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
