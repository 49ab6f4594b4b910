/** What stands in front of every 422 here, as clients of the reference match it. */
export const place = "error converting EmbeddingRequest";
