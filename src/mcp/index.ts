export { Aggregator, type AggregatorOptions } from "./aggregator.ts";
