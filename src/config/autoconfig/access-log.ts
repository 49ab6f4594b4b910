import type { LogSink } from "./log-sink.ts";

/** The access log of a gateway that was configured from the environment: one setting for LLM requests, one for MCP. */
export function accessLogSettings(sink: Exclude<LogSink, { type: "none" }>): object[] {
  return [
    setting("x-ai-eg-model", llmFields, llmText, sink),
    setting("x-ai-eg-mcp-backend", mcpFields, mcpText, sink),
  ];
}

/** Requests without that header, such as those that no model was found for, are not logged. */
function setting(
  header: string,
  fields: { readonly [name: string]: string },
  text: string,
  sink: Exclude<LogSink, { type: "none" }>,
): object {
  const matches = [`request.headers['${header}'] != ''`];
  const json = { ...fields, ...commonFields };
  if (sink.type === "file") {
    const file = { path: "/dev/stdout" };
    return { matches, format: { type: "JSON", json }, sinks: [{ type: "File", file }] };
  }
  const { host, port } = sink;
  // Without a type the text is a record's body, and the fields are its attributes.
  return {
    matches,
    format: { text, json },
    sinks: [{ type: "OpenTelemetry", openTelemetry: { host, port } }],
  };
}

const metadata = (key: string) => `%DYNAMIC_METADATA(io.envoy.ai_gateway:${key})%`;

const llmText = [
  "[%START_TIME%] %REQ(:PATH)% model=%REQ(X-AI-EG-MODEL)% %RESPONSE_CODE%",
  `llm_input_token=${metadata("llm_input_token")}`,
  `llm_output_token=${metadata("llm_output_token")}`,
  `llm_reasoning_token=${metadata("llm_reasoning_token")} %DURATION%ms`,
].join(" ");

const mcpText = [
  `[%START_TIME%] %REQ(:PATH)% mcp_method=${metadata("mcp_method")} mcp_tool_name=${metadata("mcp_tool_name")}`,
  `mcp_backend=${metadata("mcp_backend")} %RESPONSE_CODE% %DURATION%ms`,
].join(" ");

const llmFields = {
  "gen_ai.request.model": "%REQ(X-AI-EG-MODEL)%",
  "gen_ai.response.model": metadata("response_model"),
  "gen_ai.provider.name": metadata("backend_name"),
  "gen_ai.usage.input_tokens": metadata("llm_input_token"),
  "gen_ai.usage.output_tokens": metadata("llm_output_token"),
  "gen_ai.usage.reasoning_tokens": metadata("llm_reasoning_token"),
  "session.id": metadata("session.id"),
};

const mcpFields = {
  "jsonrpc.request.id": metadata("mcp_request_id"),
  "mcp.session.id": "%REQ(MCP-SESSION-ID)%",
  "mcp.method.name": metadata("mcp_method"),
  "mcp.tool.name": metadata("mcp_tool_name"),
  "mcp.provider.name": metadata("mcp_backend"),
  "session.id": metadata("session.id"),
};

const commonFields = {
  start_time: "%START_TIME%",
  method: "%REQ(:METHOD)%",
  "request.path": "%REQ(:PATH)%",
  "x-envoy-origin-path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
  response_code: "%RESPONSE_CODE%",
  connection_termination_details: "%CONNECTION_TERMINATION_DETAILS%",
  upstream_transport_failure_reason: "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
  bytes_received: "%BYTES_RECEIVED%",
  bytes_sent: "%BYTES_SENT%",
  duration: "%DURATION%",
  "x-envoy-upstream-service-time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
  "x-forwarded-for": "%REQ(X-FORWARDED-FOR)%",
  "user-agent": "%REQ(USER-AGENT)%",
  "x-request-id": "%REQ(X-REQUEST-ID)%",
  upstream_host: "%UPSTREAM_HOST%",
  upstream_cluster: "%UPSTREAM_CLUSTER%",
  upstream_local_address: "%UPSTREAM_LOCAL_ADDRESS%",
  downstream_local_address: "%DOWNSTREAM_LOCAL_ADDRESS%",
  downstream_remote_address: "%DOWNSTREAM_REMOTE_ADDRESS%",
};
