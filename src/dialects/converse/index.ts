import type { BackendDialect } from "../dialect.ts";
import { readAwsError } from "../wire/aws-errors.ts";
import type { ConverseHost } from "./host.ts";
import { readResponse } from "./read-response.ts";
import { ConverseStreamReader } from "./stream-reader.ts";
import { repairs, writeRequest } from "./write-request.ts";

export { converseCount } from "./count.ts";
export { type ConverseHost, converseHost } from "./host.ts";

/** Every chat model on Amazon Bedrock, through the API that they share. */
export const converse: BackendDialect<ConverseHost> = {
  writeRequest,
  repairs,
  readResponse,
  streamReader: (context) => new ConverseStreamReader(context),
  readError: readAwsError,
};
