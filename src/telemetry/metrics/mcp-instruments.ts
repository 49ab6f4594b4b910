import type { CounterInstrument, Instrument } from "./instruments.ts";

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The `mcp.*` instruments. Names and units are the reference's, the unit of the third included, which is wrong. */
export const mcpInstruments = {
  capabilities: {
    name: "mcp.capabilities.negotiated",
    unit: "",
    family: "mcp_capabilities_negotiated",
    help: "Capabilities that clients and MCP servers declared",
  },
  initialization: {
    name: "mcp.initialization.duration",
    unit: "token",
    family: "mcp_initialization_duration_token",
    help: "Seconds until a session with an MCP server had begun",
    bounds,
  },
  methods: {
    name: "mcp.method.count",
    unit: "",
    family: "mcp_method_count",
    help: "MCP messages by method",
  },
  progress: {
    name: "mcp.progress.notifications",
    unit: "",
    family: "mcp_progress_notifications",
    help: "Notifications of progress that were passed on",
  },
  requests: {
    name: "mcp.request.duration",
    unit: "",
    family: "mcp_request_duration",
    help: "Seconds from an MCP message to its answer",
    bounds,
  },
} as const satisfies { readonly [name: string]: Instrument | CounterInstrument };
