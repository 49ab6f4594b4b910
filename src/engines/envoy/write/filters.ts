import type { GatewayModel } from "../../../model/gateway.ts";
import type { Listener } from "../../../model/listener.ts";
import type { BackendRef } from "../../../model/route.ts";
import {
  accessAttribute,
  answerAttributes,
  attemptAttributes,
  clientPathHeader,
  contentLengthKey,
  exchangeIdHeader,
  exchangeNamespace,
  internalPrefix,
  listenerMetadata,
  maxBodyMetadata,
  processorCluster,
  processorFilter,
} from "../names.ts";
import { writeAddressMetadata, writeCorsFilters } from "./access.ts";
import { writeCompressors } from "./compression.ts";
import { type LogFact, type LogFacts, requestNamespace } from "./log-facts.ts";
import { extension, type JsonObject } from "./proto.ts";
import type { SecretFiles } from "./secret-files.ts";

/** The processor waits for credentials, and a large body may keep it busy. */
const messageTimeout = "60s";

const processorType = "envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor";
const headerMutationType = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";
const headerMutation = "envoy.filters.http.header_mutation";

/** A listener's filters, outermost first. */
export function writeFilters(
  listener: Listener,
  model: GatewayModel,
  maxBodyBytes: number,
  facts: LogFacts,
): JsonObject[] {
  return [
    // The last to see an answer: what the rooms of the gateway tell each other in headers stays inside.
    extension("aigw.internal", headerMutationType, {
      mutations: { response_mutations: [{ remove_on_match: { key_matcher: { prefix: internalPrefix } } }] },
    }),
    // Behind all that looks at answers.
    ...writeCompressors(model),
    keepFacts("aigw.client", facts.client, facts.response),
    // Browsers ask without credentials, and may read a refusal.
    ...writeCorsFilters(listener, model),
    readModel(listener, maxBodyBytes, writeAddressMetadata(listener, model)),
    // Behind the processor, whose answer to the body the request has waited for.
    keepFacts("aigw.routed", [...facts.routed, ...passedOn], []),
    extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router", {
      suppress_envoy_headers: true,
    }),
  ];
}

/** Reads the model and chooses the route; later handles the whole answer. Routes switch it on. */
const readModel = (
  listener: Listener,
  maxBodyBytes: number,
  metadata: readonly JsonObject[],
): JsonObject => ({
  ...extension(processorFilter, processorType, {
    grpc_service: {
      envoy_grpc: { cluster_name: processorCluster },
      // Envoy knows one limit for both ways; only the processor can refuse a request and let a longer answer pass.
      initial_metadata: [
        { key: listenerMetadata, value: listener.key },
        { key: maxBodyMetadata, value: String(maxBodyBytes) },
        ...metadata,
      ],
    },
    processing_mode: {
      request_header_mode: "SEND",
      request_body_mode: "BUFFERED",
      request_trailer_mode: "SKIP",
      response_header_mode: "SEND",
      response_body_mode: "BUFFERED",
      response_trailer_mode: "SKIP",
    },
    allow_mode_override: true,
    response_attributes: answerAttributes,
    message_timeout: messageTimeout,
    metadata_options: { receiving_namespaces: { untyped: [exchangeNamespace] } },
  }),
  disabled: true,
});

/** What every attempt starts with, and no upstream gets: kept aside, since attempts share one set of headers. */
const passedOn: readonly LogFact[] = [exchangeIdHeader, clientPathHeader].map((name) => ({
  key: name,
  headers: [{ name }],
}));

function keepFacts(name: string, requests: readonly LogFact[], responses: readonly LogFact[]): JsonObject {
  return extension(name, "envoy.extensions.filters.http.header_to_metadata.v3.Config", {
    request_rules: requests.flatMap(writeFact),
    response_rules: responses.flatMap(writeFact),
  });
}

/** Of several headers the first counts, so it is written last. */
function writeFact({ key, headers }: LogFact): JsonObject[] {
  return headers.toReversed().map(({ name, rewrite, namespace = requestNamespace }) => ({
    header: name,
    on_header_present: {
      metadata_namespace: namespace,
      key,
      type: "STRING",
      ...(rewrite === undefined
        ? {}
        : {
            regex_value_rewrite: {
              pattern: { regex: rewrite.pattern },
              substitution: rewrite.substitution,
            },
          }),
    },
    remove: false,
  }));
}

/** About the client's connection only (RFC 9110 §7.6.1), and left in place by Envoy. */
const connectionHeaders = ["te", "trailer", "proxy-authorization", "expect"];

/**
 * The filters of a cluster: each attempt is translated and signed for the endpoint that was chosen.
 * `seesAnswers`: whether the processor is shown how the endpoint answered, so that it may ask for one more attempt.
 */
export function writeAttemptFilters(seesAnswers: boolean, hasAccess: boolean): JsonObject[] {
  return [
    extension("aigw.attempt", headerMutationType, {
      mutations: {
        request_mutations: [exchangeIdHeader, clientPathHeader].map((name) => ({
          append: {
            header: { key: name, value: `%DYNAMIC_METADATA(${requestNamespace}:${name})%` },
            append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
          },
        })),
      },
    }),
    extension(processorFilter, processorType, {
      grpc_service: { envoy_grpc: { cluster_name: processorCluster } },
      processing_mode: {
        request_header_mode: "SEND",
        request_body_mode: "NONE",
        response_header_mode: seesAnswers ? "SEND" : "SKIP",
        response_body_mode: "NONE",
      },
      allow_mode_override: true,
      request_attributes: hasAccess ? [...attemptAttributes, accessAttribute] : attemptAttributes,
      message_timeout: messageTimeout,
      metadata_options: { receiving_namespaces: { untyped: [exchangeNamespace] } },
    }),
    extension(headerMutation, headerMutationType, {
      mutations: {
        request_mutations: [
          ...[internalPrefix, "x-aigw-", "x-envoy-"].map((prefix) => ({
            remove_on_match: { key_matcher: { prefix } },
          })),
          ...connectionHeaders.map((name) => ({ remove: name })),
          {
            // Envoy drops the length of a body that the processor replaces.
            append: {
              header: {
                key: "content-length",
                value: `%DYNAMIC_METADATA(${exchangeNamespace}:${contentLengthKey})%`,
              },
              append_action: "ADD_IF_ABSENT",
            },
          },
        ],
      },
    }),
    upstreamCodec,
  ];
}

const upstreamCodec = extension(
  "envoy.filters.http.upstream_codec",
  "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
);

/** The filters of a cluster whose requests get a header with a secret; none where they do not. */
export function writeInjection(injected: BackendRef["injected"], files: SecretFiles): JsonObject[] {
  if (injected === undefined) return [];
  const credential = extension(
    "envoy.http.injected_credentials.generic",
    "envoy.extensions.http.injected_credentials.generic.v3.Generic",
    { credential: files.generic(injected.value), header: injected.name },
  );
  return [
    extension(
      "envoy.filters.http.credential_injector",
      "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
      { credential, overwrite: injected.isOverwriting },
    ),
    upstreamCodec,
  ];
}
