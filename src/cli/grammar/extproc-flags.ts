/** As the controller of Envoy AI Gateway writes them; the names and meanings are its. */
export const extprocFlags = {
  configPath: {
    type: "text",
    completes: "file",
    description: "Filter configuration to serve; changes are loaded as they come",
  },
  configBundlePath: {
    type: "text",
    completes: "directory",
    description: "Directory with index.yaml and the parts of a filter configuration; wins over configPath",
  },
  configVersion: {
    type: "text",
    variable: "AIGW_EXTPROC_CONFIG_VERSION",
    description:
      "Take configurations of this version only, instead of those that this build knows the format of",
  },
  extProcAddr: {
    type: "text",
    description: "gRPC address: host:port, :port or unix:///path; :1063 if not given",
  },
  adminPort: {
    type: "integer",
    default: 1064,
    min: 0,
    max: 65_535,
    description: "Port of the admin server with /health and /metrics, on all interfaces; 0 picks a free one",
  },
  rootPrefix: { type: "text", description: "Path before that of every endpoint" },
  endpointPrefixes: {
    type: "text",
    description: "Paths of the API families, openai:/,cohere:/cohere,anthropic:/anthropic if not given",
  },
  maxRecvMsgSize: { type: "text", description: "Largest gRPC message in bytes, any if not given" },
  logLevel: {
    type: "text",
    description: "debug, info, warn or error, with an offset such as info+2; info if not given",
  },
  logFormat: {
    type: "choice",
    choices: ["text", "json"],
    default: "text",
    description: "Shape of log lines",
  },
  enableRedaction: {
    type: "switch",
    description: "Accepted and without effect: bodies and header values are never logged",
  },
  requestHeaderAttributes: {
    type: "text",
    description: "Request headers that metrics, spans and access logs show, as header:attribute,…",
  },
  metricsRequestHeaderAttributes: { type: "text", description: "The same for metrics, laid over it" },
  spanRequestHeaderAttributes: {
    type: "text",
    description: "The same for spans; agent-session-id:session.id if not given",
  },
  logRequestHeaderAttributes: {
    type: "text",
    description: "The same for access logs; agent-session-id:session.id if not given",
  },
  mcpAddr: {
    type: "text",
    description: "Address of the MCP proxy, which aigw run has and this command has not",
  },
  mcpSessionEncryptionSeed: { type: "text", description: "For the MCP proxy" },
  mcpSessionEncryptionIterations: {
    type: "integer",
    default: 100_000,
    min: 1,
    max: 2 ** 31 - 1,
    description: "For the MCP proxy",
  },
  mcpFallbackSessionEncryptionSeed: { type: "text", description: "For the MCP proxy" },
  mcpFallbackSessionEncryptionIterations: {
    type: "integer",
    default: 100_000,
    min: 1,
    max: 2 ** 31 - 1,
    description: "For the MCP proxy",
  },
  mcpWriteTimeout: { type: "text", description: "For the MCP proxy, 120s if not given" },
} as const;
