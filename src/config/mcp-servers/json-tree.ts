import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import type { Path } from "../diagnostics.ts";
import { OffsetMap } from "../offset-map.ts";
import { type Position, SourceText } from "../source-text.ts";

/** A JSON text with comments and trailing commas, as editors' configuration files have them. */
export class JsonTree {
  readonly #root: Node;
  readonly #text: SourceText;

  private constructor(root: Node, text: SourceText) {
    this.#root = root;
    this.#text = text;
  }

  /** Throws `JsonFailure` at the first thing that is no JSON. */
  static parse(name: string, text: string): JsonTree {
    const source = new SourceText(name, text, OffsetMap.identity(text.length));
    const errors: ParseError[] = [];
    const root = parseTree(text, errors, { allowTrailingComma: true });
    const [first] = errors;
    if (first === undefined && root !== undefined) return new JsonTree(root, source);
    throw new JsonFailure(describe(first), source.originalPosition(first?.offset ?? 0));
  }

  /** `undefined` where nothing stands. */
  value(path: Path): unknown {
    const node = this.#find(path);
    return node && getNodeValue(node);
  }

  /** Names of an object's members in the order written, one that is there twice too. */
  names(path: Path): string[] {
    const node = this.#find(path);
    if (node?.type !== "object") return [];
    return (node.children ?? []).map((property) => String(property.children?.[0]?.value));
  }

  /** Where a value stands; what is not there stands where it is missing. */
  at(path: Path): Position {
    for (let length = path.length; length >= 0; length--) {
      const node = this.#find(path.slice(0, length));
      if (node !== undefined) return this.#text.originalPosition(node.offset);
    }
    return { line: 1, column: 1 };
  }

  /** Where the name of a member stands, the last one of that name. */
  keyAt(path: Path): Position {
    const node = this.#find(path)?.parent;
    const key = node?.type === "property" ? node.children?.[0] : undefined;
    return key === undefined ? this.at(path) : this.#text.originalPosition(key.offset);
  }

  #find(path: Path): Node | undefined {
    return findNodeAtLocation(this.#root, [...path]);
  }
}

/** Text that is no JSON. */
export class JsonFailure extends Error {
  override readonly name = "JsonFailure";
  readonly position: Position;

  constructor(message: string, position: Position) {
    super(message);
    this.position = position;
  }
}

const meanings: { readonly [code: string]: string } = {
  InvalidSymbol: "a word that is no JSON",
  InvalidNumberFormat: "a number that is none",
  PropertyNameExpected: "a name in double quotes is expected",
  ValueExpected: "a value is expected",
  ColonExpected: "a colon is expected",
  CommaExpected: "a comma is expected",
  CloseBraceExpected: "} is expected",
  CloseBracketExpected: "] is expected",
  EndOfFileExpected: "something follows after the end",
  InvalidCommentToken: "a comment that is none",
  UnexpectedEndOfComment: "a comment without an end",
  UnexpectedEndOfString: "a text without an end",
  InvalidUnicode: "an escape that is none",
  InvalidEscapeCharacter: "an escape that is none",
  InvalidCharacter: "a character that must be escaped",
};

function describe(problem: ParseError | undefined): string {
  return (problem && meanings[printParseErrorCode(problem.error)]) ?? "a value is expected";
}
