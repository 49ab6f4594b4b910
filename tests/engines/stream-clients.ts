/** Many clients of streams in one process: prints how many got theirs whole, and what the others got. */
import { readEvents } from "../support/sse.ts";
import { chatBody } from "../support/start.ts";

const [url = "", count = "0"] = process.argv.slice(2);

async function readOne(): Promise<string> {
  const body = JSON.stringify(chatBody("OpenAI", { stream: true }));
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", body, headers });
  if (!answer.ok || !answer.body) return `status ${answer.status}`;
  const events = await Array.fromAsync(readEvents(answer.body));
  return events.length === 3 && events.at(-1) === "[DONE]" ? "" : `events ${JSON.stringify(events)}`;
}

const problems = await Promise.all(Array.from({ length: Number(count) }, () => readOne().catch(String)));
const other = problems.filter((problem) => problem !== "");
console.log(JSON.stringify({ complete: problems.length - other.length, other: other.slice(0, 3) }));
