import { OffsetMap } from "./offset-map.ts";
import { type Environment, variable } from "./world.ts";

export interface Substituted {
  readonly text: string;
  readonly map: OffsetMap;
  /** Variables without value and default that became empty text; `outOffset` is where the value would stand. */
  readonly unset: readonly { readonly name: string; readonly outOffset: number; readonly inOffset: number }[];
  readonly errors: readonly { readonly message: string; readonly mend?: string; readonly inOffset: number }[];
}

/**
 * Replaces `$NAME`, `${NAME}` and `${NAME<op>WORD}` in a whole text, comments included.
 *
 * - Operators: `-` `:-` `=` `:=` give WORD for a variable that is unset (with `:` also when it is empty), `+` and `:+`
 *   for one that is set, `?` and `:?` make a missing one an error. `=` never assigns.
 * - WORD follows the same rules and ends at the first `}` that closes no nested `${`; empty, it stands for the plain value.
 * - `$$` is a dollar. A dollar before anything but a name or a brace is one too; inserted values are not read again.
 */
export function substitute(text: string, environment: Environment): Substituted {
  const substitution = new Substitution(text, environment);
  substitution.run();
  return substitution;
}

class BadExpression {
  readonly message: string;
  readonly mend: string | undefined;
  readonly start: number;
  readonly resume: number;

  constructor(message: string, mend: string | undefined, start: number, resume: number) {
    this.message = message;
    this.mend = mend;
    this.start = start;
    this.resume = resume;
  }
}

const namePattern = /[_\p{L}\p{Nd}]+/uy;
const operatorPattern = /:?[-=+?]/y;
const literalDollar = "write $$ for a literal dollar";

class Substitution implements Substituted {
  readonly map = new OffsetMap();
  readonly unset: { name: string; outOffset: number; inOffset: number }[] = [];
  readonly errors: { message: string; mend?: string; inOffset: number }[] = [];
  text = "";
  readonly #in: string;
  readonly #environment: Environment;

  constructor(text: string, environment: Environment) {
    this.#in = text;
    this.#environment = environment;
  }

  run(): void {
    let at = 0;
    while (at < this.#in.length) {
      try {
        at = this.#scan(at, false, true);
      } catch (error) {
        if (!(error instanceof BadExpression)) throw error;
        const { message, mend, start, resume } = error;
        this.errors.push({ message, inOffset: start, ...(mend === undefined ? {} : { mend }) });
        at = resume;
      }
    }
  }

  /** Reads from `at` to the end, or in a word to the brace that closes it; `isLive` is false for words not used. */
  #scan(at: number, isWord: boolean, isLive: boolean): number {
    const special = isWord ? /[$}\r\n]/g : /\$/g;
    for (;;) {
      special.lastIndex = at;
      const next = special.exec(this.#in)?.index ?? this.#in.length;
      if (isLive) this.#copy(at, next);
      if (this.#in[next] !== "$") return next;
      at = this.#dollar(next, isLive);
    }
  }

  #dollar(at: number, isLive: boolean): number {
    const next = this.#in[at + 1];
    if (next === "$") {
      if (isLive) this.#copy(at, at + 1);
      return at + 2;
    }
    if (next === "{") return this.#braces(at, isLive);
    const name = this.#name(at + 1);
    if (name === undefined) {
      if (isLive) this.#copy(at, at + 1);
      return at + 1;
    }
    if (isLive) this.#value(name, at, true);
    return at + 1 + name.length;
  }

  #braces(at: number, isLive: boolean): number {
    const start = at + 2;
    const name = this.#name(start);
    if (name === undefined) {
      if (!/[-_}]/.test(this.#in[start] ?? "")) throw this.#malformed(at);
      if (isLive) this.#copy(at, start);
      return start;
    }
    operatorPattern.lastIndex = start + name.length;
    const operator = operatorPattern.exec(this.#in)?.[0] ?? "";
    const word = start + name.length + operator.length;
    if (operator === "" && this.#in[word] !== "}") throw this.#malformed(at);
    if (this.#in[word] === "}" && !operator.endsWith("?")) {
      if (isLive) this.#value(name, at, operator === "");
      return word + 1;
    }
    const use = this.#choose(name, operator);
    const end = this.#scan(word, true, isLive && use === "word");
    if (this.#in[end] !== "}") throw this.#unclosed(at, end);
    if (isLive && use === "value") this.#value(name, at, false);
    if (isLive && use === "error") throw this.#required(name, operator, at, word, end);
    return end + 1;
  }

  #choose(name: string, operator: string): "word" | "value" | "error" | "nothing" {
    const value = variable(this.#environment, name);
    if (operator.endsWith("+")) return value === undefined ? "nothing" : "word";
    const isMissing = value === undefined || (value === "" && operator.startsWith(":"));
    if (!isMissing) return "value";
    return operator.endsWith("?") ? "error" : "word";
  }

  #name(at: number): string | undefined {
    namePattern.lastIndex = at;
    const name = namePattern.exec(this.#in)?.[0];
    return name === "_" ? undefined : name;
  }

  #value(name: string, at: number, isNoted: boolean): void {
    const value = variable(this.#environment, name);
    if (value === undefined && isNoted) this.unset.push({ name, outOffset: this.text.length, inOffset: at });
    if (value === undefined) return;
    this.text += value;
    this.map.insert(at, value.length, name);
  }

  #copy(from: number, to: number): void {
    this.text += this.#in.slice(from, to);
    this.map.copy(from, to - from);
  }

  #lineEnd(at: number): number {
    const rest = /[\r\n]|$/.exec(this.#in.slice(at))?.index ?? 0;
    return at + rest;
  }

  #malformed(at: number): BadExpression {
    const lineEnd = this.#lineEnd(at);
    const close = this.#in.indexOf("}", at);
    if (close === -1 || close > lineEnd) return this.#unclosed(at, lineEnd);
    const expression = this.#in.slice(at, close + 1);
    return new BadExpression(`${JSON.stringify(expression)} is no expression`, literalDollar, at, close + 1);
  }

  #unclosed(at: number, end: number): BadExpression {
    const expression = JSON.stringify(this.#in.slice(at, Math.min(end, at + 60)));
    return new BadExpression(`closing brace expected: ${expression}`, literalDollar, at, end);
  }

  #required(name: string, operator: string, at: number, word: number, end: number): BadExpression {
    const reason = operator === "?" ? "is not set" : "is not set or empty";
    const message = this.#in.slice(word, end).trim();
    const text = message === "" ? `$${name} ${reason}` : `$${name} ${reason}: ${message}`;
    return new BadExpression(text, `set ${name} in the environment`, at, end + 1);
  }
}
