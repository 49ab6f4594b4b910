/** The official MCP SDK for Python, in both eras, at servers of both. The cases are in mcp_client.py. */
import { expect, test } from "bun:test";
import { findPython, runPython } from "../sdk/python.ts";
import { startAggregate } from "./aggregate.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { startModernServer } from "./modern-server.ts";

const python = findPython();

test.skipIf(python === undefined)(
  "the MCP SDK for Python lists, calls, reads and is asked",
  async () => {
    using old = startFixtureServer();
    using modern = startModernServer();
    await using gateway = startAggregate({ servers: { old: old.url, new: modern.url } });
    const outcome = await runPython(python ?? "", "../mcp/mcp_client.py", [gateway.url]);
    const want = {
      tools: expect.arrayContaining(["old__echo", "new__echo"]),
      echo: "hiho",
      asked:
        'User response: {"action":"accept","content":{"username":"python","email":"python"}}Hello, Alice!',
      uri: "new+test://static-text",
    };
    expect(outcome as unknown).toEqual({
      auto: { ...want, version: "2026-07-28" },
      legacy: { ...want, version: "2025-11-25" },
    });
  },
  120_000,
);
