/** Letters, digits, single spaces, hyphens and brackets are all that Bedrock lets a document be called. */
const illegal = /[^A-Za-z0-9()[\]\s-]+/g;
/** Bedrock takes 200; the rest is for what makes a name unlike another. */
const maxLength = 190;

/** Names for the documents of one request, each legal and unlike the others. */
export class DocumentNames {
  readonly #taken = new Set<string>();

  /** From a file's name or a title; `document-1`, `document-2`, … where there is nothing to keep. */
  next(wanted: string | undefined): string {
    const base = legalName(wanted) || `document-${this.#taken.size + 1}`;
    let name = base;
    for (let count = 2; this.#taken.has(name); count++) name = `${base} (${count})`;
    this.#taken.add(name);
    return name;
  }
}

function legalName(wanted: string | undefined): string {
  const stem = wanted?.replace(/\.\w{1,5}$/, "") ?? "";
  return stem.replace(illegal, " ").replace(/\s+/g, " ").slice(0, maxLength).trim();
}
