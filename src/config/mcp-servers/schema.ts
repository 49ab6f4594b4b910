import { z } from "zod";

/** What clients call Streamable HTTP. Absent and empty are the same; `sse` is the transport before it. */
const httpTypes = ["", "http", "streamable-http", "streamable_http", "streamableHttp", "sse"];

const Texts = z.record(z.string(), z.string());

/**
 * One server of an `mcpServers` object. Members that are not here mean something to other programs (`timeout`,
 * `alwaysAllow`, `description`, …) and nothing to this one.
 */
export const McpServer = z
  .looseObject({
    type: z.string().optional().meta({
      description:
        "http (also streamable-http, streamable_http, streamableHttp), sse or stdio; may be left out",
    }),
    url: z.string().optional().meta({ description: "Of the server's endpoint, with path and query" }),
    serverUrl: z.string().optional().meta({ description: "The same as url" }),
    httpUrl: z.string().optional().meta({ description: "The same as url" }),
    headers: Texts.optional().meta({ description: "Sent with every request to the server" }),
    command: z
      .string()
      .optional()
      .meta({ description: "Program that speaks MCP over standard input and output" }),
    args: z.array(z.string()).optional(),
    env: Texts.optional().meta({ description: "Variables of the program, over those of aigw" }),
    envFile: z.string().optional().meta({ description: "File of lines NAME=value; env wins" }),
    cwd: z.string().optional().meta({ description: "Directory that the program starts in" }),
    inheritEnv: z
      .boolean()
      .optional()
      .meta({ description: "Whether the program sees aigw's own variables; true" }),
    mode: z
      .enum(["shared", "perSession"])
      .optional()
      .meta({ description: "One program for all clients, or one for each; shared" }),
    failFast: z
      .boolean()
      .optional()
      .meta({ description: "Whether aigw ends if the program does not start; false" }),
    includeTools: z
      .array(z.string())
      .optional()
      .meta({ description: "The tools that clients see; all if not given" }),
    excludeTools: z.array(z.string()).optional().meta({ description: "Tools that clients do not see" }),
    disabledTools: z.array(z.string()).optional().meta({ description: "The same as excludeTools" }),
    protocol: z
      .enum(["auto", "legacy", "modern"])
      .optional()
      .meta({ description: "Which era of MCP the server speaks; auto asks it" }),
    disabled: z.boolean().optional().meta({ description: "Leaves the server out" }),
  })
  .check(({ value, issues }) => {
    const { type = "", command, disabled } = value;
    const refuse = (path: string, message: string) => {
      issues.push({ code: "custom", path: [path], message, input: undefined });
    };
    if (disabled === true) return;
    const hasCommand = command !== undefined && command !== "";
    if (type !== "stdio" && !httpTypes.includes(type)) refuse("type", `unknown type ${JSON.stringify(type)}`);
    else if (type === "stdio" && !hasCommand) refuse("command", "a stdio server needs a command");
    else if (!hasCommand && !urlOf(value)) refuse("url", "a server without command needs a url");
  });
export type McpServer = z.infer<typeof McpServer>;

export function urlOf(server: {
  readonly url?: string | undefined;
  readonly serverUrl?: string | undefined;
  readonly httpUrl?: string | undefined;
}): string | undefined {
  return server.url || server.serverUrl || server.httpUrl;
}

/** What `aigw schema` publishes. Editors call the object `servers`, most others `mcpServers`. */
export const McpServersFile = z.looseObject({
  mcpServers: z.record(z.string(), McpServer).optional(),
  servers: z.record(z.string(), McpServer).optional(),
});

/** Double underscores separate server and tool in the names that clients see. */
export function problemOfName(name: string): string | undefined {
  if (name === "") return "a name must not be empty";
  if (name.length > 63) return "a name must not be longer than 63 characters";
  if (!/^[A-Za-z0-9._-]+$/.test(name))
    return withSlug(name, 'a name may have letters, digits, ".", "_" and "-" only');
  if (name.includes("__")) return withSlug(name, 'a name must not contain "__"');
  if (!/^[A-Za-z0-9]/.test(name)) return withSlug(name, "a name must begin with a letter or a digit");
  return name.endsWith("_") ? withSlug(name, 'a name must not end in "_"') : undefined;
}

function withSlug(name: string, problem: string): string {
  const slug = name.replace(/[^A-Za-z0-9.-]+/g, "-").replace(/^[^A-Za-z0-9]+|[-]+$/g, "");
  return slug === "" ? problem : `${problem}; call it ${JSON.stringify(slug)}`;
}
