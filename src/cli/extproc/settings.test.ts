import { describe, expect, test } from "bun:test";
import { extprocFlags } from "../grammar/extproc-flags.ts";
import { readGoFlags } from "./go-flags.ts";
import { readSettings, SettingsFailure } from "./settings.ts";

function settings(words: readonly string[], environment: { [name: string]: string } = {}) {
  const flags = readGoFlags(["-configPath", "c.yaml", ...words], extprocFlags);
  if (flags === "help") throw new Error("no help is wanted");
  return readSettings(flags, environment);
}

describe("settings", () => {
  test("are those of the reference where nothing is said", () => {
    expect(settings([])).toMatchObject({
      config: { type: "file", path: "c.yaml" },
      address: { type: "tcp", host: "", port: 1063 },
      adminPort: 1064,
      mount: { rootPrefix: "/", prefixes: { openai: "/", cohere: "/cohere", anthropic: "/anthropic" } },
      maxReceiveBytes: undefined,
      log: { threshold: 0, format: "text" },
      attributes: { metrics: [], logs: [{ attribute: "session.id", headers: ["agent-session-id"] }] },
      configVersion: undefined,
      wantsMcp: false,
    });
  });

  test("take the bundle before the file", () => {
    expect(settings(["-configBundlePath", "/b"]).config).toEqual({ type: "bundle", path: "/b" });
  });

  test("take what the Kubernetes controller passes", () => {
    const words =
      "-logLevel info -extProcAddr unix:///etc/uds/extproc.sock -adminPort 1064 -rootPrefix / -maxRecvMsgSize 536870912 " +
      "-mcpAddr :9856 -mcpSessionEncryptionSeed seed -mcpSessionEncryptionIterations 100000 " +
      "-endpointPrefixes openai:/oai,anthropic:/ -requestHeaderAttributes x-team:team -metricsRequestHeaderAttributes=";
    expect(settings(words.split(" "))).toMatchObject({
      address: { type: "unix", path: "/etc/uds/extproc.sock" },
      maxReceiveBytes: 536_870_912,
      mount: { prefixes: { openai: "/oai", cohere: "/cohere", anthropic: "/" } },
      attributes: { metrics: [{ attribute: "team", headers: ["x-team"] }] },
      wantsMcp: true,
    });
  });

  test("let an empty mapping take the default away", () => {
    expect(settings(["-logRequestHeaderAttributes", ""]).attributes.logs).toEqual([]);
  });

  test("do not take attributes from the environment, as the reference does not", () => {
    const { environment } = settings([], {
      OTEL_AIGW_REQUEST_HEADER_ATTRIBUTES: "x-a:a",
      OTEL_SERVICE_NAME: "s",
    });
    expect(environment["OTEL_AIGW_REQUEST_HEADER_ATTRIBUTES"]).toBeUndefined();
    expect(environment["OTEL_SERVICE_NAME"]).toBe("s");
  });

  test("take the configuration's version from the environment", () => {
    expect(settings([], { AIGW_EXTPROC_CONFIG_VERSION: "v9" }).configVersion).toBe("v9");
    expect(settings(["-configVersion", "v8"], { AIGW_EXTPROC_CONFIG_VERSION: "v9" }).configVersion).toBe(
      "v8",
    );
  });

  test.each([
    ["debug", -4],
    ["WARN", 4],
    ["info+2", 2],
    ["error-1", 7],
  ] as const)("know the level %s", (word, threshold) => {
    expect(settings(["-logLevel", word]).log.threshold).toBe(threshold);
  });

  test("say all that is wrong at once, in order", () => {
    const flags = readGoFlags(
      [
        "-logLevel=loud",
        "-logFormat=xml",
        "-requestHeaderAttributes=x-a",
        "-spanRequestHeaderAttributes=:b",
        "-metricsRequestHeaderAttributes=a:",
        "-logRequestHeaderAttributes=a:b,,",
        "-endpointPrefixes=openai:/,foo:/x",
        "-extProcAddr=nowhere",
        "-maxRecvMsgSize=big",
        "-mcpWriteTimeout=soon",
      ],
      extprocFlags,
    );
    if (flags === "help") throw new Error("no help is wanted");
    expect(() => readSettings(flags, {})).toThrow(SettingsFailure);
    const lines = messageOf(() => readSettings(flags, {})).split("\n");
    expect(lines.map((line) => line.split(":")[0])).toEqual([
      "either configPath or configBundlePath must be provided",
      "failed to unmarshal log level",
      "invalid log format",
      "failed to parse request header mapping",
      "failed to parse tracing header mapping",
      "failed to parse metrics header mapping",
      "failed to parse access log header mapping",
      "failed to parse endpoint prefixes",
      "failed to parse extProcAddr",
      "failed to parse maxRecvMsgSize",
      "failed to parse mcpWriteTimeout",
    ]);
    expect(lines[7]).toEndWith(
      'unknown endpointPrefixes key "foo" at position 2 (allowed: openai, cohere, anthropic)',
    );
  });
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}
