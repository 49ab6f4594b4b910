/** The access log of a gateway that was configured from the environment: one setting for LLM requests, one for MCP. */
export function accessLogSettings(): object[] {
  return [setting("x-ai-eg-model", llmFields), setting("x-ai-eg-mcp-backend", mcpFields)];
}

/** Requests without that header, such as those that no model was found for, are not logged. */
function setting(header: string, fields: { readonly [name: string]: string }): object {
  return {
    matches: [`request.headers['${header}'] != ''`],
    format: { type: "JSON", json: { ...fields, ...commonFields } },
    sinks: [{ type: "File", file: { path: "/dev/stdout" } }],
  };
}

const metadata = (key: string) => `%DYNAMIC_METADATA(io.envoy.ai_gateway:${key})%`;

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
