/** Conversations: their tree, how they are kept, and as files. */
export {
  type Conversation,
  type Message,
  messageOf,
  newConversation,
  type PlainMessage,
  plainAnswer,
  plainMessages,
  shownMessages,
  titleOf,
  versionsOf,
  withMessage,
  withOtherVersion,
  withoutTurn,
} from "./conversation";
export {
  askForAnswer,
  goOnWithAnswer,
  isAnswering,
  putConversation,
  removeConversation,
  type Session,
  stopAnswer,
  useSession,
} from "./session";
export { newId, putStored, readStoredOne } from "./store";
export {
  jsonLines,
  markdownMessage,
  markdownOf,
  readTranscripts,
  rowOf,
  type SpeakerNames,
} from "./transcript";
