import type { Buffer } from "node:buffer";
import { chmodSync, lstatSync, rmSync } from "node:fs";
import type * as grpcJs from "@grpc/grpc-js";
import { type Call, grpcStatus, type ServeCall } from "../call.ts";
import { servingStatus, writeHealthCheckResponse, writeHealthListResponse } from "../codec/health.ts";
import { ProcessingRequest } from "../codec/processing-request.ts";
import { type ProcessingResponse, writeProcessingResponse } from "../codec/processing-response.ts";
import { type GrpcAddress, grpcTarget, joinHostPort } from "./address.ts";
import { liftResetLimit } from "./lift-reset-limit.ts";

export interface CallServerOptions {
  readonly address: GrpcAddress;
  /** Largest message that is taken; without it there is no limit. */
  readonly maxReceiveBytes?: number | undefined;
  readonly serve: ServeCall;
  /** What health checks are told. */
  isServing(): boolean;
}

export interface CallServer {
  /** With the port that was bound. */
  readonly address: GrpcAddress;
  /** As a gRPC client names it. */
  readonly target: string;
  /** No new calls; those that are open may finish for `graceMs`, then they are cut. */
  stop(graceMs: number): Promise<void>;
}

/** `message` names the address and says what to do. */
export class CallServerFailure extends Error {
  override readonly name = "CallServerFailure";
}

/** Envoy's user is another than ours, but of the same group. */
const socketMode = 0o775;

/** Serves calls and health checks, without TLS. Throws `CallServerFailure` where the address cannot be had. */
export async function startCallServer(options: CallServerOptions): Promise<CallServer> {
  liftResetLimit();
  const grpc = await import("@grpc/grpc-js");
  grpc.setLogVerbosity(grpc.logVerbosity.NONE);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": options.maxReceiveBytes ?? -1,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": 2 ** 31 - 1,
  });
  server.addService(processService, { process: (call: ProcessStream) => attach(call, options.serve) });
  server.addService(healthService, healthHandlers(options));
  const address = await bind(grpc, server, options.address);
  return {
    address,
    target: grpcTarget(address),
    async stop(graceMs) {
      await shutDown(server, graceMs);
      if (address.type === "unix") rmSync(address.path, { force: true });
    },
  };
}

type ProcessStream = grpcJs.ServerDuplexStream<ProcessingRequest, ProcessingResponse>;

/** Envoy's cancel and its half-close come as different events, and either may be followed by more. */
function attach(stream: ProcessStream, serve: ServeCall): void {
  let isOver = false;
  const call: Call = {
    send(answer) {
      if (!isOver) stream.write(answer);
    },
    fail(code, message) {
      if (!isOver) stream.emit("error", Object.assign(new Error(message), { code, details: message }));
    },
  };
  const listener = serve(call);
  const end = () => {
    if (isOver) return;
    isOver = true;
    listener.ended();
    stream.end();
  };
  stream.on("data", (message: ProcessingRequest) => {
    if (!isOver) listener.message(message);
  });
  stream.on("end", end);
  stream.on("cancelled", end);
  stream.on("error", end);
}

const processService = {
  process: {
    path: "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
    requestStream: true,
    responseStream: true,
    requestSerialize: unused,
    requestDeserialize: ProcessingRequest.read,
    responseSerialize: writeProcessingResponse,
    responseDeserialize: unused,
  },
} as const;

/** The client's half of a method's definition. */
function unused(): never {
  throw new Error("a server does not do this");
}

const healthPath = "/grpc.health.v1.Health";
const passBytes = (bytes: Buffer) => bytes;
const whole = {
  requestStream: false,
  responseStream: false,
  requestSerialize: passBytes,
  requestDeserialize: passBytes,
  responseSerialize: passBytes,
  responseDeserialize: passBytes,
} as const;

const healthService = {
  check: { path: `${healthPath}/Check`, ...whole },
  list: { path: `${healthPath}/List`, ...whole },
  watch: { path: `${healthPath}/Watch`, ...whole, responseStream: true },
} as const;

function healthHandlers({ isServing }: CallServerOptions) {
  const status = () => (isServing() ? servingStatus.serving : servingStatus.notServing);
  return {
    check(_call: object, answer: grpcJs.sendUnaryData<Buffer>) {
      answer(null, writeHealthCheckResponse(status()));
    },
    list(_call: object, answer: grpcJs.sendUnaryData<Buffer>) {
      answer(null, writeHealthListResponse("extproc", status()));
    },
    watch(call: grpcJs.ServerWritableStream<Buffer, Buffer>) {
      const message = "Watch is not implemented";
      call.emit(
        "error",
        Object.assign(new Error(message), { code: grpcStatus.unimplemented, details: message }),
      );
    },
  };
}

async function bind(grpc: typeof grpcJs, server: grpcJs.Server, address: GrpcAddress): Promise<GrpcAddress> {
  const listen = (target: string) =>
    new Promise<number>((resolve, reject) => {
      server.bindAsync(target, grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  if (address.type === "unix") {
    await listenOnSocket(address.path, listen);
    return address;
  }
  const { host, port } = address;
  try {
    return { ...address, port: await listen(joinHostPort(host === "" ? "::" : host, port)) };
  } catch (error) {
    if (host !== "" || /EADDRINUSE|EACCES/.test(String(error))) throw explain(address, error);
  }
  // A machine without IPv6 cannot bind "all interfaces" of both families at once.
  try {
    return { ...address, port: await listen(joinHostPort("0.0.0.0", port)) };
  } catch (error) {
    throw explain(address, error);
  }
}

/** A socket that is left of an earlier process is in the way; anything else at that path is not ours to remove. */
async function listenOnSocket(path: string, listen: (target: string) => Promise<unknown>): Promise<void> {
  const address: GrpcAddress = { type: "unix", path };
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isSocket()) {
    throw new CallServerFailure(`cannot listen on ${path}: there is a file of that name, which is no socket`);
  }
  try {
    if (found !== undefined) rmSync(path);
    await listen(grpcTarget(address));
    chmodSync(path, socketMode);
  } catch (error) {
    throw explain(address, error);
  }
}

function explain(address: GrpcAddress, error: unknown): CallServerFailure {
  const reason = error instanceof Error ? error.message : String(error);
  const where = address.type === "unix" ? address.path : joinHostPort(address.host, address.port);
  const words = /EADDRINUSE/.test(reason)
    ? "address already in use"
    : /EACCES|EPERM/.test(reason)
      ? "permission denied"
      : reason;
  return new CallServerFailure(`cannot listen on ${where}: ${words}`, { cause: error });
}

function shutDown(server: grpcJs.Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
