import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  visit,
} from "yaml";
import type { Path } from "./diagnostics.ts";
import type { Places } from "./places.ts";
import type { Position, SourceText } from "./source-text.ts";
import type { Substituted } from "./substitute.ts";

interface Found {
  /** The deepest node on the path that is there. */
  readonly node: Node | null;
  /** The key that leads to it, if it is a member of a mapping. */
  readonly key: Node | undefined;
  readonly isWhole: boolean;
}

/** Where the fields of one parsed document stand. */
export class YamlPlaces implements Places {
  readonly file: string;
  readonly #document: Document.Parsed;
  readonly #text: SourceText;
  readonly #unset: Substituted["unset"];

  constructor(document: Document.Parsed, text: SourceText, unset: Substituted["unset"]) {
    this.file = text.name;
    this.#document = document;
    this.#text = text;
    this.#unset = unset;
  }

  at(path: Path): Position {
    const { node, key, isWhole } = this.#find(path);
    const shown = (isWhole && !isEmpty(node) ? node : key) ?? node ?? this.#document.contents;
    return this.#text.position(shown?.range?.[0] ?? this.#document.range[0]);
  }

  keyAt(path: Path): Position {
    const { node, key, isWhole } = this.#find(path);
    const shown = isWhole ? (key ?? node) : node;
    return this.#text.position(shown?.range?.[0] ?? this.#document.range[0]);
  }

  unsetIn(path: Path): string | undefined {
    const { node, key, isWhole } = this.#find(path);
    const from = key?.range?.[1] ?? node?.range?.[0];
    if (!isWhole || from === undefined) return undefined;
    const to = node?.range?.[1] ?? from;
    return this.#unset.find(({ outOffset }) => from <= outOffset && outOffset <= to)?.name;
  }

  /** Unset variables of this document that stand in a value or key, not in a comment. */
  *unset(): Iterable<Substituted["unset"][number]> {
    const [start, end] = this.#document.range;
    const inside = this.#unset.filter(({ outOffset }) => start <= outOffset && outOffset <= end);
    if (inside.length === 0) return;
    const ranges = scalarRanges(this.#document);
    for (const variable of inside) {
      const { outOffset } = variable;
      if (ranges.some(([from, to]) => from <= outOffset && outOffset <= to)) yield variable;
    }
  }

  #find(path: Path): Found {
    let found: Found = { node: this.#document.contents, key: undefined, isWhole: true };
    for (const step of path) {
      const parent = isAlias(found.node) ? found.node.resolve(this.#document) : found.node;
      if (isSeq(parent) && typeof step === "number") {
        const item = parent.items[step];
        if (!isNode(item)) return { ...found, isWhole: false };
        found = { node: item, key: undefined, isWhole: true };
      } else {
        const pair = isMap(parent)
          ? parent.items.find(({ key }) => isScalar(key) && key.value === step)
          : undefined;
        if (pair === undefined) return { ...found, isWhole: false };
        found = { node: nodeOf(pair.value), key: nodeOf(pair.key) ?? undefined, isWhole: true };
      }
    }
    return found;
  }
}

function nodeOf(value: unknown): Node | null {
  return isNode(value) ? value : null;
}

/** A value that takes no characters: `key:` with nothing behind it. */
export function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.range != null && node.range[0] === node.range[1]);
}

/** Where keys and values stand; a value left empty begins behind its key. */
function scalarRanges(document: Document.Parsed): (readonly [number, number])[] {
  const ranges: (readonly [number, number])[] = [];
  visit(document, {
    Scalar(_, node: Scalar) {
      if (node.range != null) ranges.push([node.range[0], node.range[1]]);
    },
    Pair(_, pair: Pair) {
      const key = nodeOf(pair.key)?.range;
      const value = nodeOf(pair.value)?.range;
      if (key != null && value != null && value[0] === value[1]) ranges.push([key[1], value[0]]);
    },
  });
  return ranges;
}
