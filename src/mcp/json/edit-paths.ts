import { type Splice, splice } from "../../dialects/wire/json-edit.ts";
import {
  eachEntry,
  isArrayAt,
  isKey,
  isObjectAt,
  type MemberName,
  memberName,
  textStart,
} from "../../dialects/wire/json-scan.ts";
import { encodeText } from "../../dialects/wire/text.ts";

/** Puts a JSON text in the place of a value that is there. Members are names, elements of arrays numbers. */
export interface PathEdit {
  readonly path: readonly (string | number)[];
  readonly json: string;
}

/** What is to be done below one value. */
interface Branch {
  json: string | undefined;
  readonly members: [MemberName, Branch][];
  readonly elements: Map<number, Branch>;
}

/**
 * Makes all edits in one pass and leaves every other byte as it was. Of a member that is there twice both are edited;
 * a path that leads nowhere does nothing. The text is known to be valid JSON.
 */
export function editPaths(text: Uint8Array, edits: readonly PathEdit[]): Uint8Array {
  if (edits.length === 0) return text;
  const root = newBranch();
  for (const { path, json } of edits) {
    let branch = root;
    for (const step of path) branch = below(branch, step);
    branch.json = json;
  }
  const splices: Splice[] = [];
  collect(text, textStart(text), root, splices);
  return splice(text, splices);
}

function newBranch(): Branch {
  return { json: undefined, members: [], elements: new Map() };
}

function below(branch: Branch, step: string | number): Branch {
  if (typeof step === "number") {
    const element = branch.elements.get(step) ?? newBranch();
    branch.elements.set(step, element);
    return element;
  }
  for (const [name, member] of branch.members) if (name.text === step) return member;
  const member = newBranch();
  branch.members.push([nameOf(step), member]);
  return member;
}

const names = new Map<string, MemberName>();

/** Names of members come from this program, and are few. */
export function nameOf(text: string): MemberName {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = memberName(text);
  names.set(text, name);
  return name;
}

function collect(text: Uint8Array, at: number, branch: Branch, splices: Splice[]): void {
  if (isObjectAt(text, at) && branch.members.length > 0) {
    eachEntry(text, at, (start, keyEnd, from, to) => {
      for (const [name, member] of branch.members) {
        if (isKey(text, start, keyEnd, name)) return apply(text, from, to, member, splices);
      }
      return false;
    });
  } else if (isArrayAt(text, at) && branch.elements.size > 0) {
    let index = 0;
    let missing = branch.elements.size;
    eachEntry(text, at, (_start, _keyEnd, from, to) => {
      const element = branch.elements.get(index++);
      if (element === undefined) return false;
      apply(text, from, to, element, splices);
      return --missing === 0;
    });
  }
}

function apply(text: Uint8Array, from: number, to: number, branch: Branch, splices: Splice[]): false {
  if (branch.json === undefined) collect(text, from, branch, splices);
  else splices.push({ from, to, by: encodeText(branch.json) });
  return false;
}
