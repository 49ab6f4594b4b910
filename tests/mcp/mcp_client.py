"""The official MCP SDK for Python, in both eras: prints what each of them got as JSON."""

import asyncio
import json
import sys

from mcp import Client, types


async def elicit(_context, params):
    return types.ElicitResult(action="accept", content={name: "python" for name in wanted(params)})


def wanted(params):
    schema = getattr(params, "requested_schema", None) or getattr(params, "requestedSchema", None) or {}
    return list(schema.get("properties", {}))


async def run(url: str, mode: str) -> dict:
    async with Client(url, mode=mode, elicitation_callback=elicit) as client:
        tools = await client.list_tools()
        echo = await client.call_tool("old__echo", {"message": "hi"})
        modern = await client.call_tool("new__echo", {"message": "ho"})
        asked_by_old = await client.call_tool("old__test_elicitation", {"message": "Who?"})
        asked_by_new = await client.call_tool("new__test_input_required_result_elicitation", {})
        read = await client.read_resource("new+test://static-text")
        return {
            "version": client.protocol_version,
            "tools": [tool.name for tool in tools.tools],
            "echo": echo.content[0].text + modern.content[0].text,
            "asked": asked_by_old.content[0].text + asked_by_new.content[0].text,
            "uri": str(read.contents[0].uri),
        }


async def main(url: str) -> None:
    print(json.dumps({mode: await run(url, mode) for mode in ("auto", "legacy")}))


asyncio.run(main(sys.argv[1]))
