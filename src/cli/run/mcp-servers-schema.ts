import { z } from "zod";

const httpTypes = ["", "http", "streamable-http", "streamable_http", "streamableHttp", "sse"];

const server = z
  .object({
    type: z.string().optional(),
    url: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    includeTools: z.array(z.string()).optional(),
    command: z.string().optional(),
    args: z.array(z.string()).optional(),
    env: z.record(z.string(), z.string()).optional(),
  })
  .check(({ value: { type = "", url, command }, issues }) => {
    const refuse = (path: string, message: string) => {
      issues.push({ code: "custom", path: [path], message, input: undefined });
    };
    const hasCommand = command !== undefined && command !== "";
    if (type !== "stdio" && !httpTypes.includes(type)) refuse("type", `unknown type ${JSON.stringify(type)}`);
    else if (type === "stdio" && !hasCommand) refuse("command", "a stdio server needs a command");
    else if (!hasCommand && !url) refuse("url", "a server without command needs a url");
  });

const servers = z.object({ mcpServers: z.record(z.string(), server) });

/** Double underscores separate server and tool in the names that clients see. */
function problemOfName(name: string): string | undefined {
  if (name === "") return "a name must not be empty";
  if (new TextEncoder().encode(name).length > 63) return "a name must not be longer than 63 bytes";
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return 'a name may have letters, digits, ".", "_" and "-" only';
  return name.includes("__") ? 'a name must not contain "__"' : undefined;
}

/** How many servers the parsed JSON has, or what is wrong with it, by server and field. */
export function countMcpServers(list: unknown): number | string {
  const { data, error } = servers.safeParse(list);
  const [issue] = error?.issues ?? [];
  if (issue !== undefined) {
    const [, name, ...field] = issue.path.map(String);
    if (name === undefined)
      return 'the list of MCP servers must be an object with "mcpServers": name to server';
    return `MCP server ${JSON.stringify(name)}: ${[field.join("."), issue.message].filter(Boolean).join(": ")}`;
  }
  const names = Object.keys(data?.mcpServers ?? {});
  for (const name of names) {
    const problem = problemOfName(name);
    if (problem !== undefined) return `MCP server ${JSON.stringify(name)}: ${problem}`;
  }
  return names.length;
}
