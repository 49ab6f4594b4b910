const limitMs = 10_000;
const maxLength = 1 << 20;

/** How a document of an identity provider is asked for: in time, and uncompressed, so that its length is what it seems. */
export function documentRequest() {
  return {
    method: "GET",
    headers: { accept: "application/json", "accept-encoding": "identity" },
    body: undefined,
    signal: AbortSignal.timeout(limitMs),
  };
}

/** The text of a document, read no further than it may be long. Throws for all but 200. */
export async function readDocument(answer: Response, url: string): Promise<string> {
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`${url} answered ${answer.status}`);
  }
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > maxLength) throw new Error(`the document at ${url} is too large`);
  }
  return text;
}
