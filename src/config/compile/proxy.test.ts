import { describe, expect, test } from "bun:test";
import type { Compiled } from "../../model/gateway.ts";
import { compileText, findings, gateway } from "../testing.ts";

const withProxy = gateway.replace(
  "  gatewayClassName: gw\n",
  "  gatewayClassName: gw\n  infrastructure: {parametersRef: {group: gateway.envoyproxy.io, kind: EnvoyProxy, name: own}}\n",
);
const proxy = (name: string, spec: string) =>
  `apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyProxy\nmetadata: {name: ${name}}\nspec:\n${spec}\n---\n`;
const said = (compiled: Compiled) =>
  findings(compiled).map((line) => line.replace(/^(\w+) \S+ document \d+ \(\S+ default\/own\): /, "$1 "));
const compile = (spec: string) => compileText(withProxy + proxy("own", spec));
const setting = (text: string) => `  telemetry: {accessLog: {settings: [{${text}}]}}`;
const file = "sinks: [{type: File, file: {path: /tmp/aigw-x}}]";

describe("access logs", () => {
  test("without any setting are JSON lines on standard output with the default fields", () => {
    for (const text of [
      gateway,
      withProxy + proxy("own", "  {}"),
      withProxy + proxy("own", "  telemetry:\n    accessLog: {settings: []}"),
    ]) {
      const [log, ...others] = compileText(text).model?.accessLogs ?? [];
      expect(others).toEqual([]);
      expect(log).toMatchObject({ scope: "all", filters: [], sink: { type: "file", path: "/dev/stdout" } });
      const members = log?.format.type === "json" ? log.format.members.map(([name]) => name) : [];
      expect(members.length).toBe(24);
      expect(members).toEqual(members.toSorted());
    }
  });

  test("can be disabled", () => {
    expect(compile("  telemetry: {accessLog: {disable: true}}").model?.accessLogs).toEqual([]);
  });

  test("are one for each sink, their members sorted", () => {
    const sinks = "sinks: [{type: File, file: {path: /a}}, {type: File, file: {path: /b}}]";
    const { model } = compile(
      setting(
        `matches: ["response.code >= 400"], format: {type: JSON, json: {z: "%PROTOCOL%", a: "x %RESPONSE_CODE%"}}, ${sinks}`,
      ),
    );
    expect(model?.accessLogs.map(({ at: _, print: _p, ...log }) => log)).toEqual(
      ["/a", "/b"].map((path, position) => ({
        key: `default/own/setting/0/sink/${position}`,
        scope: "all",
        filters: [{ source: "response.code >= 400", result: "bool" }],
        format: {
          type: "json",
          members: [
            ["a", ["x ", { operator: "RESPONSE_CODE", arguments: [] }]],
            ["z", [{ operator: "PROTOCOL", arguments: [] }]],
          ],
        },
        sink: { type: "file", path },
      })),
    );
  });

  test("of text lose the line break that a YAML block ends with", () => {
    const { model } = compile(
      "  telemetry:\n    accessLog:\n      settings:\n        - format:\n            type: Text\n            text: |\n              %REQ(:PATH)%\n          sinks: [{type: File, file: {path: /x}}]",
    );
    expect(model?.accessLogs[0]?.format).toEqual({
      type: "text",
      text: [{ operator: "REQ", arguments: [":path"] }],
    });
  });

  const scopes: readonly (readonly [written: string, want: readonly string[]])[] = [
    ["", ["all"]],
    ["type: Route, ", ["route"]],
    ["type: Listener, ", ["no-route"]],
    ["type: Upstream, ", []],
  ];
  test.each(scopes)("of {%s} have the scope %j", (written, want) => {
    expect(compile(setting(written + file)).model?.accessLogs.map(({ scope }) => scope)).toEqual([
      ...want,
    ] as never);
  });

  test("for a collector go there, beside files", () => {
    const otlp =
      "{type: OpenTelemetry, openTelemetry: {host: c, resources: {zone: a}, headers: [{name: k, value: v}]}}";
    const compiled = compile(setting(`sinks: [${otlp}, {type: File, file: {path: /a}}]`));
    expect(compiled.model?.accessLogs.map(({ sink }) => sink)).toEqual([
      { type: "otlp", address: "c:4317", resource: { zone: "a" } },
      { type: "file", path: "/a" },
    ]);
    expect(said(compiled)).toEqual([
      "warning spec.telemetry.accessLog.settings[0].sinks[0].openTelemetry.headers: headers of an OpenTelemetry sink are not sent; set OTEL_EXPORTER_OTLP_LOGS_HEADERS instead",
    ]);
  });

  test("for a collector have a text as the body and JSON as attributes, of formats without a type both", () => {
    const logOf = (format: string) => {
      const sinks = "sinks: [{type: OpenTelemetry, openTelemetry: {host: c, port: 1}}]";
      return compile(setting(`format: ${format}, ${sinks}`)).model?.accessLogs[0];
    };
    const both = logOf('{text: "t", json: {a: "b"}}');
    expect([both?.format, both?.sink]).toMatchObject([
      { type: "json", members: [["a", ["b"]]] },
      { body: ["t"] },
    ]);
    const text = logOf('{type: Text, text: "t"}');
    expect([text?.format, text?.sink]).toMatchObject([{ type: "json", members: [] }, { body: ["t"] }]);
    const json = logOf('{type: JSON, json: {a: "b"}}');
    expect(json?.sink).not.toHaveProperty("body");
  });

  const refused: readonly (readonly [written: string, message: string])[] = [
    [
      `format: {type: JSON, json: {a: "%NOPE%"}}, ${file}`,
      "error spec.telemetry.accessLog.settings[0].format.json.a: unknown operator %NOPE% at character 1",
    ],
    [
      `format: {type: Text, text: "50%"}, ${file}`,
      "error spec.telemetry.accessLog.settings[0].format.text: no operator at character 3",
    ],
    [
      `matches: ["request.headers["], ${file}`,
      "error spec.telemetry.accessLog.settings[0].matches[0]: invalid CEL expression: syntax error",
    ],
  ];
  test.each(refused)("refuse {%s}", (written, message) => {
    expect(said(compile(setting(written)))[0]).toStartWith(message);
  });
});

describe("process settings", () => {
  const cases: readonly (readonly [spec: string, want: object])[] = [
    ["  {}", { logLevels: { default: "warn" }, drainTimeoutMs: 60_000 }],
    ["  logging: {level: {http: info}}", { logLevels: { default: "warn", http: "info" } }],
    ["  logging: {level: {default: error}}", { logLevels: { default: "error" } }],
    ["  provider: {type: Host, host: {envoyVersion: 1.38.0}}", { envoyVersion: "1.38.0" }],
    [
      "  bootstrap: {type: Merge, value: 'admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}'}",
      { adminAddress: "127.0.0.1:9901" },
    ],
    [
      "  bootstrap: {type: Merge, value: 'admin: {address: {socket_address: {address: \"::1\", port_value: 9901}}}'}",
      { adminAddress: "[::1]:9901" },
    ],
  ];
  test.each(cases)("of\n%s", (spec, want) => {
    const compiled = compile(spec);
    expect(said(compiled)).toEqual([]);
    expect(compiled.model?.process).toMatchObject(want);
  });

  const warnings: readonly (readonly [spec: string, message: string])[] = [
    [
      "  bootstrap: {type: Merge, value: 'node: {id: x}'}",
      "warning spec.bootstrap: spec.bootstrap other than admin.address is ignored",
    ],
    [
      "  bootstrap: {value: 'admin: {}'}",
      "warning spec.bootstrap: spec.bootstrap other than admin.address is ignored",
    ],
    [
      "  bootstrap: {type: JSONPatch, jsonPatches: []}",
      "warning spec.bootstrap: spec.bootstrap other than admin.address is ignored",
    ],
    ["  concurrency: 2", "warning spec.concurrency: is not supported by aigw yet and is ignored"],
    [
      "  provider: {type: Kubernetes, kubernetes: {envoyDeployment: {replicas: 2}}}",
      "info spec.provider.kubernetes: provider.kubernetes settings have no effect in standalone mode",
    ],
    ["  shutdown: {drainTimeout: 1s}", "info spec.shutdown: has no effect in standalone mode"],
    [
      "  backendTLS: {minVersion: '1.3'}",
      "error spec.backendTLS: is not supported by aigw yet; refusing to start because ignoring it would weaken security",
    ],
    ["  bootstrap: {type: Merge, value: '[a'}", "error spec.bootstrap.value: is no YAML"],
  ];
  test.each(warnings)("of\n%s\nsay %s", (spec, message) => {
    expect(said(compile(spec))).toEqual([expect.stringContaining(message)]);
  });

  test("of the Gateway come before those of its class, field by field", () => {
    const both = withProxy.replace(
      "spec: {controllerName",
      "spec: {parametersRef: {group: gateway.envoyproxy.io, kind: EnvoyProxy, name: classes, namespace: default}, controllerName",
    );
    const { model } = compileText(
      both +
        proxy("own", "  logging: {level: {default: error}}") +
        proxy("classes", "  logging: {level: {default: debug}}\n  telemetry: {accessLog: {disable: true}}"),
    );
    expect(model?.process.logLevels).toEqual({ default: "error" });
    expect(model?.accessLogs).toEqual([]);
  });

  test("that are named and not there are refused", () => {
    expect(findings(compileText(withProxy))).toEqual([
      'error gw.yaml:11:90: document 2 (Gateway default/gw): spec.infrastructure.parametersRef.name: references EnvoyProxy "default/own", which is not in the configuration',
    ]);
  });
});
