/** The same source on Deno: it type-checks, it says its version, it serves. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { runAigw } from "../support/gateway.ts";
import { denoPath, root } from "../support/program.ts";
import { chatBody, post, startLimitMs, startWith } from "../support/start.ts";
import { startUpstream } from "../support/upstream.ts";

test(
  "deno check finds nothing",
  () => {
    const command = [denoPath(), "check", "--node-modules-dir=manual", join(root, "src/main.ts")];
    const check = Bun.spawnSync(command, { cwd: root, env: { ...process.env, NO_COLOR: "1" } });
    expect({ code: check.exitCode, errors: check.exitCode === 0 ? "" : check.stderr.toString() }).toEqual({
      code: 0,
      errors: "",
    });
  },
  startLimitMs,
);

test(
  "aigw version",
  async () => {
    const { code, stdout, stderr } = await runAigw(["version"], { program: "deno" });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "Envoy AI Gateway CLI: dev\n", stderr: "" });
  },
  startLimitMs,
);

test(
  "aigw run answers a request, and stops for SIGTERM",
  async () => {
    using upstream = startUpstream({ ok: true });
    await using gateway = await startWith([{ name: "up", url: upstream.url }], {}, { program: "deno" });
    const answer = await post(gateway, "/v1/chat/completions", chatBody("up"));
    expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
    expect(await gateway.stop()).toBe(0);
  },
  startLimitMs,
);
