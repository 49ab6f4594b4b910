/**
 * Beta flags that Bedrock takes; one that it does not know fails the whole request with 400.
 * `prompt-caching-2024-07-31`, `extended-cache-ttl-2025-04-11`, `files-api-2025-04-14`, `code-execution-2025-05-22`,
 * `memory-2025-08-18` and `thinking-token-count-2026-05-13` are refused there.
 */
const taken = new Set([
  "computer-use-2024-10-22",
  "computer-use-2025-01-24",
  "context-1m-2025-08-07",
  "context-management-2025-06-27",
  "dev-full-thinking-2025-05-14",
  "fine-grained-tool-streaming-2025-05-14",
  "interleaved-thinking-2025-05-14",
  "mcp-client-2025-04-04",
  "mcp-client-2025-11-20",
  "model-context-window-exceeded-2025-08-26",
  "output-128k-2025-02-19",
  "pdfs-2024-09-25",
  "search-results-2025-06-09",
  "token-counting-2024-11-01",
  "token-efficient-tools-2025-02-19",
  "tool-search-tool-2025-10-19",
  "web-search-2025-03-05",
]);

/** Flags that have another name at Bedrock. */
const alias: { readonly [flag: string]: string } = {
  "advanced-tool-use-2025-11-20": "tool-search-tool-2025-10-19",
};

/** The flags of an `anthropic-beta` header that Bedrock takes, each once, in their order. */
export function invokeBetas(header: string | null): string[] {
  if (header === null) return [];
  const flags = header.split(",").map((flag) => flag.trim());
  return [...new Set(flags.map((flag) => alias[flag] ?? flag))].filter((flag) => taken.has(flag));
}
