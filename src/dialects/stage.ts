/**
 * One step of a response stream: synchronous, in order, one instance a response.
 *
 * Synchronous so that a hop costs a function call and no promise, and so that the same stage serves web streams and
 * the body pieces of ext_proc. What a stage emits must not alias memory that its caller may reuse.
 */
export interface Stage<In, Out> {
  push(item: In, emit: Emit<Out>): void;
  /** All that one network piece gave has been pushed: what should travel together goes now. */
  flush?(emit: Emit<Out>): void;
  /** Runs exactly once, last. `isCut`: the connection broke before the stream was complete. */
  end(emit: Emit<Out>, isCut: boolean): void;
}

export type Emit<Out> = (item: Out) => void;

/** Joins two stages. `second` is flushed after each item of `first`. */
export function chain<A, B, C>(first: Stage<A, B>, second: Stage<B, C>): Stage<A, C> {
  return {
    push(item, emit) {
      first.push(item, (middle) => second.push(middle, emit));
    },
    flush(emit) {
      first.flush?.((middle) => second.push(middle, emit));
      second.flush?.(emit);
    },
    end(emit, isCut) {
      first.end((middle) => second.push(middle, emit), isCut);
      second.end(emit, isCut);
    },
  };
}
