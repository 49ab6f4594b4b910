import { Buffer } from "node:buffer";
import { chmodSync, lstatSync, rmSync } from "node:fs";
import type * as grpcJs from "@grpc/grpc-js";
import { grpcStatus, type ServeCall } from "../call.ts";
import { servingStatus, writeHealthCheckResponse, writeHealthListResponse } from "../codec/health.ts";
import { ProcessingRequest } from "../codec/processing-request.ts";
import { writeProcessingResponse } from "../codec/processing-response.ts";
import { collectorMetadata } from "../names.ts";
import { type GrpcAddress, grpcTarget, joinHostPort } from "./address.ts";
import { liftResetLimit } from "./lift-reset-limit.ts";

export interface CallServerOptions {
  readonly address: GrpcAddress;
  /** Largest message that is taken; without it there is no limit. */
  readonly maxReceiveBytes?: number | undefined;
  readonly serve: ServeCall;
  /** What health checks are told. */
  isServing(): boolean;
  /** Takes the records of Envoy's access logs for the collector at `address`; absent where there is none. */
  readonly takeLogs?: ((address: string, request: Uint8Array) => void) | undefined;
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
  const open: OpenCalls = new Set();
  const server = new grpc.Server({
    "grpc.max_receive_message_length": options.maxReceiveBytes ?? -1,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": 2 ** 31 - 1,
    // Statistics that nobody asks for.
    "grpc.enable_channelz": 0,
    interceptors: [intercept(grpc, options.serve, open)],
  });
  server.addService(processService, { process: unused });
  server.addService(healthService, healthHandlers(options));
  const { takeLogs } = options;
  if (takeLogs !== undefined) server.addService(logsService, logsHandlers(takeLogs));
  const address = await bind(grpc, server, options.address);
  return {
    address,
    target: grpcTarget(address),
    async stop(graceMs) {
      await shutDown(server, open, graceMs);
      if (address.type === "unix") rmSync(address.path, { force: true });
    },
  };
}

/**
 * Takes `Process` calls below the library's streams, which would cost as much again as the calls themselves: two Node
 * streams a request, made to be used for one or two messages.
 */
function intercept(grpc: typeof grpcJs, serve: ServeCall, open: OpenCalls): grpcJs.ServerInterceptor {
  return (method, call) => {
    if (method.path !== processService.process.path) return new grpc.ServerInterceptingCall(call);
    return new grpc.ServerInterceptingCall(call, {
      start: () => attach(grpc, call, serve, open),
    });
  };
}

/** Calls under way, each as what ends it. */
type OpenCalls = Set<(code: number, details: string) => void>;

/** Envoy's cancel and its half-close come as different events, and either may be followed by more. */
function attach(
  grpc: typeof grpcJs,
  call: grpcJs.ServerInterceptingCallInterface,
  serve: ServeCall,
  open: OpenCalls,
): void {
  const isOpen = () => open.has(finish);
  const finish = (code: number, details: string) => {
    if (!open.delete(finish)) return;
    call.sendStatus({ code, details });
    listener.ended();
  };
  open.add(finish);
  let metadata: grpcJs.Metadata | undefined;
  const listener = serve({
    metadata: (name) => metadata?.get(name)[0]?.toString(),
    send(answer) {
      if (isOpen()) call.sendMessage(answer, ignore);
    },
    fail: finish,
  });
  call.start({
    onReceiveMetadata(received) {
      metadata = received;
      call.sendMetadata(new grpc.Metadata());
      call.startRead();
    },
    onReceiveMessage(message: ProcessingRequest) {
      if (!isOpen()) return;
      listener.message(message);
      // It may come at once, from within.
      call.startRead();
    },
    onReceiveHalfClose: () => finish(grpc.status.OK, ""),
    onCancel() {
      if (open.delete(finish)) listener.ended();
    },
  });
}

function ignore(): void {}

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

/** What the library wants to be given and does not call. */
function unused(): never {
  throw new Error("nobody calls this");
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

const logsService = {
  export: { path: "/opentelemetry.proto.collector.logs.v1.LogsService/Export", ...whole },
} as const;

/** Envoy is thanked at once: what becomes of its records is not for it to wait for. */
function logsHandlers(takeLogs: (address: string, request: Uint8Array) => void) {
  return {
    export(
      { request, metadata }: grpcJs.ServerUnaryCall<Buffer, Buffer>,
      answer: grpcJs.sendUnaryData<Buffer>,
    ) {
      const address = metadata.get(collectorMetadata)[0]?.toString();
      if (address !== undefined) takeLogs(address, request);
      answer(null, emptyMessage);
    },
  };
}

const emptyMessage = Buffer.alloc(0);

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

function shutDown(server: grpcJs.Server, open: OpenCalls, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const finish of [...open]) finish(grpcStatus.unavailable, "the processor is shutting down");
      server.forceShutdown();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
