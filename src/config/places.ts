import { formatPath, type Path } from "./diagnostics.ts";
import type { Position } from "./source-text.ts";
import type { WrittenField } from "./yaml-writer.ts";

/** Where the fields of one document stand in the text that an operator, or the gateway, wrote. */
export interface Places {
  readonly file: string;
  /** A field's value; where the field or its value is missing, the key that it belongs to. */
  at(path: Path): Position;
  /** The name of a field. */
  keyAt(path: Path): Position;
  /** An unset variable that a field's text was made of. */
  unsetIn(path: Path): string | undefined;
}

/** Places of a document that was written here, so that nobody needs to read it. */
export class WrittenPlaces implements Places {
  readonly file: string;
  readonly #fields: ReadonlyMap<string, WrittenField>;

  constructor(file: string, fields: ReadonlyMap<string, WrittenField>) {
    this.file = file;
    this.#fields = fields;
  }

  at(path: Path): Position {
    const field = this.#fields.get(formatPath(path));
    return field?.value ?? this.keyAt(path);
  }

  keyAt(path: Path): Position {
    for (let length = path.length; length >= 0; length--) {
      const field = this.#fields.get(formatPath(path.slice(0, length)));
      if (field !== undefined) return field.key ?? field.value;
    }
    return { line: 1, column: 1 };
  }

  unsetIn(): undefined {
    return undefined;
  }
}
