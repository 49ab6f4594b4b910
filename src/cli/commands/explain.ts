import { readFileSync } from "node:fs";
import { writeJson } from "../explain/write-json.ts";
import { writeText } from "../explain/write-text.ts";
import { exitCode, systemReason, UsageError } from "../failure.ts";
import { countFindings, writeFinding } from "../findings.ts";
import type { CommandBody, Host } from "../grammar/command.ts";
import type { FlagValues } from "../grammar/flag.ts";
import type { explainFlags } from "../grammar/flags.ts";
import { readText, worldOf } from "../lint/read-files.ts";
import { expandPath } from "../paths/expand-path.ts";

type ExplainFlags = FlagValues<typeof explainFlags>;

/** What a configuration does with one request; nothing is started and nothing is sent. */
export const explain: CommandBody<typeof explainFlags> = async ({ flags, words: [file = ""] }, host) => {
  const { terminal } = host;
  const request = readRequest(flags, host);
  let text: string;
  try {
    text = readText(file, host);
  } catch (error) {
    terminal.err(`${file}: cannot be read: ${systemReason(error)}\n`);
    return exitCode.failed;
  }
  const [config, room] = await Promise.all([
    import("../../config/index.ts"),
    import("../../explain/index.ts"),
  ]);
  const name = file === "-" ? "<stdin>" : file;
  const { model, diagnostics } = config.compileGateway([{ name, text, isSubstituted: true }], worldOf(host));
  if (model === undefined) {
    for (const finding of diagnostics) terminal.err(writeFinding(finding, config.formatDiagnostic));
    terminal.err(`${name}: ${countFindings(diagnostics)}\n`);
    return exitCode.failed;
  }
  const explanation = await room.explain(model, request);
  terminal.out(flags.format === "json" ? writeJson(explanation) : writeText(explanation));
  return exitCode.ok;
};

function readRequest(flags: ExplainFlags, host: Pick<Host, "environment" | "workingDirectory">) {
  const headers = readHeaders(flags.header);
  const body = flags.body === undefined ? undefined : readBody(flags.body, host);
  if (body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
  const path = flags.path ?? "/v1/chat/completions";
  if (!path.startsWith("/"))
    throw new UsageError(`explain: --path must begin with a slash but got ${JSON.stringify(path)}`);
  return {
    method: (flags.method ?? "POST").toUpperCase(),
    path,
    host: headers.get("host") ?? flags.host ?? "localhost",
    port: flags.port,
    headers,
    model: flags.model,
    body,
  };
}

/** What a client says under the gateway's own names is never heard. */
function readHeaders(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    try {
      if (colon < 1) throw new Error("no colon");
      const name = line.slice(0, colon).trim();
      if (!name.toLowerCase().startsWith("x-ai-eg-")) headers.append(name, line.slice(colon + 1).trim());
    } catch {
      throw new UsageError(`explain: --header must be NAME: VALUE but got ${JSON.stringify(line)}`);
    }
  }
  return headers;
}

function readBody(text: string, host: Pick<Host, "environment" | "workingDirectory">): Uint8Array {
  if (!text.startsWith("@")) return new TextEncoder().encode(text);
  const path = expandPath(text.slice(1), host);
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`explain: --body: ${path} cannot be read: ${systemReason(error)}`);
  }
}
