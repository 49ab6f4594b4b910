import { afterEach, expect, test } from "bun:test";
import { NameWatch } from "./name-watch.ts";

const watches: NameWatch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});

function watchNames(records: Map<string, string[]>) {
  const changed: number[] = [];
  const watch = new NameWatch({
    intervalMs: 10,
    onChange: () => void changed.push(1),
    lookUp: async (name) => {
      const found = records.get(name);
      if (found === undefined) throw new Error("no such name");
      return found;
    },
  });
  watches.push(watch);
  return { watch, changed };
}

test("NameWatch knows the addresses of names, and none of one that cannot be looked up", async () => {
  const { watch } = watchNames(new Map([["a", ["1.1.1.1", "1.1.1.2"]]]));
  await watch.follow(["a", "b"]);
  expect(Object.fromEntries(watch.addresses)).toEqual({ a: ["1.1.1.1", "1.1.1.2"], b: [] });
});

test("NameWatch says when addresses change, not when their order does, and forgets none for a failure", async () => {
  const records = new Map([["a", ["1.1.1.1", "1.1.1.2"]]]);
  const { watch, changed } = watchNames(records);
  await watch.follow(["a"]);
  records.set("a", ["1.1.1.2", "1.1.1.1"]);
  await Bun.sleep(50);
  records.delete("a");
  await Bun.sleep(50);
  expect(changed).toEqual([]);
  records.set("a", ["2.2.2.2"]);
  for (let waited = 0; waited < 5000 && changed.length === 0; waited += 10) await Bun.sleep(10);
  expect(changed).toEqual([1]);
  expect(watch.addresses.get("a")).toEqual(["2.2.2.2"]);
});

test("NameWatch looks up what it follows now, and nothing else", async () => {
  const { watch, changed } = watchNames(new Map([["a", ["1.1.1.1"]]]));
  await watch.follow(["a"]);
  await watch.follow([]);
  expect(watch.addresses.size).toBe(0);
  await Bun.sleep(50);
  expect(changed).toEqual([]);
});

test("NameWatch asks the system, and takes IPv4 where there is any", async () => {
  const watch = new NameWatch({ onChange() {} });
  watches.push(watch);
  await watch.follow(["localhost"]);
  expect(watch.addresses.get("localhost")).toContain("127.0.0.1");
  expect(watch.addresses.get("localhost")).not.toContain("::1");
});
