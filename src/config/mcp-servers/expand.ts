import type { Report } from "../diagnostics.ts";
import { substitute } from "../substitute.ts";
import type { Environment } from "../world.ts";
import type { WrittenServer } from "./read-servers.ts";

/** A text with its variables replaced. */
export interface Expanded {
  readonly text: string;
  /** Whether a variable's value is in it: such texts are mostly keys. */
  readonly hasVariables: boolean;
}

export interface ExpandOptions {
  readonly environment: Environment;
  readonly report: Report;
}

/**
 * Replaces `${NAME}`, `${NAME:-default}` and so on, and `${env:NAME}`, in one text of a server. `$NAME` without braces
 * only where `isBare`: in commands it is somebody else's. What has no value is an error that names server, field and
 * variable.
 */
export function expand(
  { environment, report }: ExpandOptions,
  server: WrittenServer,
  field: readonly (string | number)[],
  text: string,
  isBare = false,
): Expanded {
  const named = text.replace(/\$\{env:/g, "${");
  // A dollar that begins nothing here is written as the escape of itself.
  const braced = isBare ? named : named.replace(/\$\$|\$(?!\{)/g, () => "$$");
  const { text: expanded, unset, errors } = substitute(braced, environment);
  const say = (message: string, mend?: string) => {
    const place = `MCP server ${JSON.stringify(server.name)}: ${field.join(".")}`;
    report.error(server.origin(field), "mcp-variable", `${place}: ${message}`, { mend });
  };
  for (const { message, mend } of errors) say(message, mend);
  for (const { name } of unset) say(`$${name} is not set`, `set it, or give a default with \${${name}:-…}`);
  return { text: expanded, hasVariables: braced.replaceAll("$$", "").includes("$") };
}
