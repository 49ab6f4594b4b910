import { Buffer } from "node:buffer";
import { type Call, grpcStatus, type ServeCall } from "../call.ts";
import { ProcessingRequest } from "../codec/processing-request.ts";
import { writeProcessingResponse } from "../codec/processing-response.ts";
import type { Accept } from "../http2/connection.ts";
import { type GrpcCall, type GrpcListener, GrpcStream } from "./grpc-stream.ts";

/** A method with one message and one answer, by its path. `CallFailure` that it throws is the call's status. */
export interface UnaryMethods {
  readonly [path: string]: (message: Buffer, header: HeaderOf) => Uint8Array;
}

/** The first header of a name. */
type HeaderOf = (name: string) => string | undefined;

export interface ServiceOptions {
  /** Largest message that is taken. */
  readonly maxReceiveBytes: number;
  readonly serve: ServeCall;
  readonly unary: UnaryMethods;
}

/** Calls under way, each as what ends it. */
export type OpenCalls = Set<(code: number, details: string) => void>;

const processPath = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";

/** What is served: Envoy's external processing, and simpler methods beside it. `open` is kept up to date. */
export function acceptCalls({ maxReceiveBytes, serve, unary }: ServiceOptions, open: OpenCalls): Accept {
  return (stream, headers) => {
    const header: HeaderOf = (name) => headers.find(([other]) => other === name)?.[1];
    return new GrpcStream(stream, maxReceiveBytes, (call) => {
      const path = header(":path") ?? "";
      if (path === processPath) return process(call, header, serve, open);
      const method = Object.hasOwn(unary, path) ? unary[path] : undefined;
      return answerOnce(call, (message) => {
        if (method !== undefined) return method(message, header);
        call.finish(grpcStatus.unimplemented, `there is no method ${path}`);
        return noBytes;
      });
    });
  };
}

/** Envoy ends its calls by a reset, or by sending no more, as it is configured. */
function process(call: GrpcCall, header: HeaderOf, serve: ServeCall, open: OpenCalls): GrpcListener {
  const finish = (code: number, details: string) => call.finish(code, details);
  const listener = serve({
    metadata: header,
    send: (answer) => call.send(writeProcessingResponse(answer)),
    fail: finish,
  } satisfies Call);
  open.add(finish);
  return {
    message: (message) => listener.message(ProcessingRequest.read(message)),
    halfClosed: () => finish(0, ""),
    ended() {
      open.delete(finish);
      listener.ended();
    },
  };
}

const noBytes = Buffer.alloc(0);

function answerOnce(call: GrpcCall, answer: (message: Buffer) => Uint8Array): GrpcListener {
  let asked: Buffer = noBytes;
  return {
    message(message) {
      asked = message;
    },
    halfClosed() {
      call.send(answer(asked));
      call.finish(0, "");
    },
    ended() {},
  };
}
