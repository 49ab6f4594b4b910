import { test } from "bun:test";
import { createBunRuntime } from "./bun.ts";
import { runtimeCases } from "./testing.ts";

test.each(runtimeCases)("Bun $name", ({ check }) => check(createBunRuntime()));
