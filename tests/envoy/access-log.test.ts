/** Access logs that a real Envoy writes say what the embedded engine's say. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyPath } from "../support/envoy.ts";
import { freePort } from "../support/ports.ts";
import { startUpstream } from "../support/upstream.ts";
import { configuration, type Setup } from "./config.ts";
import { EnvoyRun } from "./start.ts";

const withEnvoy = test.skipIf(envoyPath === undefined);

const stdout = [{ type: "File", file: { path: "/dev/stdout" } }];
const json = (members: object) => ({ format: { type: "JSON", json: members }, sinks: stdout });
const text = (line: string, more: object = {}) => ({
  format: { type: "Text", text: line },
  sinks: stdout,
  ...more,
});

function setup(url: string, accessLog: object): Setup {
  const places = [
    { name: "one", url },
    { name: "dead", url: "http://127.0.0.1:1" },
  ];
  const rules = [
    { models: ["m"], refs: ["one"] },
    { models: ["dead"], refs: ["dead"] },
  ];
  return { port: freePort(), places, rules, accessLog };
}

withEnvoy("a line says what the client asked, what the upstream got, and no credential", async () => {
  using upstream = startUpstream({ ok: true });
  const members = {
    asked: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    sent: "%REQ(:PATH)%",
    host: "%REQ(:AUTHORITY)%",
    model: "%REQ(X-AI-EG-MODEL)%",
    key: "%REQ(AUTHORIZATION)%",
    none: "%REQ(X-NONE)%",
    either: "%REQ(X-NONE?X-OTHER)%",
    cut: "%REQ(X-OTHER):2%",
    session: "%DYNAMIC_METADATA(io.envoy.ai_gateway:session.id)%",
    code: "%RESPONSE_CODE%",
    cluster: "%UPSTREAM_CLUSTER%",
    route: "%ROUTE_NAME%",
    flags: "%RESPONSE_FLAGS%",
    tries: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    service: "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    mixed: "<%REQ(X-NONE)%> 100%%",
    constant: "as it is",
  };
  const config = setup(upstream.url, { settings: [json(members)] });
  await using run = await new EnvoyRun(configuration(config)).start();
  const headers = {
    authorization: "Bearer of-the-client",
    "x-other": "other",
    "agent-session-id": "s1",
    "x-ai-eg-model": "forged",
  };
  await run.ask("m", { path: "/v1/chat/completions?x=1", headers });
  await run.ask("nobody");
  await run.ask("refuse");
  const [served, lost, refused] = (await run.log(3)).map((line) => JSON.parse(line));
  expect(served).toEqual({
    asked: "/v1/chat/completions?x=1",
    sent: "/attempt/1",
    host: `127.0.0.1:${config.port}`,
    model: "m",
    key: "[REDACTED]",
    none: null,
    either: "other",
    cut: "ot",
    session: "s1",
    code: 200,
    cluster: "httproute/default/r/rule/0",
    route: "httproute/default/r/rule/0/match/0/*",
    flags: "-",
    tries: 1,
    service: expect.any(Number),
    mixed: "<-> 100%",
    constant: "as it is",
  });
  expect(lost).toMatchObject({
    asked: "/v1/chat/completions",
    model: "nobody",
    key: null,
    code: 404,
    cluster: null,
    route: null,
    flags: "NR",
    service: null,
  });
  expect(refused).toMatchObject({ asked: "/v1/chat/completions", model: null, code: 400, route: null });
});

withEnvoy("settings choose by route, by expression, and by what the client asked", async () => {
  using upstream = startUpstream({ ok: true });
  const settings = [
    text("route %REQ(X-AI-EG-MODEL)%", { type: "Route" }),
    text("no-route %RESPONSE_CODE%", { type: "Listener" }),
    text("model %REQ(X-AI-EG-MODEL)%", { matches: ["request.headers['x-ai-eg-model'] != ''"] }),
    text("chat", { matches: ["request.url_path == '/v1/chat/completions'", "response.code < 500"] }),
    text("error", { matches: ["response.code >= 500"] }),
    text("key", { matches: ["'authorization' in request.headers"] }),
    text("host", { matches: [`request.host.startsWith("127.")`] }),
  ];
  await using run = await new EnvoyRun(configuration(setup(upstream.url, { settings }))).start();
  const linesOf = async (action: () => Promise<unknown>, count: number) => {
    const before = readFileSync(join(run.root, "logs/stdout.log"), "utf8").split("\n").length - 1;
    await action();
    return (await run.log(before + count)).slice(before).sort();
  };
  const headers = { authorization: "Bearer x" };
  expect(await linesOf(() => run.ask("m", { path: "/v1/chat/completions?a=b", headers }), 5)).toEqual([
    "chat",
    "host",
    "key",
    "model m",
    "route m",
  ]);
  expect(await linesOf(() => run.ask("dead"), 4)).toEqual(["error", "host", "model dead", "route dead"]);
  expect(await linesOf(() => run.ask("refuse", { path: "/v1/embeddings" }), 2)).toEqual([
    "host",
    "no-route 400",
  ]);
});

withEnvoy(
  "files are their owner's alone, and one that cannot be written is left out with a word",
  async () => {
    using upstream = startUpstream({ ok: true });
    const folder = mkdtempSync(join(tmpdir(), "aigw-log-"));
    const path = join(folder, "access.log");
    const settings = [
      { ...text("to a file"), sinks: [{ type: "File", file: { path } }] },
      { ...text("to nowhere"), sinks: [{ type: "File", file: { path: join(folder, "no/such/place.log") } }] },
      { ...text("to stderr"), sinks: [{ type: "File", file: { path: "/dev/stderr" } }] },
    ];
    await using run = await new EnvoyRun(configuration(setup(upstream.url, { settings }))).start();
    expect(run.said).toEqual([
      expect.stringMatching(/^access log .*place\.log cannot be written and is left out/),
    ]);
    expect((await run.ask("m")).status).toBe(200);
    await run.engine.stop(1000);
    expect(readFileSync(path, "utf8")).toBe("to a file\n");
    expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
    expect(readFileSync(join(run.root, "logs/stderr.log"), "utf8")).toContain("to stderr\n");
    rmSync(folder, { recursive: true });
  },
);
