import type { At, Origin } from "../../model/origin.ts";
import { noResource, type Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";

/** Collects the origins that parts of the model point to; the same field gives the same index. */
export class Origins {
  readonly list: Origin[] = [
    { resource: noResource, path: "", file: "built-in", line: 0, column: 0, document: 0 },
  ];
  readonly #indexes = new Map<string, At>();

  at(resource: Resource, path: Path = []): At {
    const origin = originOf(resource, path);
    const { group, kind, namespace, name } = origin.resource;
    const key = `${group}/${kind}/${namespace}/${name} ${origin.path}`;
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = this.list.push(origin) - 1;
    this.#indexes.set(key, index);
    return index;
  }
}
