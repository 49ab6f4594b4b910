import { createHash } from "node:crypto";

/** What JSON can say; members that are `undefined` are left out when it is written. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json | undefined;
}

/** One Envoy resource, as JSON of its protobuf message with `@type`. */
export interface Resource {
  readonly name: string;
  readonly value: JsonObject;
}

/** A message inside an `Any`. */
export function typed(type: string, fields: JsonObject = {}): JsonObject {
  return { "@type": `type.googleapis.com/${type}`, ...fields };
}

/** A filter or another extension by name. */
export function extension(name: string, type: string, fields: JsonObject = {}): JsonObject {
  return { name, typed_config: typed(type, fields) };
}

export function duration(milliseconds: number): string {
  return `${milliseconds / 1000}s`;
}

/** Where Envoy reads resources from: a file in a directory in which any rename makes it read again. */
export function fileSource(directory: string, file: string): JsonObject {
  return {
    path_config_source: { path: `${directory}/${file}`, watched_directory: { path: directory } },
    resource_api_version: "V3",
    // Files are there before Envoy is: whatever takes long is not to be given up.
    initial_fetch_timeout: "0s",
  };
}

export interface DiscoveryFile {
  /** Hash of what it says; Envoy's admin port shows the version that is in effect. */
  readonly version: string;
  readonly text: string;
}

export function discoveryFile(resources: readonly Resource[]): DiscoveryFile {
  const values = resources.map(({ value }) => value);
  const version = createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, 16);
  return { version, text: `${JSON.stringify({ version_info: version, resources: values }, null, 2)}\n` };
}
