/** The flags of `eval`, and what they ask for. */
import {
  type ChatForm,
  FEWSHOT_SEED,
  type PlanOptions,
  type TaskChoice,
} from "../../eval/index.js";
import type { AdapterName } from "../../generate/index.js";
import type { TemplateVariables } from "../../text/index.js";
import { ConfigError } from "../../util/errors.js";
import { oneOf } from "../data/options.js";

export interface EvalFlags {
  model?: string;
  adapter?: AdapterName[];
  fixAddedTokens?: boolean;
  dtype?: string;
  device?: string;
  list?: boolean;
  tasks?: string[];
  data?: string;
  protocol?: string;
  numFewshot?: number;
  limit?: number;
  seed?: number;
  seeds?: number[];
  base?: string;
  published?: string[];
  contamination?: string[];
  allowCodeExecution?: boolean;
  submission?: string;
  parity?: boolean;
  applyChatTemplate?: string | true;
  fewshotAsMultiturn?: boolean;
  thinking?: string;
  chatTemplateKwargs?: TemplateVariables;
  system?: string;
  output?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** What is asked, of whichever model. */
export type Asked = TaskChoice & Omit<PlanOptions, keyof TaskChoice | "model">;

/** How the model is shown prompts. */
export interface ChatTemplateChoice {
  /** Name; absent for the model's own. */
  template?: string;
  variables?: TemplateVariables;
}

/** @throws ConfigError for flags that are missing or do not go together */
export function askedOf(flags: EvalFlags): Asked {
  const { tasks = [], data, numFewshot, limit, parity, system, allowCodeExecution } = flags;
  if (tasks.length === 0) {
    throw new ConfigError("--tasks is missing", {
      todo: "name tasks or groups, such as --tasks mmlu; --list prints their names",
    });
  }
  return {
    tasks,
    dataDir: data,
    protocol: oneOf(flags.protocol, "--protocol", ["lm-eval", "official"]) ?? "lm-eval",
    numFewshot,
    limit,
    parity,
    system,
    allowCodeExecution,
    chat: chatFormOf(flags),
  };
}

function chatFormOf({
  applyChatTemplate,
  fewshotAsMultiturn = false,
}: EvalFlags): ChatForm | undefined {
  return applyChatTemplate === undefined ? undefined : { shotsAsTurns: fewshotAsMultiturn };
}

/**
 * The chat template that prompts are shown by.
 *
 * @returns nothing where prompts are plain text
 * @throws ConfigError for flags that would not count
 */
export function templateOf(flags: EvalFlags): ChatTemplateChoice | undefined {
  const { applyChatTemplate: name, fewshotAsMultiturn, chatTemplateKwargs } = flags;
  const thinking = oneOf(flags.thinking, "--thinking", ["on", "off"]);
  if (name === undefined) {
    const idle = [
      fewshotAsMultiturn && "--fewshot-as-multiturn",
      thinking && "--thinking",
      chatTemplateKwargs && "--chat-template-kwargs",
    ].find((flag) => flag);
    if (idle) {
      throw new ConfigError(`${idle} has no effect`, {
        why: "prompts are plain text",
        todo: "add --apply-chat-template",
      });
    }
    return undefined;
  }
  const variables = {
    ...(thinking === undefined ? {} : { enable_thinking: thinking === "on" }),
    ...chatTemplateKwargs,
  };
  return {
    ...(name === true ? {} : { template: name }),
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
  };
}

/** The seeds of the draws of examples. @throws ConfigError for two ways of saying it, or a seed twice */
export function seedsOf({ seed, seeds }: EvalFlags): number[] {
  if (seeds === undefined) return [seed ?? FEWSHOT_SEED];
  if (seed !== undefined) {
    throw new ConfigError("--seed and --seeds are both given", { todo: "keep one of them" });
  }
  if (new Set(seeds).size < seeds.length) {
    throw new ConfigError("--seeds has a seed twice", { todo: "give each once" });
  }
  return seeds;
}

/** @throws ConfigError where none is named */
export function modelNameOf({ model }: EvalFlags): string {
  if (model !== undefined) return model;
  throw new ConfigError("--model is missing", {
    todo: "give a model directory, a .gguf file, or builtin:smollm2-135m",
  });
}
