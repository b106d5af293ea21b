/** Operators on the text of messages, in the order in which a pipeline would have them. */
import type { CleanOperator } from "../../operator.js";
import {
  filterAlphanumeric,
  filterDigits,
  filterSpecialCharacters,
} from "./filter/characterShares.js";
import { filterFlaggedWords } from "./filter/flaggedWords.js";
import { filterLanguage } from "./filter/language.js";
import { filterLength, filterLineLength } from "./filter/length.js";
import { filterCharacterRepetition, filterWordRepetition } from "./filter/repetition.js";
import { convertChinese } from "./normalize/chinese.js";
import { removeInvisibleCharacters } from "./normalize/invisible.js";
import { filterMojibake, fixMojibake } from "./normalize/mojibakeOperators.js";
import { normalizeUnicode } from "./normalize/unicodeForms.js";
import { normalizeWhitespace } from "./normalize/whitespace.js";
import { replaceBankCard } from "./privacy/bankCard.js";
import { replaceEmail } from "./privacy/email.js";
import { replaceIdCard } from "./privacy/idCard.js";
import { replaceIp } from "./privacy/ip.js";
import { replacePhone } from "./privacy/phone.js";
import { replaceSecrets } from "./privacy/secrets.js";
import { removeBoilerplateLines } from "./remove/boilerplate.js";
import { removeEmoji } from "./remove/emoji.js";
import { removeHtml } from "./remove/htmlOperator.js";
import { removeRepeatedLines, removeRepeatedSentences } from "./remove/repeated.js";
import { removeUrls, replaceUrls } from "./remove/urls.js";
import { cleanC4Lines, filterC4 } from "./web/c4.js";
import { filterFineweb } from "./web/fineweb.js";
import { filterGopherQuality } from "./web/gopherQuality.js";
import { filterGopherRepetition } from "./web/gopherRepetition.js";

export const textOperators: readonly CleanOperator[] = [
  fixMojibake,
  removeInvisibleCharacters,
  normalizeUnicode,
  normalizeWhitespace,
  convertChinese,
  removeHtml,
  removeUrls,
  replaceUrls,
  removeEmoji,
  removeBoilerplateLines,
  removeRepeatedLines,
  removeRepeatedSentences,
  replaceSecrets,
  replaceEmail,
  replaceIdCard,
  replaceBankCard,
  replacePhone,
  replaceIp,
  filterMojibake,
  filterLength,
  filterLineLength,
  filterCharacterRepetition,
  filterWordRepetition,
  filterSpecialCharacters,
  filterAlphanumeric,
  filterDigits,
  filterFlaggedWords,
  filterLanguage,
  cleanC4Lines,
  filterC4,
  filterFineweb,
  filterGopherQuality,
  filterGopherRepetition,
];
