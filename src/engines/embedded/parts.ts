import { joinAnswers } from "../../dialects/outbound.ts";
import { contentEncoding } from "../../dialects/wire/content-encoding.ts";
import { decodeWhole } from "../decode.ts";

/** What an attempt asks an upstream for at the same time. */
const maxAtOnce = 8;

/**
 * Sends the requests of one attempt, and gives their answers as one, in the order of the requests.
 *
 * The first answer that is no success ends the others, and is the answer. Rejects with what the first one rejects with.
 */
export async function sendParts<Message>(
  messages: readonly Message[],
  outer: AbortSignal,
  send: (message: Message, signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  const ending = new AbortController();
  const signal = AbortSignal.any([outer, ending.signal]);
  const bodies: Uint8Array[] = [];
  let head: Response | undefined;
  let next = 0;
  const work = async (): Promise<Response | undefined> => {
    while (next < messages.length && !ending.signal.aborted) {
      const index = next++;
      const answer = await send(messages[index]!, signal);
      // Whole, since its stream would end with the others.
      const bytes = await answer.bytes();
      if (!answer.ok) return new Response(bytes.length === 0 ? null : bytes, answer);
      bodies[index] = await decodeWhole(bytes, contentEncoding(answer.headers));
      if (index === 0) head = answer;
    }
    return undefined;
  };
  const workers = Array.from({ length: Math.min(maxAtOnce, messages.length) }, work);
  const refused = await new Promise<Response | undefined>((resolve, reject) => {
    for (const worker of workers) worker.then((answer) => answer !== undefined && resolve(answer), reject);
    Promise.all(workers).then(() => resolve(undefined), reject);
  }).finally(() => ending.abort());
  if (refused !== undefined) return refused;
  const headers = new Headers(head?.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  return new Response(joinAnswers(bodies) as Uint8Array<ArrayBuffer>, {
    status: head?.status ?? 200,
    headers,
  });
}
