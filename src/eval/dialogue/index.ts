/** A fixed dialogue as an evaluation: replayed, and measured for what else is judged by eye. */
export { type Agreement, agreement } from "./agreement.js";
export { type DetectLanguage, isOtherLanguage, languageDetector } from "./language.js";
export { type Measure, measures } from "./measure.js";
export { countRepeated } from "./repetition.js";
export { type DialogueOptions, MAX_NEW_TOKENS, runDialogue } from "./runDialogue.js";
export { type Dialogue, type DialogueTurn, isDialogueName, readDialogue } from "./script.js";
export { type Transcript, type TranscriptTurn, transcriptOf } from "./transcript.js";
