/** Rules for prompts whose examples do not all fit into the model's context. */
import type { Prompt, Room } from "../types.js";

/** The prompt with as many examples as have room, without those at the end; without any where none has. */
export async function firstThatFit<Doc>(
  shots: readonly Doc[],
  room: Room,
  prompt: (kept: readonly Doc[]) => Prompt,
): Promise<Prompt> {
  for (let kept = shots.length; kept > 0; kept--) {
    const shown = prompt(shots.slice(0, kept));
    if (await room.holds(shown)) return shown;
  }
  return prompt([]);
}
