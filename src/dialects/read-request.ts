import { ExchangeFailure } from "../model/failure.ts";
import type { ClientRequest } from "./passage.ts";

/** A request is read once, however many attempts it takes, and forgotten with the request. */
export function readOnce<T extends object>(
  read: (request: ClientRequest) => T,
): (request: ClientRequest) => T {
  const known = new WeakMap<ClientRequest, T>();
  return (request) => {
    let found = known.get(request);
    if (found === undefined) {
      found = read(request);
      known.set(request, found);
    }
    return found;
  };
}

/** A backend that has words of its own for what is wrong with a request. */
export interface Rewording {
  /** The 422 of a client dialect's reader in the words that clients of this backend match. */
  reword?(failure: ExchangeFailure, request: ClientRequest): ExchangeFailure;
}

/** Reads a request for a backend. */
export function readFor<T>(
  backend: Rewording,
  read: (request: ClientRequest) => T,
  request: ClientRequest,
): T {
  try {
    return read(request);
  } catch (thrown) {
    const isReworded = thrown instanceof ExchangeFailure && thrown.code === "untranslatable";
    throw isReworded ? (backend.reword?.(thrown, request) ?? thrown) : thrown;
  }
}
