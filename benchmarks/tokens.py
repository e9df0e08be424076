"""How many tokens a second a language model makes, in this process or behind a server, one answer at a time and several at once.

python benchmarks/tokens.py --model DIR [--adapter DIR]             # by transformers, here
python benchmarks/tokens.py --model NAME --base-url URL --at-once 8 # by a server, as vLLM

The prompts are messages of the project's own grammar, each with its schema; each answer goes on for as many tokens as it may.
"""

import argparse
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from convrec.finetune.grammar.mixture import Source
from convrec.finetune.grammar.names import Names
from convrec.finetune.grammar.wording import Wording

Chat = list[dict[str, str]]


def main() -> None:
    """Prints tokens a second, and the seconds until the first one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a folder, or the model's name at its server")
    parser.add_argument("--base-url", help="the server, as http://127.0.0.1:8000/v1")
    parser.add_argument("--adapter", help="a LoRA adapter's folder, for a model in this process")
    parser.add_argument("--dtype", default="auto", help="of the weights in this process")
    parser.add_argument("--at-once", type=int, default=1, help="answers at once, by a server")
    parser.add_argument("--answers", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=128, help="of each answer")
    options = parser.parse_args()
    ask = _served(options) if options.base_url else _local(options)
    prompts = _prompts(options.answers)
    ask(prompts[0], 8)
    first = sorted(_timed(ask, prompt, 1)[0] for prompt in prompts)
    began = time.perf_counter()
    with ThreadPoolExecutor(options.at_once) as pool:
        counts = list(pool.map(lambda prompt: ask(prompt, options.tokens), prompts))
    took = time.perf_counter() - began
    read, written = (sum(column) for column in zip(*counts, strict=True))
    print(f"{written / took:.0f} tokens/s ({written} in {took:.1f} s, {read // len(prompts)} tokens a prompt)")
    print(f"first token after {1000 * first[len(first) // 2]:.0f} ms (median), {1000 * first[-1]:.0f} ms at most")


def _timed(ask: Callable[[Chat, int], tuple[int, int]], prompt: Chat, n: int) -> tuple[float, tuple[int, int]]:
    began = time.perf_counter()
    counts = ask(prompt, n)
    return time.perf_counter() - began, counts


def _prompts(count: int) -> list[Chat]:
    rng, source = random.Random(0), Source(Names(), Wording())
    return [
        [{"role": role, "content": text} for role, text in source.write(rng, "understand")[:2]] for _ in range(count)
    ]


def _served(options: argparse.Namespace) -> Callable[[Chat, int], tuple[int, int]]:
    import openai

    client = openai.OpenAI(base_url=options.base_url, api_key="none", max_retries=0)

    def ask(chat: Chat, n: int) -> tuple[int, int]:
        usage = client.chat.completions.create(
            model=options.model, messages=chat, temperature=0, max_tokens=n, extra_body={"ignore_eos": True}
        ).usage
        return usage.prompt_tokens, usage.completion_tokens

    return ask


def _local(options: argparse.Namespace) -> Callable[[Chat, int], tuple[int, int]]:
    from langchain_core.messages import convert_to_messages

    from convrec.agent.llm.local import LocalChatModel

    model = LocalChatModel(model=options.model, adapter=options.adapter, dtype=options.dtype)
    endless = {
        "type": "json_schema",
        "json_schema": {"name": "endless", "schema": {"type": "string", "minLength": 10_000}},
    }

    def ask(chat: Chat, n: int) -> tuple[int, int]:
        usage = model.invoke(convert_to_messages(chat), max_tokens=n, response_format=endless).usage_metadata
        return usage["input_tokens"], usage["output_tokens"]

    return ask


if __name__ == "__main__":
    main()
