/** Loads the model and starts the chat or replays the script. */
import { weightNotes } from "../../format/index.js";
import {
  createSession,
  disposeChatModel,
  disposeSession,
  loadChatModel,
} from "../../generate/index.js";
import type { CausalLanguageModel } from "../../models/index.js";
import { capabilities } from "../../tensor/index.js";
import { textNotes } from "../../text/index.js";
import { readScript } from "../../util/readScript.js";
import { showAdapter } from "../adapterOption.js";
import { printJson } from "../command.js";
import { stderr } from "../output.js";
import { converse } from "./converse.js";
import { type ChatFlags, chosenSeed, generationSettings, modelOptions } from "./flags.js";
import { replay, requireAnswers } from "./script.js";

/** Which weights decoding reads, where that is not what the type says. */
function storedForm({ storedTypes }: CausalLanguageModel): string {
  if (!storedTypes) return "";
  const types = storedTypes.join(" and ");
  return `, decoding from ${types} weights as stored, ${capabilities().cpu}`;
}

export async function runChat(flags: ChatFlags): Promise<void> {
  const seed = chosenSeed(flags);
  const questions = flags.script === undefined ? undefined : readScript(flags.script);
  generationSettings(flags, {}); // Rejects invalid values before the model is loaded.
  const start = performance.now();
  const chat = await loadChatModel(flags.model, modelOptions(flags));
  try {
    const files = [chat.path, ...chat.adapters].flatMap(weightNotes);
    for (const note of [...files, ...textNotes(chat)]) stderr.write(`note: ${note}\n`);
    const settings = generationSettings(flags, chat.defaults);
    const session = createSession(chat, { settings, system: flags.system, seed });
    const { dtype, device } = chat.model;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const shown = chat.adapters.map((one, i) => showAdapter(one, chat.attached[i]!.strength.value));
    const adapter = shown.length === 0 ? "" : ` with ${shown.join(" and ")}`;
    const drawn = settings.temperature > 0 ? `, seed ${seed}` : "";
    const place = `${dtype} on ${device}${storedForm(chat.model)}${drawn}`;
    stderr.write(`${chat.name}${adapter} loaded in ${seconds} s (${place})\n`);
    try {
      if (questions === undefined) await converse(session);
      else {
        const transcript = await replay(session, questions, !flags.json);
        if (flags.json) printJson(transcript);
        requireAnswers(transcript);
      }
    } finally {
      disposeSession(session);
    }
  } finally {
    disposeChatModel(chat);
  }
}
