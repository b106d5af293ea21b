/** The text of an Ollama Modelfile. */
import type { GenerationChoices } from "../../generate/index.js";

/** What a Modelfile says. */
export interface ModelfileSettings {
  /** File of the weights, relative to the Modelfile. */
  from: string;
  /** File of an adapter, relative to the Modelfile. */
  adapter?: string | undefined;
  /** In Go's language; without one, Ollama chooses. */
  template: string | undefined;
  /** Texts that end an answer. */
  stop: readonly string[];
  /** Positions of the model. */
  contextLength: number;
  /** Of the model's generation_config.json. */
  generation: GenerationChoices;
}

/** Memory for keys and values is taken for as many positions, whatever a conversation needs. */
const MOST_POSITIONS = 8192;

export function modelfile(settings: ModelfileSettings): string {
  const { from, adapter, template, stop, contextLength, generation } = settings;
  const parameter = (name: string, value: string | number) => `PARAMETER ${name} ${value}`;
  const lines = [
    `FROM ${from}`,
    ...(adapter === undefined ? [] : [`ADAPTER ${adapter}`]),
    ...(template === undefined ? [] : [`TEMPLATE """${template}"""`]),
    ...stop.map((text) => parameter("stop", quoted(text))),
    parameter("num_ctx", Math.min(contextLength, MOST_POSITIONS)),
    ...sampling(generation).map(([name, value]) => parameter(name, value)),
  ];
  return `${lines.join("\n")}\n`;
}

/** In quotes, of which those of three lines take all characters but three quotes. */
function quoted(text: string): string {
  return /["\n]/.test(text) ? `"""${text}"""` : `"${text}"`;
}

/** The model's own sampling by Ollama's names; what the model leaves open is left to Ollama. */
function sampling(generation: GenerationChoices): [string, number][] {
  const { temperature, topK, topP, minP, repetitionPenalty } = generation;
  const named: [string, number | undefined][] = [
    // 0 is what a model without a word on sampling has.
    ["temperature", temperature || undefined],
    ["top_k", topK],
    ["top_p", topP],
    ["min_p", minP],
    ["repeat_penalty", repetitionPenalty],
  ];
  return named.filter((pair): pair is [string, number] => pair[1] !== undefined);
}
