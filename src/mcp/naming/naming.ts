import type { McpRoute } from "../../model/mcp.ts";

/** Between a backend's prefix and the name of a tool or prompt. The first one splits. */
const joint = "__";

/** Schemes that hosts know by name, so that the prefix comes after them. */
const fixedSchemes = ["ui://", "skill://"];

export interface Owned {
  /** Of the backend. */
  readonly prefix: string;
  /** As the backend calls it. */
  readonly bare: string;
}

/**
 * How what backends offer is called towards clients.
 *
 * - `transparent`: one backend, and all passes as it is.
 * - `prefixed`: names and URIs carry the backend's prefix.
 * - `bare`: tools and prompts have their own names, which a catalogue leads to backends; URIs carry the prefix.
 */
export type Naming = "transparent" | "prefixed" | "bare";

export function namingOf({ prefixMode, backends }: Pick<McpRoute, "prefixMode" | "backends">): Naming {
  if (prefixMode === "conditional" && backends.length === 1) return "transparent";
  return prefixMode === "never" ? "bare" : "prefixed";
}

export function joinName(prefix: string, bare: string): string {
  return prefix + joint + bare;
}

export function splitName(name: string): Owned | undefined {
  const at = name.indexOf(joint);
  return at <= 0 ? undefined : { prefix: name.slice(0, at), bare: name.slice(at + joint.length) };
}

/** For URIs and templates of URIs alike: what is behind the scheme stays as it is, so that expanding still works. */
export function joinUri(prefix: string, uri: string): string {
  const scheme = fixedSchemes.find((fixed) => uri.startsWith(fixed));
  return scheme === undefined ? `${prefix}+${uri}` : `${scheme}${prefix}/${uri.slice(scheme.length)}`;
}

export function splitUri(uri: string): Owned | undefined {
  const scheme = fixedSchemes.find((fixed) => uri.startsWith(fixed));
  const from = scheme?.length ?? 0;
  const at = uri.indexOf(scheme === undefined ? "+" : "/", from);
  if (at <= from) return undefined;
  return { prefix: uri.slice(from, at), bare: (scheme ?? "") + uri.slice(at + 1) };
}
