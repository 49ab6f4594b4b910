/** Codes of JSON-RPC, and of what MCP and its SDKs have made of the range for servers. */
export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** Anything else that the gateway refuses. */
  refused: -32000,
  /** The session is not known, or the time for an answer is over. */
  gone: -32001,
  resourceNotFound: -32002,
  /** Since 2026-07-28, with HTTP status 400: a header does not say what the body says. */
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const;

interface RpcErrorOptions extends ErrorOptions {
  /** HTTP status while an answer has not begun; a request that was understood gets 200. */
  readonly status?: number;
  readonly data?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer of the gateway's own to a client. `message` and `data` are for clients, `cause` is for the log. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly status: number;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: number, message: string, options: RpcErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.status = options.status ?? 200;
    this.data = options.data;
    this.headers = options.headers ?? {};
  }
}

/** `idText` is the request's id as the client wrote it. */
export function writeError({ code, message, data }: RpcError, idText: string | undefined): string {
  const error = JSON.stringify({ code, message, ...(data === undefined ? {} : { data }) });
  return `{"jsonrpc":"2.0","id":${idText ?? "null"},"error":${error}}`;
}

export function writeResult(idText: string, resultText: string): string {
  return `{"jsonrpc":"2.0","id":${idText},"result":${resultText}}`;
}
