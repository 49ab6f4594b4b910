import type { HeaderView } from "../../model/headers.ts";
import type { McpMount } from "../../model/mcp.ts";
import { MatchTable } from "../../policy/match.ts";
import type { McpEndpoints } from "../mcp.ts";

/** The MCP routes of one virtual host. */
export class McpMounts {
  readonly #endpoints: McpEndpoints;
  readonly #mounts: readonly McpMount[];
  readonly #byHeaders: MatchTable<McpMount>[];

  constructor(mounts: readonly McpMount[], endpoints: McpEndpoints) {
    this.#endpoints = endpoints;
    this.#mounts = mounts;
    const path = { type: "prefix", value: "/" } as const;
    this.#byHeaders = mounts.map((mount) => {
      return new MatchTable([{ match: { ...mount, rule: mount.route, path, model: [] }, value: mount }]);
    });
  }

  /** The route that answers this path, if the request has the headers that the mount wants. */
  find(path: string, headers: HeaderView): McpMount | undefined {
    for (let index = 0; index < this.#mounts.length; index++) {
      const mount = this.#mounts[index] as McpMount;
      if (!this.#endpoints.answers(mount.route, path)) continue;
      if (mount.headers.length === 0 || isDocument(path)) return mount;
      if (this.#byHeaders[index]?.find({ path, headers, model: "" }) !== undefined) return mount;
    }
    return undefined;
  }
}

/** Documents about a route are for everybody. */
export function isDocument(path: string): boolean {
  return path.startsWith("/.well-known/");
}
