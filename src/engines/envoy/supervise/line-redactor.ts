import { isSecretHeader } from "../../../policy/secret-headers.ts";

const redacted = "[REDACTED]";

/**
 * Takes credentials out of what Envoy logs of headers at levels `debug` and `trace`, line by line:
 *
 *     'authorization', 'Bearer …'
 *     … completed header: key=authorization value=Bearer …
 *     key: "authorization"
 *     raw_value: "Bearer …"
 *
 * Seen with Envoy 1.38 and 1.40; bodies it does not log.
 */
export class LineRedactor {
  /** Whether the value of the header named last, on a line of its own, is a credential. */
  #isSecret = false;

  redact(line: string): string {
    const listed = /^'([^']+)', '/.exec(line);
    if (listed?.[1] !== undefined) {
      return isSecret(listed[1]) ? `'${listed[1]}', '${redacted}'` : line;
    }
    const read = /^(.*completed header: key=(\S+) value=)/.exec(line);
    if (read?.[2] !== undefined) return isSecret(read[2]) ? `${read[1]}${redacted}` : line;
    const named = /^\s*key: "([^"]*)"/.exec(line);
    if (named?.[1] !== undefined) {
      this.#isSecret = isSecret(named[1]);
      return line;
    }
    const valued = /^(\s*(?:raw_)?value: )"/.exec(line);
    if (valued === null || !this.#isSecret) return line;
    return `${valued[1]}"${redacted}"`;
  }
}

function isSecret(name: string): boolean {
  return isSecretHeader(name.toLowerCase());
}
