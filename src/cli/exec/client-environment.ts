/** A key that SDKs insist on having, and that opens nothing: real ones stay with the gateway. */
const placeholder = "aigw";

/** What points the SDKs of a command to the gateway at a port. */
export function clientEnvironment(
  port: number,
  environment: { readonly [name: string]: string | undefined },
): { [name: string]: string } {
  const origin = `http://localhost:${port}`;
  return {
    AIGW_BASE_URL: origin,
    AIGW_MCP_URL: `${origin}/mcp`,
    OPENAI_BASE_URL: `${origin}/v1`,
    /** For programs written before the SDK's first major version. */
    OPENAI_API_BASE: `${origin}/v1`,
    OPENAI_API_KEY: placeholder,
    ANTHROPIC_BASE_URL: `${origin}/anthropic`,
    ANTHROPIC_API_KEY: placeholder,
    CO_API_URL: `${origin}/cohere`,
    CO_API_KEY: placeholder,
    ...noProxy(environment),
  };
}

/** A proxy that the environment names would look for `localhost` on its own machine. */
function noProxy(environment: { readonly [name: string]: string | undefined }): { [name: string]: string } {
  const direct = new Set(["localhost", "127.0.0.1"]);
  for (const name of ["NO_PROXY", "no_proxy"]) {
    for (const host of (environment[name] ?? "").split(",")) if (host !== "") direct.add(host);
  }
  const list = [...direct].join(",");
  return { NO_PROXY: list, no_proxy: list };
}
