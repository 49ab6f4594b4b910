import type { Origin, ResourceId } from "../model/origin.ts";
import { formatPath, type Path } from "./diagnostics.ts";
import type { KindName, ValueOf } from "./kinds.ts";
import type { Places } from "./places.ts";

/** One thing an operator wrote, read and found sound. */
export interface Resource<K extends KindName = KindName> {
  readonly kind: K;
  readonly id: ResourceId;
  readonly version: string;
  /** Defaults filled in; unknown fields cut out. */
  readonly value: ValueOf<K>;
  readonly site: Site;
}

/** Where a resource was written. */
export interface Site {
  readonly id: ResourceId;
  readonly document: number;
  readonly places: Places;
}

/** The origin of a field: its value, or the key it belongs to where it is missing. */
export function originOf({ site }: { readonly site: Site }, path: Path = []): Origin {
  const { id, document, places } = site;
  return { resource: id, path: formatPath(path), file: places.file, document, ...places.at(path) };
}

/** The origin of a field's name. */
export function keyOriginOf({ site }: { readonly site: Site }, path: Path): Origin {
  const { id, document, places } = site;
  return { resource: id, path: formatPath(path), file: places.file, document, ...places.keyAt(path) };
}
