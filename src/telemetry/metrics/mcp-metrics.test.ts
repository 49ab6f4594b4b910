import { expect, test } from "bun:test";
import { listeningLog } from "../testing.ts";
import { writeExposition } from "./exposition.ts";
import { McpMetrics, type McpMetricsOptions } from "./mcp-metrics.ts";

const plain = new Headers();
const call = {
  method: "tools/call",
  backend: "github",
  status: "success",
  errorType: undefined,
  durationMs: 20,
  attributes: plain,
} as const;

function linesOf(use: (metrics: McpMetrics) => void, options: Partial<McpMetricsOptions> = {}): string[] {
  const metrics = new McpMetrics({ headerLabels: [], log: listeningLog(), ...options });
  use(metrics);
  const { body } = writeExposition(metrics.families, new Map());
  return body
    .split("\n")
    .filter((line) => /^mcp/.test(line) && !/_bucket|_sum/.test(line))
    .map((line) => line.replace(/otel_scope_\w+="[^"]*",?/g, "").replace(",}", "}"));
}

test("a call is counted by method, status and server, and timed by server", () => {
  const lines = linesOf((metrics) => {
    metrics.called(call);
    metrics.called({ ...call, status: "failed", errorType: "internal_error" });
    metrics.called({ ...call, method: undefined, backend: undefined, errorType: "invalid_json_rpc" });
    metrics.called({ ...call, method: "ping", backend: undefined, durationMs: undefined });
  });
  expect(lines).toEqual([
    'mcp_method_count_total{mcp_backend="github",mcp_method_name="tools/call",status="success"} 1',
    'mcp_method_count_total{mcp_backend="github",mcp_method_name="tools/call",status="failed"} 1',
    'mcp_method_count_total{mcp_method_name="ping",status="success"} 1',
    'mcp_request_duration_count{mcp_backend="github"} 1',
    'mcp_request_duration_count{error_type="internal_error",mcp_backend="github"} 1',
    'mcp_request_duration_count{error_type="invalid_json_rpc"} 1',
  ]);
});

test("sessions, capabilities and progress are counted", () => {
  const lines = linesOf((metrics) => {
    metrics.clientDeclared(["roots"], plain);
    metrics.initialized("github", 5, ["tools", "tools"], plain);
    metrics.progressed("github", plain);
  });
  expect(lines).toEqual([
    'mcp_capabilities_negotiated_total{capability_side="client",capability_type="roots"} 1',
    'mcp_capabilities_negotiated_total{capability_side="server",capability_type="tools",mcp_backend="github"} 2',
    'mcp_initialization_duration_token_count{mcp_backend="github"} 1',
    'mcp_progress_notifications_total{mcp_backend="github"} 1',
  ]);
});

test("mapped attributes are labels", () => {
  const headerLabels = [{ attribute: "tenant.id", headers: ["x-tenant"] }];
  const attributes = new Headers({ "x-tenant": "t-7" });
  const lines = linesOf((metrics) => metrics.called({ ...call, attributes }), { headerLabels });
  expect(lines[1]).toBe('mcp_request_duration_count{mcp_backend="github",tenant_id="t-7"} 1');
});

test("what is beyond the limit is other, and said once", () => {
  const log = listeningLog();
  const lines = linesOf(
    (metrics) => {
      for (let index = 0; index < 50; index++)
        metrics.called({ ...call, method: `m-${index}`, durationMs: undefined });
    },
    { maxSeries: 10, log },
  );
  expect(lines).toHaveLength(11);
  expect(lines).toContain(
    'mcp_method_count_total{mcp_backend="other",mcp_method_name="other",status="success"} 40',
  );
  expect(log.lines).toHaveLength(1);
});
