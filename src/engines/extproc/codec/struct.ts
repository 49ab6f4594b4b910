import { DecodeFailure, type ProtoReader } from "./proto-reader.ts";
import type { ProtoWriter } from "./proto-writer.ts";

/** A `google.protobuf.Value` as JSON has it. */
export type StructValue = null | boolean | number | string | readonly StructValue[] | Struct;
export interface Struct {
  readonly [name: string]: StructValue;
}

/** Deeper than anything that is asked for; a message must not be able to exhaust the stack. */
const maxDepth = 32;

type VisitEntry = (key: string, value: ProtoReader | undefined) => void;

/** Visits the entries of a message whose first field is a `map<string, T>`; `undefined` for an entry without a value. */
export function eachMapEntry(reader: ProtoReader, visit: VisitEntry): void {
  while (!reader.isDone) {
    const tag = reader.tag();
    if (tag !== 0x0a) {
      reader.skip(tag);
      continue;
    }
    const { key, value } = readMapEntry(reader.message());
    visit(key, value);
  }
}

/** Reads a `map<string, T>` entry's key, and gives the reader of its value; `undefined` for an entry without one. */
export function readMapEntry(entry: ProtoReader): { key: string; value: ProtoReader | undefined } {
  let key = "";
  let value: ProtoReader | undefined;
  while (!entry.isDone) {
    const tag = entry.tag();
    if (tag === 0x0a) key = entry.text();
    else if (tag === 0x12) value = entry.message();
    else entry.skip(tag);
  }
  return { key, value };
}

export function readStruct(reader: ProtoReader, depth = 0): Struct {
  const fields: [string, StructValue][] = [];
  eachMapEntry(reader, (key, value) => {
    fields.push([key, value === undefined ? null : readValue(value, depth + 1)]);
  });
  return Object.fromEntries(fields);
}

function readValue(reader: ProtoReader, depth: number): StructValue {
  if (depth > maxDepth) throw new DecodeFailure("a structure is nested too deeply");
  let value: StructValue = null;
  while (!reader.isDone) {
    const tag = reader.tag();
    switch (tag) {
      case 0x08:
        reader.varint();
        value = null;
        break;
      case 0x11:
        value = reader.double();
        break;
      case 0x1a:
        value = reader.text();
        break;
      case 0x20:
        value = reader.varint() !== 0;
        break;
      case 0x2a:
        value = readStruct(reader.message(), depth);
        break;
      case 0x32:
        value = readList(reader.message(), depth);
        break;
      default:
        reader.skip(tag);
    }
  }
  return value;
}

function readList(reader: ProtoReader, depth: number): StructValue[] {
  const values: StructValue[] = [];
  while (!reader.isDone) {
    const tag = reader.tag();
    if (tag === 0x0a) values.push(readValue(reader.message(), depth + 1));
    else reader.skip(tag);
  }
  return values;
}

/** Texts and numbers by name: all that is ever said about an exchange. */
export type FlatStruct = readonly (readonly [name: string, value: string | number])[];

/** Writes the fields of a struct, last one first. */
export function writeFlatStruct(writer: ProtoWriter, fields: FlatStruct): void {
  for (let index = fields.length - 1; index >= 0; index -= 1) {
    const field = fields[index];
    if (field === undefined) continue;
    const [name, value] = field;
    const entryEnd = writer.open();
    const valueEnd = writer.open();
    if (typeof value === "string") writer.text(3, value);
    else writer.double(2, value);
    writer.close(2, valueEnd);
    writer.text(1, name);
    writer.close(1, entryEnd);
  }
}

/** Upper bound of what `writeFlatStruct` needs. */
export function maxFlatStructBytes(fields: FlatStruct): number {
  let bytes = 0;
  for (const [name, value] of fields) {
    bytes += 32 + name.length * 3 + (typeof value === "string" ? value.length * 3 : 8);
  }
  return bytes;
}
